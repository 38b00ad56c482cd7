"""Goes through a collector's pages as people do, in a headless Chromium: collector.py ADDRESS FLEET COORDINATORS [FOLDER].

The fleet has that many coordinators, the first of which has an installation that failed.
"""

import sys

from browser import Browser
from page import can_be_read, fits_a_phone, reads_well, same

LINKS = "[...document.querySelectorAll('main a, nav a')].map((a) => a.href)"


def is_sound(page, name, folder):
    reads_well(page, [])
    can_be_read(page)
    fits_a_phone(page)
    same("ids that are there twice", page.run(
        "document.querySelectorAll('[id]').length - new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size"), 0)
    same("complaints of " + name, page.complaints, [])
    if folder:
        for width, height, size in [(1280, 900, "desktop"), (390, 844, "phone")]:
            page.size(width, height)
            page.screenshot("%s/%s-%s.png" % (folder, name, size), whole=True)
        page.size(1280, 900)


def text(page, selector):
    return page.run("document.querySelector('%s').textContent" % selector)


def main(address, fleet, coordinators, folder=None):
    count = int(coordinators)
    with Browser() as page:
        page.size(1280, 900)
        page.open(address)
        is_sound(page, "fleets", folder)
        seen = set(page.run(LINKS))
        page.follow("tbody th a")
        if count > 1:
            same("heading", text(page, "h1"), fleet)
            same("cards", page.run("document.querySelectorAll('.pair > section').length"), count)
            same("charts", page.run("document.querySelectorAll('.plot svg .line').length"), count)
            is_sound(page, "fleet", folder)
            seen |= set(page.run(LINKS))
            page.follow(".pair .legend a[href*='status=failed']")
            same("only what failed", page.run(
                "[...document.querySelectorAll('#rows .status')].every((e) => e.textContent === 'failed')"), True)
            same("filtered", page.run("document.querySelector('select[name=status]').value"), "failed")
            seen |= set(page.run(LINKS))
            page.open(address)
            page.follow("tbody tr:first-child td a")
        is_sound(page, "coordinator", folder)
        same("sections", page.run("[...document.querySelectorAll('h2')].map((e) => e.id).slice(-1)[0]"), "reports")
        same("history", page.run("document.querySelectorAll('.plot .line').length"), 1)
        same("the rollout by wave", page.run("document.getElementById('rollout') !== null"), True)
        seen |= set(page.run(LINKS))
        for link in sorted({link.split("#")[0] for link in seen}):
            page.open(link)
            same(link, page.answers[link], 200)
        same("complaints", page.complaints, [])
        same("requests elsewhere", [url for url in page.requests if not url.startswith((address, "data:"))], [])


if __name__ == "__main__":
    main(*sys.argv[1:])
