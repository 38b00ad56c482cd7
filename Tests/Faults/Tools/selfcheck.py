"""Shows that the harness finds what it is for: broken calls, lost syncs, and folders that are made bad on purpose.

selfcheck.py FLOTILLA SHIM. Prints what was not found; the status is 1 then.
"""

import os
import random
import re
import shutil
import sqlite3
import sys
import tempfile

import fleet
import judge
import recording
from bench import Bench, Scenario

FAULTS = []


def expect(holds, what):
    if not holds:
        FAULTS.append(what)
        print("not as expected: " + what)


# MARK: The shim and its recordings

WRITER = """
import os
folder = os.open('.', os.O_RDONLY)
file = os.open('a', os.O_CREAT | os.O_WRONLY)
os.write(file, b'x' * 1000)
os.fsync(file)
os.fsync(folder)
os.pwrite(file, b'y' * 1000, 500)
os.rename('a', 'b')
os.fsync(file)
os.mkdir('sub')
os.ftruncate(file, 10)
os.fsync(folder)
"""


def check_shim(work, shim):
    """What is recorded of a small program, and what faults do to it."""
    root, log, told = (os.path.join(work, name) for name in ("small", "small.log", "told"))
    os.mkdir(root)

    def run(**settings):
        fleet.empty(root)
        return fleet.run(sys.executable, ["-c", WRITER], root, shim, **settings)

    expect("Errno 5" in run(at=2, kind="EIO", told=told).errors, "EIO at the second call reaches the program")
    expect(open(told).read() == f"2 write {root}/a\n", "the call that was hit is named")
    expect("Errno 28" in run(at=3, kind="ENOSPC").errors, "ENOSPC reaches the program")
    expect(run(at=2, kind="SHORT").status == 0 and os.stat(root + "/b").st_size == 10, "a short write is no error")
    expect(run(at=6, kind="KILL_BEFORE").status == -9 and os.path.exists(root + "/a"), "it is killed before the rename")
    expect(run(at=6, kind="KILL_AFTER").status == -9 and os.path.exists(root + "/b"), "it is killed after the rename")
    expect("Errno 5" in run(at=3, kind="EIO", on=1).errors, "all calls from one on fail")
    expect(run(at=99, kind="EIO", told=told + "2").status == 0, "a call that isn't made can't fail")
    expect(not os.path.exists(told + "2"), "a fault that hit nothing is not told as one")

    fleet.empty(root)
    disk = recording.Disk(root)
    expect(run(log=log).status == 0, "the small program ends well")
    images = []
    for call in recording.read(log):
        disk.apply(call)
        kinds = [disk.image(kind, random.Random(1)) for kind in ("strict", "blocks")]
        images.append([call.name, *kinds, disk.image("ordered", Never())])
    expect(not recording.differences(disk.now(), root), "the recording explains the folder")
    names = ["open", "write", "fsync", "fsync", "pwrite", "rename", "fsync", "mkdir", "ftruncate", "fsync"]
    expect([image[0] for image in images] == names, "all is recorded")
    x, both = b"x" * 1000, b"x" * 500 + b"y" * 1000
    expected = [  # what survives strictly, and with ordered metadata
        ({}, {"a": b""}), ({}, {"a": bytes(1000)}), ({}, {"a": x}), ({"a": x}, {"a": x}),
        ({"a": x}, {"a": x + bytes(500)}), ({"a": x}, {"b": x + bytes(500)}), ({"a": both}, {"b": both}),
        ({"a": both}, {"b": both, "sub": None}), ({"a": both}, {"b": both[:10], "sub": None}),
        ({"b": both, "sub": None}, {"b": both[:10], "sub": None})]
    for number, ((name, strict, blocks, ordered), (first, second)) in enumerate(zip(images, expected), 1):
        expect(strict == first, f"a strict image after call {number}, {name}, not {describe(strict)}")
        expect(ordered == second, f"an ordered image after call {number}, {name}, not {describe(ordered)}")
        expect(set(blocks) == set(ordered), f"an image of blocks after call {number} has the entries of an ordered one")


class Never(random.Random):
    """Always cuts after the last call."""

    def random(self):
        return 0.0


def describe(image):
    return {path: content and content[:4] + b"..." + str(len(content)).encode() for path, content in image.items()}


# MARK: The judge


def change(path, sql):
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(sql)
    database.close()


def damage(path):
    """Breaks the first page of the table's tree, and not the header."""
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 512)


def only(root, *parts):
    """The one entry of a folder."""
    folder = os.path.join(root, *parts)
    return os.path.join(folder, os.listdir(folder)[0])


def backup(root, id):
    return os.path.join(only(root, ".flotilla", "backups"), id + ".sqlite")


DATABASE = lambda root: os.path.join(root, "db", "berlin.sqlite")

# What is done to a fleet that was migrated, and words of the violation that has to follow.
IMAGES = {
    "a row is gone": (lambda root: change(DATABASE(root), "DELETE FROM books WHERE id = 7"), "neither old nor new"),
    "a value is another": (
        lambda root: change(DATABASE(root), "UPDATE books SET cover = x'00' WHERE id = 7"), "neither"),
    "a row came": (lambda root: change(DATABASE(root), "INSERT INTO authors (id, name) VALUES (9, 'x')"), "neither"),
    "a migration isn't recorded": (
        lambda root: change(DATABASE(root), "DELETE FROM schema_migrations WHERE version = 3"), "neither"),
    "an index is gone": (lambda root: change(DATABASE(root), "DROP INDEX idx_books_author"), "neither"),
    "a reference dangles": (
        lambda root: change(DATABASE(root), "PRAGMA foreign_keys=OFF; UPDATE books SET author = 99 WHERE id = 7"),
        "dangling"),
    "a page is damaged": (lambda root: damage(DATABASE(root)), "berlin: it"),
    "the file is gone": (lambda root: os.unlink(DATABASE(root)), "can't be read"),
    "the file is empty": (lambda root: os.truncate(DATABASE(root), 0), "neither"),
    "the backup is gone": (lambda root: os.unlink(backup(root, "berlin")), "no backup"),
    "the backup is of the new content": (
        lambda root: shutil.copyfile(DATABASE(root), backup(root, "berlin")), "no backup"),
    "a row of the backup is another": (
        lambda root: change(backup(root, "berlin"), "UPDATE authors SET name = 'other' WHERE id = 1"), "no backup"),
    "the backup is cut short": (lambda root: os.truncate(backup(root, "berlin"), 4096), "berlin: the listed"),
}

# What becomes of the text of `flotilla backups`, with its status, and words of the violation that has to follow.
LISTINGS = {
    "a backup isn't listed": (0, lambda text: re.sub(r".* berlin .*\n", "", text), "berlin: it is new, and no backup"),
    "a backup is listed under another name": (0, lambda text: text.replace(" berlin ", " lima "), "berlin: it is new"),
    "a backup has another size": (0, lambda text: re.sub(r"(\d+) bytes", r"1\1 bytes", text), "bytes, not"),
    "an older backup isn't listed": (0, lambda text: re.sub(r".* lima .*\n", "", text), "from before"),
    "the list is refused": (1, lambda text: "", "refuses"),
    "the list crashes": (-11, lambda text: "", "ends with -11"),
}

GOOD = "3 migrated, in 0.1 s\nReport  REPORT\n"

# What a run says, how many databases it migrated, and words of the violation that has to follow, or nothing.
WORDS = [
    (0, GOOD, 3, None),
    (0, GOOD, 2, "the status is 0"),
    (0, "3 migrated, in 0.1 s\n", 3, "no report is named"),
    (0, "3 migrated, in 0.1 s\nReport  .flotilla/reports/other.json\n", 3, "can't be read"),
    (0, "3 migrated, in 0.1 s\nReport  fleet.yml.json\n", 3, "can't be read"),
    (3, "", 3, "nothing says so"),
    (3, GOOD, 2, "it says 3"),
    (3, "flotilla: the journal can't be used\n", 1, "nothing says so"),
    (3, "1 failed  oslo\n          migrate: disk full\n\n2 migrated · 1 failed, in 0.1 s\n", 2, None),
    (3, "1 failed  oslo\n          migrate: disk full\n\n2 migrated · 1 failed, in 0.1 s\n", 3, "it says 2"),
    (3, "1 failed  oslo\n          commit failed, at version 3\n\n2 migrated · 1 failed\n", 3, None),
    (3, "1 failed  somebody\n\n2 migrated · 1 failed, in 0.1 s\n", 2, "oslo: not migrated, and nothing says so"),
    (1, "flotilla: the journal can't be used\n", 0, None),
    (-6, "Fatal error", 0, "signal 6"),
    (None, "", 0, "did not end"),
]


def check_judge(bench):
    scenario = Scenario(bench, "migrate", 1)
    good = os.path.join(bench.work, "good")
    shutil.copytree(bench.root, good)
    listing = bench.must(["backups"])
    for what, (spoil, words) in {"nothing": (lambda root: None, None), **IMAGES}.items():
        fleet.copy(good, bench.root)
        spoil(bench.root)
        found = bench.judge(scenario.expected).backups_after(listing).violations
        expect(any(words in text for text in found) if words else not found, f"'{what}' is judged: {found}")
    fleet.copy(good, bench.root)
    before = judge.Expected("migrated", scenario.expected.old, scenario.expected.new, [
        (line.run, line.id) for line in judge.listed(listing.output) if line.id == "lima"])
    for what, (status, edit, words) in LISTINGS.items():
        found = bench.judge(before).backups_after(fleet.Result(status, edit(listing.output), "")).violations
        expect(any(words in text for text in found), f"'{what}' is judged: {found}")
    fleet.copy(scenario.template, bench.root)
    old = bench.judge(scenario.expected).backups_after(bench.run(["backups"]))
    expect(not old.is_changed and not old.violations, f"a fleet that nothing touched is old: {old.violations}")
    fleet.copy(good, bench.root)
    shutil.copyfile(os.path.join(bench.root, "fleet.yml"), os.path.join(bench.root, "fleet.yml.json"))
    report = os.path.relpath(only(bench.root, ".flotilla", "reports"), bench.root)
    for status, output, count, words in WORDS:
        judgement = bench.judge(scenario.expected)
        judgement.states = {id: "new" if place < count else "old" for place, id in enumerate(fleet.IDS)}
        found = judgement.words(fleet.Result(status, output.replace("REPORT", report), "")).violations
        expect(any(words in text for text in found) if words else not found, f"{output!r} is judged: {found}")


def main():
    program, shim = map(os.path.realpath, sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="flotilla-faults-") as work:
        work = os.path.realpath(work)
        check_shim(work, shim)
        check_judge(Bench(program, shim, os.path.join(work, "bench")))
    sys.exit(1 if FAULTS else 0)


if __name__ == "__main__":
    main()
