"""Uses an HTML report as people do, in a headless Chromium: page.py FILE REPORT [FOLDER FOR SCREENSHOTS]."""

import itertools
import json
import re
import sys
import unicodedata

from browser import Browser

ROWS = "[...document.querySelectorAll('#rows tr')]"
NAMES = ROWS + ".map((row) => row.querySelector('.id').textContent)"
CELLS = ROWS + ".map((row) => [...row.cells].map((cell) => cell.textContent))"


def same(what, one, other):
    if isinstance(one, list) and isinstance(other, list):
        one, other = next(((a, b) for a, b in itertools.zip_longest(one, other) if a != b), (1, 1))
    if one != other:
        raise SystemExit("%s: %r is not %r" % (what, one, other))


def visible(text):
    """What can't be seen comes out as U+FFFD, but for the joiners of emoji."""
    hidden = lambda c: unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c != "\u200d" or c in "\ufffe\uffff"
    return "".join("\ufffd" if hidden(c) else c for c in text)


def loads(page, path, report):
    page.open(path)
    names = [record["id"] for record in report["installations"]]
    shown = page.run(NAMES)
    same("rows", [visible(name) for name in shown], [visible(name) for name in names[:100]])
    same("message", page.run("document.getElementById('count').textContent").split(" of ")[-1],
         "%s installations" % format(len(names), ","))
    same("links within the page", page.run(
        "[...document.querySelectorAll('a')].filter((a) => !document.querySelector(a.getAttribute('href'))).length"), 0)
    same("ids that are there twice", page.run(
        "document.querySelectorAll('[id]').length - new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size"), 0)


def is_the_same_without_its_script(page, path):
    with_script = page.run(CELLS)
    page.scripts(False)
    page.open(path)
    same("without the script", page.run(CELLS), with_script)
    same("controls", page.run("getComputedStyle(document.getElementById('controls')).display"), "none")
    page.scripts(True)
    page.open(path)


def is_shown_a_page_at_a_time(page, path, report):
    names = [record["id"] for record in report["installations"]]
    rest = len(names) % 100 or 100
    page.run("document.getElementById('next').focus()")
    page.key("Enter", text="\r")
    same("the second page", page.run(NAMES), names[100:200])
    same("announced", page.run("document.getElementById('count').textContent"),
         "101–200 of %s installations" % format(len(names), ","))
    for _ in range(len(names) // 100 + 1):
        page.run("document.getElementById('next').click()")
    same("the last page", page.run(NAMES), names[-rest:])
    same("no further", page.run("document.getElementById('next').disabled"), True)
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    same("printed", page.run(NAMES), names[:500])
    page.run("window.dispatchEvent(new Event('afterprint'))")
    same("the last page again", page.run(NAMES), names[-rest:])
    page.scripts(False)
    page.open(path)
    shown = page.run(CELLS)
    same("without the script", len(shown), 500)
    urgent = [r["id"] for r in report["installations"] if r["status"] in ("failed", "unreachable") or r["drift"]]
    same("what needs attention goes first", [row[0].split("/srv")[0].split(" ")[0] for row in shown][:3],
         [name.split(" ")[0] for name in urgent[:3]])
    same("said", page.run("document.querySelector('caption').textContent").startswith("500 of "), True)
    page.scripts(True)
    page.open(path)


def sorts(page, report):
    names = page.run(NAMES)
    page.click("th[data-key=id] button")
    same("sorted", page.run("document.querySelector('th[data-key=id]').getAttribute('aria-sort')"), "ascending")
    upwards = page.run(NAMES)
    same("the same rows", sorted(upwards), sorted(names))
    page.click("th[data-key=id] button")
    same("the other way", page.run(NAMES), upwards[::-1])
    page.click("th[data-key=status] button")
    same("the worst first", page.run(CELLS)[0][1].startswith("failed"), True)
    same("only one is sorted by", page.run("document.querySelectorAll('[aria-sort]').length"), 1)
    page.click("th[data-key=version] button")
    same("what has no version comes last", page.run(CELLS)[-1][2] in ("unknown", "untracked"), True)


def filters(page, report):
    records = report["installations"]
    messages = [record["error"]["message"] for record in records if record["error"]]
    word = max(re.findall("[a-z_]+", messages[0]), key=len)
    matching = [r["id"] for r in records if r["error"] and word in r["error"]["message"]]
    page.click("input[name=text]")
    page.type(word)
    same("filtered", sorted(page.run(NAMES)), sorted(matching))
    same("announced", page.run("document.querySelector('[role=status]').textContent"),
         "%d installation%s of %d" % (len(matching), "s"[len(matching) == 1:], len(records)))
    page.click("button[type=reset]")
    page.run("new Promise((done) => setTimeout(done, 50))")
    same("all again", len(page.run(NAMES)), len(records))
    page.click(".legend a[data-value=unreachable]")
    same("by the legend", len(page.run(NAMES)), report["summary"]["unreachable"])
    page.click("section .items a[data-filter=cause]")
    same("by cause", len(page.run(NAMES)) > 0, True)
    page.run("document.querySelector('button[type=reset]').click()")
    page.run("new Promise((done) => setTimeout(done, 50))")


def works_by_keyboard(page):
    page.run("document.querySelector('input[name=text]').focus()")
    for _ in range(20):
        page.key("Tab")
        if page.run("document.activeElement.closest('th') !== null"):
            break
    same("the first that sorts", page.run("document.activeElement.closest('th').dataset.key"), "id")
    same("focus can be seen", page.run("getComputedStyle(document.activeElement).outlineStyle"), "solid")
    page.key("Enter", text="\r")
    same("sorted", page.run("document.activeElement.closest('th').getAttribute('aria-sort')"), "ascending")
    page.key(" ", code="Space", text=" ")
    same("sorted", page.run("document.activeElement.closest('th').getAttribute('aria-sort')"), "descending")
    page.run("document.activeElement.blur(); document.querySelector('.skip').focus()")
    same("skip link", page.run("document.querySelector('.skip').getBoundingClientRect().left >= 0"), True)


def reads_well(page, roles=("contentinfo", "status")):
    """What a screen reader is given: names for all that can be used, a table with headers, headings in order."""
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    value = lambda node, key: node.get(key, {}).get("value")
    shown = [node for node in nodes if not node.get("ignored")]
    for node in shown:
        if value(node, "role") in ("button", "link", "textbox", "searchbox", "combobox", "table", "navigation"):
            same("a name for " + str(node.get("role")), bool(value(node, "name")), True)
    there = [value(node, "role") for node in shown]
    for role in ["banner", "main", "columnheader", "rowheader", "cell", "heading", *roles]:
        same(role, role in there, True)
    same("main headings", page.run("document.querySelectorAll('h1').length"), 1)
    same("language", page.run("document.documentElement.lang"), "en")


CONTRAST = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = (color) => {
    const [r, g, b] = [...rgb(color)].slice(0, 3).map((v) => v / 255)
      .map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const below = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (rgb(color)[3] > 0) return color;
    }
    return 'white';
  };
  const poor = [];
  for (const element of document.querySelectorAll('body *')) {
    const hasText = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!hasText || element.closest('[aria-hidden] defs, script, button:disabled') || !element.getClientRects().length) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(below(element))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push([element.tagName, element.textContent.slice(0, 30), ratio]);
  }
  return poor;
})()
"""


def can_be_read(page):
    for scheme in ["light", "dark"]:
        page.scheme(scheme)
        same("contrast below 4.5 in " + scheme, page.run(CONTRAST), [])
    dark = page.run("getComputedStyle(document.body).backgroundColor")
    page.scheme("light")
    same("dark is darker", dark == page.run("getComputedStyle(document.body).backgroundColor"), False)


def fits_a_phone(page):
    for width in [320, 390]:
        page.size(width, 700)
        same("width", page.run("document.documentElement.scrollWidth"), width)
        same("targets", page.run(
            "[...document.querySelectorAll('button:not(:disabled), select, input')].filter((e) => "
            "e.getClientRects().length && e.getBoundingClientRect().height < 24).length"), 0)
    page.size(1280, 900)


def is_alone(page, path):
    same("complaints", page.complaints, [])
    same("requests", {url for url in page.requests if not url.startswith("data:")},
         {"file://" + path})
    same("nothing ran that came from outside", page.run("window.hacked === undefined"), True)
    same("no inline style or handler", page.run(
        "[...document.querySelectorAll('*')].filter((e) => [...e.attributes].some((a) => a.name === 'style' || "
        "a.name.startsWith('on'))).length"), 0)
    same("elements that load", page.run(
        "document.querySelectorAll('img, iframe, object, embed, link:not([rel=icon])').length"), 0)
    same("scripts", page.run("document.scripts.length"), 2)


def pictures(page, folder):
    for width, height, name in [(1280, 900, "desktop"), (390, 844, "phone")]:
        for scheme in ["light", "dark"]:
            page.size(width, height)
            page.scheme(scheme)
            page.screenshot("%s/%s-%s.png" % (folder, name, scheme), whole=True)
    page.scheme("light")
    page.size(1280, 900)
    page.pdf(folder + "/print.pdf")


def main(path, report, folder=None):
    with open(report, encoding="utf-8") as file:
        report = json.load(file)
    with Browser() as page:
        page.size(1280, 900)
        loads(page, path, report)
        if len(report["installations"]) > 500:
            is_shown_a_page_at_a_time(page, path, report)
        else:
            is_the_same_without_its_script(page, path)
        if not report["fleet"].startswith("<") and len(report["installations"]) <= 100:
            sorts(page, report)
            filters(page, report)
            works_by_keyboard(page)
        reads_well(page)
        can_be_read(page)
        fits_a_phone(page)
        is_alone(page, path)
        if folder and folder != "-":
            pictures(page, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
