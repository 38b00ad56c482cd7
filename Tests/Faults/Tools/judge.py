"""Judges what a run left behind, with Python's SQLite and nothing of the program.

Each database opens, after the recovery that SQLite does by itself, is sound, and holds wholly what it held before or
wholly what the run was to make of it. Where it isn't as before, a backup of what it held before is listed and good.
A run that came to its end has said what it did.
"""

import json
import os
import re
import shutil
import sqlite3
import subprocess

LINE = re.compile(r"^(?P<run>[0-9A-Z]{26})\s+(?P<id>\S+)\s.*?(?P<bytes>-?\d+) bytes(?:, \d+ compressed)?\s+(?P<path>\S.*)$")


class State:
    """What a database holds: its schema, and each row of each table by value."""

    def __init__(self, path, scratch):
        """Reads a copy in the folder `scratch`, so that recovery leaves the original as it is."""
        copy = os.path.join(scratch, "db.sqlite")
        for suffix in ("", "-wal", "-journal", "-shm"):
            if os.path.exists(copy + suffix):
                os.unlink(copy + suffix)
            if suffix != "-shm" and os.path.exists(path + suffix):
                shutil.copyfile(path + suffix, copy + suffix)
        database = sqlite3.connect(f"file:{copy}?mode=rw", uri=True, isolation_level=None)
        try:
            database.text_factory = bytes
            query = lambda sql: database.execute(sql).fetchall()
            self.faults = [row[0].decode() for row in query("PRAGMA integrity_check") if row[0] != b"ok"]
            self.faults += [f"dangling reference {row}" for row in query("PRAGMA foreign_key_check")]
            self.page_size = query("PRAGMA page_size")[0][0]
            self.schema = sorted(query("SELECT type, name, tbl_name, sql FROM sqlite_schema"))
            self.rows = {}
            for kind, name, _, _ in self.schema:
                if kind == b"table":
                    quoted = '"' + name.decode().replace('"', '""') + '"'
                    self.rows[name] = sorted(query(f"SELECT * FROM {quoted}"), key=repr)
            self.versions = [(row[0], row[1]) for row in self.rows.get(b"schema_migrations", [])]
        finally:
            database.close()

    def is_equal(self, other):
        return (self.page_size, self.schema, self.rows) == (other.page_size, other.schema, other.rows)

    def is_like(self, other):
        """Whether both are equal but for the times at which migrations were recorded."""
        rows = lambda state: {name: rows for name, rows in state.rows.items() if name != b"schema_migrations"}
        return (self.page_size, self.schema, self.versions, rows(self)) == (
            other.page_size, other.schema, other.versions, rows(other))

    def __str__(self):
        return "versions {}, rows {}".format(
            [version for version, _ in self.versions], {name.decode(): len(rows) for name, rows in self.rows.items()})


class Listed:
    """A line of `flotilla backups`."""

    def __init__(self, match):
        self.run, self.id, self.path = match["run"], match["id"], match["path"]
        self.bytes = int(match["bytes"])


def listed(output):
    return [Listed(match) for match in map(LINE.match, output.splitlines()) if match]


class Expected:
    """The states before a run and after one that nothing disturbed, by installation, and the backups there were."""

    def __init__(self, verb, old, new, backups=()):
        self.verb = verb  # what the program says that it did: "migrated", "restored"
        self.old, self.new = old, new
        self.backups = set(backups)  # of (run, installation)


class Judgement:
    """What is wrong with a folder; `states` says whether each database is `old` or `new`."""

    def __init__(self, root, expected, scratch):
        self.root, self.expected, self.scratch = root, expected, scratch
        self.violations = []
        self.states = {}

    def violate(self, text):
        self.violations.append(text)

    @property
    def is_changed(self):
        return set(self.states.values()) != {"old"}

    def backups_after(self, listing):
        """Judges what a restart finds: databases first, then what is listed."""
        return self.databases().backups(listing)

    def databases(self):
        for id in self.expected.old:
            self.states[id] = self.database(id)
        return self

    def database(self, id):
        path = os.path.join(self.root, "db", id + ".sqlite")
        try:
            state = State(path, self.scratch)
        except (OSError, sqlite3.Error) as error:
            self.violate(f"{id}: it can't be read: {error}")
            return "bad"
        if state.faults:
            self.violate(f"{id}: it is damaged: {'; '.join(state.faults[:3])}")
            return "bad"
        if state.is_equal(self.expected.old[id]):
            return "old"
        if state.is_like(self.expected.new[id]):
            return "new"
        self.violate(f"{id}: it is neither old nor new: {state}")
        return "bad"

    def backups(self, listing):
        """Judges what `flotilla backups` says, by the files."""
        if listing.status is None or listing.status < 0:
            self.violate(f"flotilla backups ends with {listing.status}: {listing.words}")
        elif listing.status != 0 and ("no backup yet" not in listing.words or self.has_backup_files()):
            self.violate(f"flotilla backups refuses: {listing.words}")
        good, found = set(), set()
        for line in listed(listing.output):
            if line.id not in self.expected.old:
                self.violate(f"a backup of {line.id} is listed, which is no installation")
                continue
            found.add((line.run, line.id))
            if (state := self.backup(line)) and state.is_equal(self.expected.old[line.id]):
                good.add(line.id)
        for run, id in sorted(self.expected.backups - found):
            self.violate(f"{id}: its backup of run {run}, from before, isn't listed any more")
        for id, state in self.states.items():
            if state != "old" and id not in good:
                self.violate(f"{id}: it is {state}, and no backup of what it held before is listed")
        return self

    def has_backup_files(self):
        folder = os.path.join(self.root, ".flotilla", "backups")
        return any(name.endswith((".sqlite", ".sqlite.zst")) for _, _, files in os.walk(folder) for name in files)

    def backup(self, line):
        what = f"{line.id}: the listed backup {os.path.relpath(line.path, self.root)}"
        try:
            path = self.unpacked(line.path)
            size = os.stat(path).st_size
            if size != line.bytes:
                return self.violate(f"{what} has {size} bytes, not {line.bytes}")
            state = State(path, self.scratch)
        except (OSError, sqlite3.Error, subprocess.CalledProcessError) as error:
            return self.violate(f"{what} can't be read: {error}")
        if state.faults:
            return self.violate(f"{what} is damaged: {'; '.join(state.faults[:3])}")
        return state

    def unpacked(self, path):
        """The path of the database that a backup holds; zstd's own program reads one that is compressed."""
        if not path.endswith(".zst"):
            return path
        if os.path.exists(path.removesuffix(".zst")):
            self.violate(f"{path} is listed, and the plain backup, which counts, is there, too")
        unpacked = os.path.join(self.scratch, "unpacked.sqlite")
        subprocess.run(["zstd", "-dqf", "-o", unpacked, path], check=True, capture_output=True)
        return unpacked

    def words(self, run):
        """Judges what a run said that came to its end."""
        if run.status is None:
            self.violate("it did not end")
        elif run.status < 0:
            self.violate(f"it was ended by signal {-run.status}: {run.words[-300:]}")
        if run.status is None or run.status < 0:
            return self
        done = [id for id, state in self.states.items() if state == "new"]
        rest = [id for id, state in self.states.items() if state != "new"]
        if run.status == 0 and rest:
            self.violate(f"the status is 0, but not {self.expected.verb}: {', '.join(rest)}")
        if run.status == 0 and self.expected.verb == "migrated":
            self.report(run)
        if run.status != 0 and not run.words:
            self.violate(f"the status is {run.status}, without a word")
        claimed = self.claimed(run.words)
        silent = [id for id in done if not self.is_told(id, run)]
        if len(silent) > (claimed or 0):
            said = "nothing says so" if claimed is None else f"it says {claimed} {self.expected.verb}"
            self.violate(f"{self.expected.verb}: {', '.join(silent)}; but {said} (status {run.status})")
        if claimed is not None and claimed > len(done):
            self.violate(f"it says {claimed} {self.expected.verb}, but there are {len(done)}")
        if done or claimed is not None:
            for id in rest:
                if not re.search(rf"\b{id}\b", run.words) and "not begun" not in run.words:
                    self.violate(f"{id}: not {self.expected.verb}, and nothing says so (status {run.status})")
        return self

    def report(self, run):
        """Judges the report of a run that ended well."""
        match = re.search(r"^Report\s+(\S+\.json)$", run.output, re.MULTILINE)
        if not match:
            return self.violate("the status is 0, but no report is named")
        try:
            with open(os.path.join(self.root, match[1])) as file:
                found = {one["id"]: one["status"] for one in json.load(file)["installations"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            return self.violate(f"the status is 0, but the report {match[1]} can't be read: {error!r}")
        if found != dict.fromkeys(self.expected.old, "migrated"):
            self.violate(f"the status is 0, but the report says {found}")

    def claimed(self, words):
        match = re.search(
            r"\b(\d+) migrated\b" if self.expected.verb == "migrated" else r"\b(\d+) installations? restored\b", words)
        return int(match[1]) if match else None

    def is_told(self, id, run):
        """Whether something names an installation and the version that it is at."""
        version = self.expected.new[id].versions[-1][0]
        for line in paragraphs(run.output + "\n" + run.errors):
            if re.search(rf"\b{id}\b", line) and re.search(rf"\bversion {version}\b|\b{self.expected.verb}\b", line):
                return True
        return False


def paragraphs(text):
    """Lines with the indented ones that follow them."""
    found = []
    for line in text.splitlines():
        if line[:1].isspace() and found:
            found[-1] += " " + line.strip()
        else:
            found.append(line)
    return found
