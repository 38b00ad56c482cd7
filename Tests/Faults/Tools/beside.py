#!/usr/bin/env python3
"""Kills `flotilla migrate`, and lets the disk fill up, at each of its calls, beside an application that writes.

The database is larger than what is compared as a whole under the lock, so pages that are committed while the backup is
checked are taken over from the log, or found by comparison. After each fault:

- the database is sound, at its old version or its new one, and has every row that the application has committed;
- each backup that is listed is sound, at the old version, and has the application's first rows without a gap, all of
  which the database has, too; if the database is new, there is one;
- the next run succeeds, and no unfinished backup is left.

Prints a line for each violation, and one with the sums. The status is 1 if there are violations.
"""

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import fleet
import judge

WRITER = """
import select, sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
count = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    database.execute("INSERT INTO authors (id, name) VALUES (?, 'late')", (100 + count,))
    count += 1
    if count == 5:
        print("ready", flush=True)
    time.sleep(0.0005)
print(count, flush=True)
"""
KINDS = {"kill": {"kind": "KILL_BEFORE"}, "full disk": {"kind": "ENOSPC", "on": 1}}


class Case:
    """A fleet of one database in one mode, begun again for each fault."""

    def __init__(self, options, work, mode):
        self.options, self.mode = options, mode
        self.root = os.path.join(work, mode, "fleet")
        self.scratch = os.path.join(work, mode, "scratch")
        self.told = os.path.join(work, mode, "told")
        self.template = os.path.join(work, mode, "template")
        self.path = os.path.join(self.root, "db", "oslo.sqlite")
        self.violations = []
        os.makedirs(self.root)
        os.makedirs(self.scratch)
        fleet.make(self.root)
        for id in fleet.IDS:
            os.unlink(os.path.join(self.root, "db", id + ".sqlite"))
        shutil.rmtree(os.path.join(self.root, "db"))
        os.makedirs(os.path.join(self.root, "db"))
        fleet.fill(self.path, "DELETE", 4096, 40)
        database = sqlite3.connect(self.path, isolation_level=None)
        database.execute(f"PRAGMA journal_mode={mode}")
        database.execute("UPDATE books SET cover = randomblob(90000)")
        database.close()
        shutil.copytree(self.root, self.template)

    def disturb(self, number, kind):
        """Runs `migrate` with a fault at one call; returns whether there was such a call."""
        fleet.copy(self.template, self.root)
        if os.path.exists(self.told):
            os.unlink(self.told)
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        writer.stdout.readline()
        self.run(["migrate", "--yes"], at=number, told=self.told, **KINDS[kind])
        writer.stdin.write("\n")
        writer.stdin.flush()
        count = int(writer.stdout.readline() or 0)
        writer.wait()
        where = f"{self.mode}, {kind} at call {number}"
        if os.path.exists(self.told):
            with open(self.told) as file:
                where += f" ({file.read().strip()})"
        self.judge(where, count)
        done = self.run(["migrate", "--yes"])
        if done.status != 0:
            self.violate(where, f"the next run ends with {done.status}: {done.words}")
        for folder, _, files in os.walk(self.root):
            if any(name.endswith(".part") for name in files):
                self.violate(where, f"an unfinished file is left: {folder} {files}")
        return os.path.exists(self.told)

    def run(self, arguments, **settings):
        return fleet.run(
            self.options.program, arguments, self.root, self.options.shim if settings else None, **settings)

    def violate(self, where, text):
        self.violations.append(f"{where}: {text}")

    def judge(self, where, count):
        state = judge.State(self.path, self.scratch)
        versions = [version for version, _ in state.versions]
        late = self.late(state)
        if state.faults or versions not in ([1], [1, 2, 3]):
            self.violate(where, f"the database is {state}, {state.faults[:2]}")
        if late != list(range(100, 100 + count)):
            self.violate(where, f"the application committed {count} rows, and the database has {len(late)}")
        lines = judge.listed(self.run(["backups"]).output)
        if versions == [1, 2, 3] and not lines:
            self.violate(where, "the database is new, and no backup is listed")
        for line in lines:
            saved = judge.State(line.path, self.scratch)
            rows = self.late(saved)
            if saved.faults or [version for version, _ in saved.versions] != [1]:
                self.violate(where, f"the backup is {saved}, {saved.faults[:2]}")
            if rows != list(range(100, 100 + len(rows))) or len(rows) > count:
                self.violate(where, f"the backup has {len(rows)} rows of {count}, or not the first ones")
            born = {row[0] for row in state.rows[b"authors"] if len(row) > 2}
            if versions == [1, 2, 3] and not born >= set(rows):
                self.violate(where, "the backup has rows that the database doesn't have")

    @staticmethod
    def late(state):
        return sorted(row[0] for row in state.rows[b"authors"] if row[1] == b"late")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("shim")
    parser.add_argument("--all", action="store_true", help="break every call, not a dozen of each kind")
    options = parser.parse_args()
    work = tempfile.mkdtemp(prefix="flotilla-beside-")
    runs, violations = 0, []
    try:
        for mode in ["WAL", "DELETE"]:
            case = Case(options, work, mode)
            for kind in KINDS:
                number = 1
                while case.disturb(number, kind):
                    runs += 1
                    number += 1 if options.all else 1 + number // 3
            violations += case.violations
    finally:
        shutil.rmtree(work)
    for violation in violations:
        print(violation)
    print(f"{runs} runs beside a writer; violations: {len(violations)}")
    sys.exit(1 if violations or runs < 20 else 0)


main()
