"""How long an HTML report takes: pace.py FILE. Medians of five, in a headless Chromium."""

import statistics
import sys

from browser import Browser

# From the change to the frame that shows it.
TIMED = """
new Promise((done) => {
  const start = performance.now();
  (() => { %s })();
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
})
"""

ACTIONS = {
    "filter by a word": "const f = document.querySelector('input[name=text]'); f.value = 'store-%d'; "
    "f.dispatchEvent(new Event('input', { bubbles: true }))",
    "filter by a status": "document.querySelector('button[type=reset]').click(); "
    "const f = document.querySelector('select[name=status]'); f.value = 'failed'; "
    "f.dispatchEvent(new Event('input', { bubbles: true }))",
    "sort by name": "document.querySelector('th[data-key=id] button').click()",
    "sort by size": "document.querySelector('th[data-key=size] button').click()",
    "next page": "document.getElementById('next').click()",
}


def main(path):
    with Browser() as page:
        page.size(1280, 900)
        loads = [page.open(path) for _ in range(5)]
        print("%-20s %8.0f ms" % ("load", statistics.median(loads) * 1000))
        if statistics.median(loads) > 2:
            raise SystemExit("more than 2 s")
        for name, action in ACTIONS.items():
            times = [page.run(TIMED % (action % n if "%d" in action else action)) for n in range(1, 6)]
            print("%-20s %8.0f ms   slowest %.0f" % (name, statistics.median(times), max(times)))
            page.run("document.querySelector('button[type=reset]').click()")
            page.run("new Promise((done) => setTimeout(done, 100))")


if __name__ == "__main__":
    main(*sys.argv[1:])
