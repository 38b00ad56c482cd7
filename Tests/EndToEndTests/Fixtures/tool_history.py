"""What all history tables of migration tools have in common, and their checksums."""

import datetime
import hashlib

from tool_files import Refusal

MASK = (1 << 64) - 1


def siphash13(data):
    """SipHash-1-3 with key 0."""
    v0, v1, v2, v3 = 0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573

    def rotated(word, by):
        return (word << by | word >> (64 - by)) & MASK

    def mix(rounds):
        nonlocal v0, v1, v2, v3
        for _ in range(rounds):
            v0, v2 = (v0 + v1) & MASK, (v2 + v3) & MASK
            v1, v3 = rotated(v1, 13) ^ v0, rotated(v3, 16) ^ v2
            v0 = rotated(v0, 32)
            v2, v0 = (v2 + v1) & MASK, (v0 + v3) & MASK
            v1, v3 = rotated(v1, 17) ^ v2, rotated(v3, 21) ^ v0
            v2 = rotated(v2, 32)

    whole = len(data) // 8 * 8
    last = data[whole:].ljust(7, b"\0") + bytes([len(data) & 0xFF])
    for start in range(0, whole + 8, 8):
        word = int.from_bytes(data[start : start + 8] if start < whole else last, "little")
        v3 ^= word
        mix(1)
        v0 ^= word
    v2 ^= 0xFF
    mix(3)
    return v0 ^ v1 ^ v2 ^ v3


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class History:
    """A table with a row for each applied migration."""

    table = ""
    create = ()
    #: The columns to read, and the type of each value: one of those that typeof() returns, or several.
    columns = ()
    #: The column of the version.
    key = ""

    def __init__(self, database):
        self.database = database

    def prepare(self):
        for sql in self.create:
            self.database.execute(sql)

    def record(self, migration, nanoseconds):
        raise NotImplementedError

    def check(self, row, migration):
        """Refuses a row that the tool refuses; `migration` is its file."""

    def rows(self):
        names = [name for name, _ in self.columns]
        types = [f"typeof({name})" for name in names]
        for row in self.database.execute(f"SELECT {', '.join(names + types)} FROM {self.table}"):
            values, found = row[: len(names)], row[len(names) :]
            for (name, allowed), value, kind in zip(self.columns, values, found):
                if kind not in allowed.split():
                    raise Refusal(f"{self.table}.{name} holds {kind} {value!r}, and not {allowed}")
            yield dict(zip(names, values))

    def status(self, migrations):
        """The versions that the tool takes for applied."""
        known = {one.version: one for one in migrations}
        applied = set()
        for row in self.rows():
            version = row[self.key]
            if version not in known:
                raise Refusal(f"version {version} is recorded, and has no file")
            if version in applied:
                raise Refusal(f"version {version} is recorded twice")
            self.check(row, known[version])
            applied.add(version)
        return applied

    def shape(self):
        return self.database.execute(
            "SELECT name, upper(type), \"notnull\", dflt_value, pk FROM pragma_table_info(?)", (self.table,)
        ).fetchall()
