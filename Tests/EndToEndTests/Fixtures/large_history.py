"""A long history as applications have it: sixty migrations in the layout of a tool, and databases at every version.

Usage: large_history.py FORMAT write FOLDER           writes the migrations; prints what fleet.yml has to allow
       large_history.py FORMAT databases FOLDER INTO  makes INTO/db/atN.sqlite for every N, as the tool leaves it, and
                                                      INTO/plain/atN.sqlite, to which the rest was applied plainly
       large_history.py FORMAT compare INTO           fails with the first difference between the two

The same format always gives the same history. FORMAT is diesel, golang-migrate or sqlx.
"""

import pathlib
import random
import shutil
import sqlite3
import sys

from tool_files import READERS
from tool_histories import HISTORIES
from tools import statements

COUNT = 60


class Generator:
    """Writes migrations that fit each other. It knows the tables, and the columns besides id."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tables, self.indexes, self.views, self.searched = {}, {}, {}, []
        self.deletes, self.changes, self.emptied, self.number = {}, {}, set(), 0

    def table(self):
        return self.random.choice(sorted(self.tables))

    def definition(self, table, name=None):
        parent, columns = self.tables[table]
        reference = f", parent INTEGER REFERENCES {parent} (id) ON DELETE CASCADE" if parent else ""
        lines = "".join(f",\n  {column} {kind}" for column, kind in columns.items())
        return f"CREATE TABLE {name or table} (\n  id INTEGER PRIMARY KEY AUTOINCREMENT{reference}{lines}\n);\n"

    def create(self):
        table, parent = f"t{self.number}", self.table() if self.tables else None
        self.tables[table] = (parent, {"name": "TEXT NOT NULL DEFAULT ''", "n": "INTEGER DEFAULT 0"})
        return self.definition(table) + f"INSERT INTO {table} (name, n) VALUES ('first; row', {self.number});\n"

    def add_column(self):
        table, column = self.table(), f"c{self.number}"
        kind = self.random.choice(["TEXT", "INTEGER NOT NULL DEFAULT 7", "REAL", "BLOB DEFAULT x'00ff'"])
        self.tables[table][1][column] = kind
        return f"ALTER TABLE {table} ADD COLUMN {column} {kind};\nUPDATE {table} SET {column} = id WHERE {column} IS NULL;\n"

    def index(self):
        table = self.table()
        self.indexes[f"i{self.number}"] = sql = f"CREATE INDEX i{self.number} ON {table} (n, name) WHERE n > 3;\n"
        return sql

    def drop_index(self):
        if not self.indexes:
            return self.index()
        name = self.random.choice(sorted(self.indexes))
        del self.indexes[name]
        return f"DROP INDEX IF EXISTS {name};\n"

    def trigger(self):
        table = self.table()
        return (
            f"CREATE TRIGGER g{self.number} AFTER UPDATE OF n ON {table} WHEN new.n > 1000\nBEGIN\n"
            f"  UPDATE {table} SET name = name || ';' WHERE id = new.id;\n  SELECT 'END';\nEND;\n")

    def attached(self, table):
        """What goes with a table, and has to be made again."""
        indexes = [sql for sql in self.indexes.values() if f" ON {table} " in sql]
        searches = [self.sync(table)] if table in self.searched else []
        return "".join(indexes + searches)

    def rebuilt(self):
        """A table to rebuild. If its last rows were deleted, its AUTOINCREMENT is set back, which is meant."""
        table = self.table()
        if table in self.emptied:
            self.changes[self.number] = [f"sqlite_sequence.{table}"]
        return table

    def rebuild(self):
        table = self.rebuilt()
        parent, columns = self.tables[table]
        columns["n"] = self.random.choice(["INTEGER DEFAULT 0", "INTEGER DEFAULT 1", "NUMERIC DEFAULT 0"])
        names = ", ".join(["id"] + (["parent"] if parent else []) + list(columns))
        return (
            "PRAGMA foreign_keys = OFF;\n" + "".join(f"DROP VIEW {view};\n" for view in self.views_of(table))
            + self.definition(table, f"new_{table}")
            + f"INSERT INTO new_{table} ({names}) SELECT {names} FROM {table};\nDROP TABLE {table};\n"
            + f"ALTER TABLE new_{table} RENAME TO {table};\n{self.attached(table)}"
            + "".join(self.views[view][1] for view in self.views_of(table)) + "PRAGMA foreign_keys = ON;\n")

    def views_of(self, table):
        return [view for view, (source, _) in self.views.items() if source == table]

    def old_rebuild(self):
        """The way of older applications, which keeps the references of other tables only with the pragma."""
        table = self.rebuilt()
        parent, columns = self.tables[table]
        names = ", ".join(["id"] + (["parent"] if parent else []) + list(columns))
        return (
            "PRAGMA foreign_keys=0;\nPRAGMA legacy_alter_table = ON;\n"
            + f"ALTER TABLE {table} RENAME TO old_{table};\n" + self.definition(table)
            + f"INSERT INTO {table} ({names}) SELECT {names} FROM old_{table};\nDROP TABLE old_{table};\n"
            + self.attached(table) + "PRAGMA legacy_alter_table = OFF;\nPRAGMA foreign_keys=1;\n")

    def sync(self, table):
        """Triggers that keep a search table in step."""
        new = f"INSERT INTO f{table} (rowid, name) VALUES (new.id, new.name);"
        old = f"INSERT INTO f{table} (f{table}, rowid, name) VALUES ('delete', old.id, old.name);"
        return (
            f"CREATE TRIGGER f{table}_ai AFTER INSERT ON {table} BEGIN {new} END;\n"
            f"CREATE TRIGGER f{table}_ad AFTER DELETE ON {table} BEGIN {old} END;\n"
            f"CREATE TRIGGER f{table}_au AFTER UPDATE ON {table} BEGIN\n  {old}\n  {new}\nEND;\n")

    def search(self):
        free = sorted(set(self.tables) - set(self.searched))
        if not free:
            return self.placeholder()
        table = self.random.choice(free)
        self.searched.append(table)
        return (
            f"CREATE VIRTUAL TABLE f{table} USING fts5(name, content='{table}', content_rowid='id');\n"
            f"INSERT INTO f{table} (rowid, name) SELECT id, name FROM {table};\n" + self.sync(table))

    def view(self):
        table = self.table()
        sql = f"CREATE VIEW v{self.number} AS SELECT id, name FROM {table} WHERE n > 0;\n"
        self.views[f"v{self.number}"] = (table, sql)
        return sql

    def drop_view(self):
        return f"DROP VIEW {self.views.popitem()[0]};\n" if self.views else self.placeholder()

    def update(self):
        return f"-- it's time; to count\nUPDATE {self.table()} SET n = n + {self.number} WHERE id % 3 = 1;\n"

    def delete(self):
        table = self.table()
        self.emptied.add(table)
        self.deletes[self.number] = [table] + [f"f{table}"] * (table in self.searched)
        children = sorted(one for one, (parent, _) in self.tables.items() if parent == table)
        emptied = "".join(f"UPDATE {one} SET parent = NULL WHERE parent % 5 = 4;\n" for one in children)
        return f"{emptied}DELETE FROM {table} WHERE id % 5 = 4;\n"

    def transaction(self):
        return "BEGIN TRANSACTION;\nPRAGMA defer_foreign_keys = ON;\n" + self.add_column() + "COMMIT;\n"

    def placeholder(self):
        return self.random.choice(["-- nothing to do here; see the next one\n", "/* moved */\n\n"])

    def next(self, number):
        self.number = number
        if number <= 3 or number % 17 == 0:
            return self.create()
        return self.random.choice([
            self.create, self.add_column, self.add_column, self.index, self.drop_index, self.trigger, self.rebuild,
            self.rebuild, self.old_rebuild, self.search, self.view, self.drop_view, self.update, self.delete,
            self.transaction, self.placeholder,
        ])()


def write(format, folder):
    generator = Generator(format)
    for number in range(1, COUNT + 1):
        text = generator.next(number)
        # Diesel alone refuses a file without a byte.
        if number % 19 == 0 and format != "diesel" and text.startswith(("--", "/*")):
            text = ""
        version = {"diesel": f"2024-01-{number:02}-000000", "golang-migrate": f"{number:06}", "sqlx": f"{number:04}"}
        path = pathlib.Path(folder, f"{version[format]}_step")
        down = "CREATE TABLE down_ran (a);\n"
        if format == "diesel":
            path.mkdir(parents=True)
            (path / "up.sql").write_text(text)
            (path / "down.sql").write_text(down)
        else:
            path.parent.mkdir(exist_ok=True)
            path.with_suffix(".up.sql").write_text(text)
            path.with_suffix(".down.sql").write_text(down)
    names = [one.version for one in READERS[format](folder)]
    for key in ("deletes", "changes"):
        found = getattr(generator, key).items()
        lines = [f'"{names[number - 1]}": [{", ".join(allowed)}]' for number, allowed in found]
        print(f"{key}: {{" + ", ".join(lines) + "}", end=", " if key == "deletes" else "\n")


def run(database, migration):
    for statement in statements(migration.sql):
        database.execute(statement)
    database.execute("PRAGMA legacy_alter_table = OFF")


def work(database, chance):
    """What the application does between two upgrades."""
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE name GLOB 't[0-9]*' ORDER BY 1")]
    for table in chance.sample(tables, min(3, len(tables))):
        for number in range(3):
            database.execute(f"INSERT INTO {table} (name, n) VALUES (?, ?)", (f"word{number} of {table}", number * 4))


def databases(format, folder, into):
    migrations, chance = READERS[format](folder), random.Random(format)
    for name in ("db", "plain"):
        pathlib.Path(into, name).mkdir(parents=True, exist_ok=True)
    growing = pathlib.Path(into, "growing.sqlite")
    for done in range(len(migrations) + 1):
        database = sqlite3.connect(growing, isolation_level=None)
        database.execute("PRAGMA synchronous = OFF")
        history = HISTORIES[format](database)
        history.prepare()
        if done > 0:
            run(database, migrations[done - 1])
            history.record(migrations[done - 1], 1)
        work(database, chance)
        database.close()
        path = pathlib.Path(into, "plain", f"at{done:02}.sqlite")
        shutil.copyfile(growing, pathlib.Path(into, "db", path.name))
        shutil.copyfile(growing, path)
        plain = sqlite3.connect(path, isolation_level=None)
        plain.execute("PRAGMA synchronous = OFF")
        for migration in migrations[done:]:
            run(plain, migration)
        plain.close()


def content(path, history):
    """The schema, and the rows of every table. The inner tables of a search table depend on the transactions."""
    database = sqlite3.connect(path)
    schema = database.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name <> ? ORDER BY 1, 2", (history,)).fetchall()
    yield from schema
    for kind, name, _, sql in schema:
        if kind == "table" and not name.startswith(("sqlite_", "ft")):
            yield name, database.execute(f'SELECT * FROM "{name}" ORDER BY rowid').fetchall()
        if kind == "table" and sql and "USING fts5" in sql:
            yield name, database.execute(f"SELECT rowid FROM {name} WHERE {name} MATCH 'word1' ORDER BY 1").fetchall()
    if any(name == "sqlite_sequence" for _, name, _, _ in schema):
        yield "sequence", database.execute("SELECT * FROM sqlite_sequence ORDER BY 1").fetchall()


def compare(format, into):
    history = HISTORIES[format].table
    for path in sorted(pathlib.Path(into, "plain").iterdir()):
        plain, upgraded = list(content(path, history)), list(content(pathlib.Path(into, "db", path.name), history))
        for one, other in zip(plain, upgraded):
            if one != other:
                sys.exit(f"{path.name}: {one}\n is not {other}")
        if len(plain) != len(upgraded):
            sys.exit(f"{path.name}: {len(plain)} and {len(upgraded)} things")


if __name__ == "__main__":
    {"write": write, "databases": databases, "compare": compare}[sys.argv[2]](sys.argv[1], *sys.argv[3:])
