"""How migration tools read their folders: the order of the files, their versions, and the part that upgrades.

Each function takes a folder and returns the migrations in the order in which the tool applies them.
"""

import base64
import dataclasses
import hashlib
import json
import pathlib
import re


@dataclasses.dataclass
class Migration:
    """One migration: how the tool calls it, its file below the folder, the file's bytes, and the SQL to run."""

    version: object
    name: str
    file: str
    data: bytes
    sql: str = ""
    in_transaction: bool = True
    sum: str = ""

    def __post_init__(self):
        self.sql = self.sql or self.data.decode("utf-8-sig")


class Refusal(Exception):
    """What the tool would print before it fails."""


def matching(folder, pattern, glob="*"):
    """The files whose names match a pattern, sorted by name, each with its match."""
    for path in sorted(pathlib.Path(folder).glob(glob)):
        match = re.fullmatch(pattern, str(path.relative_to(folder)))
        if match and path.is_file():
            yield match, path.read_bytes()


def marked(data, up, down, off):
    """The lines after a marker `up` and before a marker `down`, and whether a transaction is wanted."""
    lines, inside, seen, in_transaction = [], False, False, True
    for line in data.decode().split("\n"):
        if re.match(up, line):
            inside = seen = True
        elif re.match(down, line):
            inside = False
        elif inside and not re.match(r"-- \+", line):
            lines.append(line)
        in_transaction = in_transaction and not re.match(off, line)
    if not seen:
        raise Refusal("there is no part that upgrades")
    return "\n".join(lines) + "\n", in_transaction


def goose(folder):
    found = []
    for match, data in matching(folder, r"(\d+)_(.+)\.sql"):
        sql, in_transaction = marked(data, r"-- \+goose Up\b", r"-- \+goose Down\b", r"-- \+goose NO TRANSACTION")
        found.append(Migration(int(match[1]), match[2], match[0], data, sql, in_transaction))
    return sorted(found, key=lambda one: one.version)


def golang_migrate(folder):
    found = [
        Migration(int(match[1]), match[2], match[0], data)
        for match, data in matching(folder, r"([0-9]+)_(.*)\.(down|up)\.(.*)")
        if match[3] == "up"
    ]
    return sorted(found, key=lambda one: one.version)


def sqlx(folder):
    found = []
    for match, data in matching(folder, r"([0-9]+)_(.*?)(\.up|\.down)?\.sql"):
        if match[3] != ".down":
            plain = data.startswith(b"-- no-transaction")
            found.append(
                Migration(int(match[1]), match[2].replace("_", " "), match[0], data, in_transaction=not plain))
    return sorted(found, key=lambda one: one.version)


def diesel(folder):
    found = []
    for match, data in matching(folder, r"(([^/_]+)_?([^/]*))/up\.sql", "*/up.sql"):
        metadata = pathlib.Path(folder, match[1], "metadata.toml")
        plain = metadata.exists() and re.search(r"run_in_transaction\s*=\s*false", metadata.read_text())
        found.append(
            Migration(match[2].replace("-", ""), match[3], match[0], data, in_transaction=not plain))
    return sorted(found, key=lambda one: one.version)


def refinery(folder):
    found = [
        Migration(int(match[2]), match[3], match[0], data)
        for match, data in matching(folder, r"(?:.*/)?([UV])(\d+)__(\w+)\.sql", "**/*.sql")
    ]
    return sorted(found, key=lambda one: one.version)


def flyway(folder):
    found = [
        Migration(match[1].replace("_", "."), match[2].replace("_", " "), match[0], data)
        for match, data in matching(folder, r"(?:.*/)?V([\d._]+?)__(.*)\.sql", "**/*.sql")
    ]
    return sorted(found, key=lambda one: [int(part) for part in one.version.split(".")])


def atlas(folder):
    running, whole, found, lines = hashlib.sha256(), hashlib.sha256(), [], []
    for match, data in matching(folder, r"([^_]+)_?(.*)\.sql"):
        running.update(match[0].encode() + data)
        sum = base64.b64encode(running.digest()).decode()
        whole.update(match[0].encode() + sum.encode())
        lines.append(f"{match[0]} h1:{sum}\n")
        found.append(Migration(match[1], match[2], match[0], data, sum=sum))
    return found, f"h1:{base64.b64encode(whole.digest()).decode()}\n" + "".join(lines)


def checked_atlas(folder):
    found, expected = atlas(folder)
    if pathlib.Path(folder, "atlas.sum").read_text() != expected:
        raise Refusal("checksum mismatch in atlas.sum")
    return found


def prisma(folder):
    return [
        Migration(match[1], "", match[0], data)
        for match, data in matching(folder, r"([^/]+)/migration\.sql", "*/migration.sql")
    ]


def drizzle(folder):
    journal = json.loads(pathlib.Path(folder, "meta/_journal.json").read_text())
    found = []
    for entry in journal["entries"]:
        path = pathlib.Path(folder, entry["tag"] + ".sql")
        if not path.exists():
            raise Refusal(f"no file {path}")
        data = path.read_bytes()
        sql = data.decode().replace("--> statement-breakpoint", ";")
        found.append(Migration(entry["when"], entry["tag"], path.name, data, sql))
    return found


def d1(folder):
    found = [Migration(match[0], match[1], match[0], data) for match, data in matching(folder, r"(.*)\.sql")]
    return sorted(found, key=lambda one: int(one.version.split("_")[0]))


def numbered(folder):
    """An application's own files: a number, then a name."""
    found = [
        Migration(int(match[1]), match[2], match[0], data)
        for match, data in matching(folder, r"(\d+)[_-](.*)\.sql")
    ]
    return sorted(found, key=lambda one: one.version)


def sqldelight(folder):
    found = [
        Migration(int(match[1]) + 1, match[0], match[0], data) for match, data in matching(folder, r"(\d+)\.sqm")
    ]
    return sorted(found, key=lambda one: one.version)


READERS = {
    "goose": goose, "golang-migrate": golang_migrate, "sqlx": sqlx, "diesel": diesel, "refinery": refinery,
    "flyway": flyway, "atlas": checked_atlas, "prisma": prisma, "drizzle": drizzle, "d1": d1,
    "user_version": numbered, "sqldelight": sqldelight, "custom": numbered, "flotilla": numbered,
}
