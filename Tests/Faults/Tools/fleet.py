"""A fleet of three databases in one folder, and the program that works on it."""

import os
import shutil
import sqlite3
import subprocess

# Words that no message has by itself.
IDS = ["berlin", "lima", "oslo"]

TABLES = """
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE books (
  id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES authors (id), title TEXT NOT NULL, cover BLOB);
CREATE INDEX idx_books_author ON books (author);
"""

HISTORY = """
CREATE TABLE schema_migrations (
  version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
INSERT INTO schema_migrations VALUES (1, 'create_tables', '2024-01-01 00:00:00');
"""

MIGRATIONS = {
    "0001_create_tables.sql": TABLES,
    "0002_add_born_to_authors.sql": "ALTER TABLE authors ADD COLUMN born INTEGER;\n",
    "0003_books_go_with_their_author.sql": """
CREATE TABLE new_books (
  id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES authors (id) ON DELETE CASCADE, title TEXT NOT NULL,
  cover BLOB);
INSERT INTO new_books (id, author, title, cover) SELECT id, author, title, cover FROM books ORDER BY id;
DROP TABLE books;
ALTER TABLE new_books RENAME TO books;
CREATE INDEX idx_books_author ON books (author);
-- @expect foreign key books.author on delete cascade
""",
}

SETTINGS = """
fleet: library
migrations: migrations
installations:
  - { files: db/*.sqlite }
rollout: { concurrency: LANES, max_failures: 3, busy_timeout: 2s }
backup: { keep: KEEP, compress: COMPRESS }
"""


def make(root, lanes=1, keep=3, compress="none"):
    """Makes the fleet: Berlin has a rollback journal, Lima pages of 1,024 bytes, Oslo a log (WAL) with rows in it."""
    os.makedirs(os.path.join(root, "db"))
    os.makedirs(os.path.join(root, "migrations"))
    for name, sql in MIGRATIONS.items():
        with open(os.path.join(root, "migrations", name), "w") as file:
            file.write(sql)
    with open(os.path.join(root, "fleet.yml"), "w") as file:
        file.write(SETTINGS.replace("LANES", str(lanes)).replace("KEEP", str(keep)).replace("COMPRESS", compress))
    fill(os.path.join(root, "db", "berlin.sqlite"), "DELETE", 4096, 40)
    fill(os.path.join(root, "db", "lima.sqlite"), "DELETE", 1024, 25)
    fill(os.path.join(root, "db", "oslo.sqlite"), "WAL", 4096, 40)


def fill(path, mode, page_size, books):
    database = sqlite3.connect(path, isolation_level=None)
    database.execute(f"PRAGMA page_size={page_size}")
    database.execute(f"PRAGMA journal_mode={mode}")
    database.executescript("BEGIN;" + TABLES + HISTORY + "COMMIT;")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("BEGIN")
    database.executemany("INSERT INTO authors VALUES (?, ?)", [(i, f"author {i}") for i in range(1, 4)])
    database.executemany(
        "INSERT INTO books VALUES (?, ?, ?, ?)",
        [(i, i % 3 + 1, f"book {i} of " + os.path.basename(path), bytes([i]) * (i * 7)) for i in range(1, books)])
    database.execute("COMMIT")
    # What a connection that is closed would write back stays in the log of a program that was killed.
    if mode == "WAL":
        shutil.copyfile(path, path + "-copy")
        shutil.copyfile(path + "-wal", path + "-copy-wal")
    database.close()
    if mode == "WAL":
        os.rename(path + "-copy", path)
        os.rename(path + "-copy-wal", path + "-wal")


def add_row(root):
    """Writes into each database, as an application does."""
    for id in IDS:
        database = sqlite3.connect(os.path.join(root, "db", id + ".sqlite"), isolation_level=None)
        database.execute("INSERT INTO authors (name) VALUES ('a late one')")
        database.close()


def empty(folder):
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def write(root, image):
    """Puts the files and folders of an image in place of what the folder holds."""
    empty(root)
    for path, content in sorted(image.items()):
        path = os.path.join(root, path)
        if content is None:
            os.mkdir(path, 0o700)
        else:
            with open(path, "wb") as file:
                file.write(content)


def copy(source, root):
    """Puts a copy of the folder `source` in place of what the folder holds."""
    empty(root)
    shutil.copytree(source, root, dirs_exist_ok=True, symlinks=True)


class Result:
    """What a run left: its status (negative for a signal, None when it didn't end), and what it said."""

    def __init__(self, status, output, errors):
        self.status = status
        self.output = output
        self.errors = errors
        # Long lines are folded, so that words can stand on two.
        self.words = " ".join((output + " " + errors).split())


def run(program, arguments, root, shim=None, timeout=60, **settings):
    """Runs the program; `settings` are the shim's."""
    environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}
    if shim:
        environment["LD_PRELOAD"] = shim
        environment.update({"SHIM_" + key.upper(): str(value) for key, value in settings.items()}, SHIM_ROOT=root)
    try:
        done = subprocess.run(
            [program] + arguments, cwd=root, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=timeout)
    except subprocess.TimeoutExpired as error:
        text = lambda data: (data or b"").decode("utf-8", "replace")
        return Result(None, text(error.stdout), text(error.stderr))
    return Result(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
