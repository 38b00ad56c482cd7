"""What migration tools do, for those that can't be installed for a test. It shares no code with Flotilla.

Usage: tools.py FORMAT up DATABASE FOLDER [COUNT]   applies the first COUNT migrations, or all, as the tool does
       tools.py FORMAT status DATABASE FOLDER       prints how many are pending; fails where the tool would fail
       tools.py atlas hash FOLDER                   writes atlas.sum
       tools.py FORMAT sum FOLDER                   prints the checksum of each file
"""

import hashlib
import pathlib
import sqlite3
import sys
import time

from tool_files import READERS, Refusal, atlas
from tool_histories import HISTORIES, Flyway, Refinery
from tool_history import sha256


def statements(sql):
    """The statements of a script, as SQLite's own parser divides it."""
    text = ""
    for character in sql:
        text += character
        if character == ";" and sqlite3.complete_statement(text):
            yield text
            text = ""
    if text.strip():
        yield text


def open_history(format, path):
    database = sqlite3.connect(path, isolation_level=None)
    return database, HISTORIES[format](database)


def up(format, path, folder, count=None):
    database, history = open_history(format, path)
    history.prepare()
    migrations = READERS[format](folder)
    applied = history.status(migrations)
    for migration in migrations[: int(count) if count else len(migrations)]:
        if migration.version in applied:
            continue
        start = time.monotonic_ns()
        if migration.in_transaction:
            database.execute("BEGIN")
        for statement in statements(migration.sql):
            database.execute(statement)
        history.record(migration, time.monotonic_ns() - start)
        if migration.in_transaction:
            database.execute("COMMIT")
    database.close()


def status(format, path, folder):
    database, history = open_history(format, path)
    empty, expected = open_history(format, ":memory:")
    expected.prepare()
    if history.shape() != expected.shape():
        raise Refusal(f"{history.table} has columns {history.shape()}, and not {expected.shape()}")
    migrations = READERS[format](folder)
    print(len({one.version for one in migrations} - history.status(migrations)))


def sums(format, folder):
    digest = {
        "sqlx": lambda one: hashlib.sha384(one.data).hexdigest(), "atlas": lambda one: one.sum,
        "flyway": Flyway.checksum, "refinery": Refinery.checksum,
    }.get(format, lambda one: sha256(one.data))
    for migration in READERS[format](folder):
        print(migration.file, digest(migration))


def main(format, command, *arguments):
    if (format, command) == ("atlas", "hash"):
        pathlib.Path(arguments[0], "atlas.sum").write_text(atlas(arguments[0])[1])
    else:
        {"up": up, "status": status, "sum": sums}[command](format, *arguments)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Refusal as refusal:
        sys.exit(f"{sys.argv[1]}: {refusal}")
