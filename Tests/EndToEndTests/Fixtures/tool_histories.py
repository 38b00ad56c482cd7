"""The history tables of migration tools: how each tool creates its table, records a migration, and reads the table.

`status` of a history returns the versions that the tool takes for applied. It refuses what the tool refuses, and
what it couldn't read: marks of half-done migrations, other checksums, and values of other types.
"""

import datetime
import hashlib
import uuid
import zlib

from tool_files import Refusal
from tool_history import History, now, sha256, siphash13


class Goose(History):
    table, key = "goose_db_version", "version_id"
    create = (
        """CREATE TABLE IF NOT EXISTS goose_db_version (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            version_id INTEGER NOT NULL,
            is_applied INTEGER NOT NULL,
            tstamp TIMESTAMP DEFAULT (datetime('now'))
        )""",
        "INSERT INTO goose_db_version (version_id, is_applied) SELECT 0, 1 "
        "WHERE (SELECT count(*) FROM goose_db_version) = 0",
    )
    columns = (("id", "integer"), ("version_id", "integer"), ("is_applied", "integer"), ("tstamp", "text"))

    def record(self, migration, nanoseconds):
        self.database.execute(
            "INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1)", (migration.version,))

    def rows(self):
        rows = sorted(super().rows(), key=lambda row: row["id"])
        if not rows or rows[0]["version_id"] != 0:
            raise Refusal("the first row is not that of version 0")
        return (row for row in rows if row["version_id"] != 0)

    def status(self, migrations):
        applied = super().status(migrations)
        if missing := [one.version for one in migrations if one.version not in applied and one.version < max(applied or [0])]:
            raise Refusal(f"found missing migrations before the current version: {missing}")
        return applied


class GolangMigrate(History):
    table, key = "schema_migrations", "version"
    create = (
        "CREATE TABLE IF NOT EXISTS schema_migrations (version uint64,dirty bool)",
        "CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON schema_migrations (version)",
    )
    columns = (("version", "integer"), ("dirty", "integer"))

    def record(self, migration, nanoseconds):
        self.database.execute("DELETE FROM schema_migrations")
        self.database.execute("INSERT INTO schema_migrations (version, dirty) VALUES (?, 0)", (migration.version,))

    def check(self, row, migration):
        if row["dirty"] != 0:
            raise Refusal(f"dirty database version {row['version']}")

    def status(self, migrations):
        versions = super().status(migrations)
        if len(versions) > 1:
            raise Refusal("there is more than one row")
        return {one.version for one in migrations if versions and one.version <= max(versions)}


class SQLx(History):
    table, key = "_sqlx_migrations", "version"
    create = (
        """CREATE TABLE IF NOT EXISTS _sqlx_migrations (
            version BIGINT PRIMARY KEY,
            description TEXT NOT NULL,
            installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
            success BOOLEAN NOT NULL,
            checksum BLOB NOT NULL,
            execution_time BIGINT NOT NULL
        )""",
    )
    columns = (
        ("version", "integer"), ("description", "text"), ("installed_on", "text"), ("success", "integer"),
        ("checksum", "blob"), ("execution_time", "integer"),
    )

    def record(self, migration, nanoseconds):
        self.database.execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) "
            "VALUES (?, ?, TRUE, ?, ?)",
            (migration.version, migration.name, hashlib.sha384(migration.data).digest(), nanoseconds))

    def check(self, row, migration):
        if row["success"] != 1:
            raise Refusal(f"migration {row['version']} is partially applied; fix and remove row")
        if row["checksum"] != hashlib.sha384(migration.data).digest():
            raise Refusal(f"migration {row['version']} was previously applied but has been modified")
        if row["description"] != migration.name:
            raise Refusal(f"the description of {row['version']} is {row['description']!r}")


class Diesel(History):
    table, key = "__diesel_schema_migrations", "version"
    create = (
        """CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (
            version VARCHAR(50) PRIMARY KEY NOT NULL,
            run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
        )""",
    )
    columns = (("version", "text"), ("run_on", "text"))

    def record(self, migration, nanoseconds):
        self.database.execute(
            "INSERT INTO __diesel_schema_migrations (version) VALUES (?)", (migration.version,))


class Refinery(History):
    table, key = "refinery_schema_history", "version"
    create = (
        """CREATE TABLE IF NOT EXISTS refinery_schema_history(
             version INT4 PRIMARY KEY,
             name VARCHAR(255),
             applied_on VARCHAR(255),
             checksum VARCHAR(255))""",
    )
    columns = (("version", "integer"), ("name", "text"), ("applied_on", "text"), ("checksum", "text"))

    @staticmethod
    def checksum(migration):
        name, number = migration.name.encode(), migration.version.to_bytes(4, "little", signed=True)
        return str(siphash13(name + b"\xff" + number + migration.data + b"\xff"))

    def record(self, migration, nanoseconds):
        self.database.execute(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (?, ?, ?, ?)",
            (migration.version, migration.name, now().isoformat(), self.checksum(migration)))

    def check(self, row, migration):
        applied = datetime.datetime.fromisoformat(row["applied_on"].replace("Z", "+00:00"))
        if applied.tzinfo is None:
            raise Refusal("applied_on has no offset, as RFC 3339 wants it")
        if (row["name"], row["checksum"]) != (migration.name, self.checksum(migration)):
            raise Refusal(f"applied migration {row['version']} is different than filesystem one")


class Flyway(History):
    table, key = "flyway_schema_history", "version"
    create = (
        """CREATE TABLE IF NOT EXISTS "flyway_schema_history" (
            "installed_rank" INT NOT NULL PRIMARY KEY,
            "version" VARCHAR(50),
            "description" VARCHAR(200) NOT NULL,
            "type" VARCHAR(20) NOT NULL,
            "script" VARCHAR(1000) NOT NULL,
            "checksum" INT,
            "installed_by" VARCHAR(100) NOT NULL,
            "installed_on" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')),
            "execution_time" INT NOT NULL,
            "success" BOOLEAN NOT NULL
        )""",
        'CREATE INDEX IF NOT EXISTS "flyway_schema_history_s_idx" ON "flyway_schema_history" ("success")',
    )
    columns = (
        ("installed_rank", "integer"), ("version", "text"), ("description", "text"), ("type", "text"),
        ("script", "text"), ("checksum", "integer"), ("installed_by", "text"), ("installed_on", "text"),
        ("execution_time", "integer"), ("success", "integer"),
    )

    @staticmethod
    def checksum(migration):
        crc = 0
        for line in migration.data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n"):
            crc = zlib.crc32(line.encode(), crc)
        return crc - (1 << 32) if crc >= 1 << 31 else crc

    def record(self, migration, nanoseconds):
        rank = self.database.execute("SELECT coalesce(max(installed_rank), 0) + 1 FROM flyway_schema_history")
        self.database.execute(
            "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, "
            "installed_by, execution_time, success) VALUES (?, ?, ?, 'SQL', ?, ?, '', ?, 1)",
            (rank.fetchone()[0], migration.version, migration.name, migration.file, self.checksum(migration),
             nanoseconds // 1_000_000))

    def check(self, row, migration):
        datetime.datetime.strptime(row["installed_on"], "%Y-%m-%d %H:%M:%S.%f")
        if row["success"] != 1:
            raise Refusal(f"detected failed migration to version {row['version']}")
        found = (row["type"], row["description"], row["script"], row["checksum"])
        if found != ("SQL", migration.name, migration.file, self.checksum(migration)):
            raise Refusal(f"validate failed: {found} for {migration.file}")


class Atlas(History):
    table, key = "atlas_schema_revisions", "version"
    create = (
        """CREATE TABLE IF NOT EXISTS `atlas_schema_revisions` (`version` text NOT NULL, `description` text NOT NULL,
            `type` integer NOT NULL DEFAULT (2), `applied` integer NOT NULL DEFAULT (0),
            `total` integer NOT NULL DEFAULT (0), `executed_at` datetime NOT NULL,
            `execution_time` integer NOT NULL, `error` text NULL, `error_stmt` text NULL, `hash` text NOT NULL,
            `partial_hashes` json NULL, `operator_version` text NOT NULL, PRIMARY KEY (`version`))""",
    )
    columns = (
        ("version", "text"), ("description", "text"), ("type", "integer"), ("applied", "integer"),
        ("total", "integer"), ("executed_at", "text"), ("execution_time", "integer"), ("error", "text null"),
        ("error_stmt", "text null"), ("hash", "text"), ("partial_hashes", "text null"), ("operator_version", "text"),
    )

    def record(self, migration, nanoseconds):
        self.database.execute(
            "INSERT INTO atlas_schema_revisions VALUES (?, ?, 2, 1, 1, ?, ?, '', '', ?, 'null', 'Atlas CLI v0.24')",
            (migration.version, migration.name, now().isoformat(" "), nanoseconds, migration.sum))

    def check(self, row, migration):
        datetime.datetime.fromisoformat(row["executed_at"])
        if row["error"] or row["applied"] < row["total"]:
            raise Refusal(f"version {row['version']} was partially applied")
        if (row["hash"], row["description"]) != (migration.sum, migration.name):
            raise Refusal(f"checksum mismatch for {migration.file}")


class Prisma(History):
    table, key = "_prisma_migrations", "migration_name"
    create = (
        """CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
            "id"                    TEXT PRIMARY KEY NOT NULL,
            "checksum"              TEXT NOT NULL,
            "finished_at"           DATETIME,
            "migration_name"        TEXT NOT NULL,
            "logs"                  TEXT,
            "rolled_back_at"        DATETIME,
            "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
            "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
        )""",
    )
    columns = (
        ("id", "text"), ("checksum", "text"), ("finished_at", "integer text null"), ("migration_name", "text"),
        ("logs", "text null"), ("rolled_back_at", "integer text null"), ("started_at", "integer text"),
        ("applied_steps_count", "integer"),
    )

    def record(self, migration, nanoseconds):
        time = int(now().timestamp() * 1000)
        self.database.execute(
            "INSERT INTO _prisma_migrations (id, checksum, started_at, finished_at, migration_name, "
            "applied_steps_count) VALUES (?, ?, ?, ?, ?, 1)",
            (str(uuid.uuid4()), sha256(migration.data), time, time, migration.version))

    def rows(self):
        return (row for row in super().rows() if row["rolled_back_at"] is None)

    def check(self, row, migration):
        uuid.UUID(row["id"])
        if row["finished_at"] is None:
            raise Refusal(f"the migration {migration.version} failed")
        lines = migration.data.replace(b"\r\n", b"\n")
        if row["checksum"] not in [sha256(data) for data in (migration.data, lines, lines.replace(b"\n", b"\r\n"))]:
            raise Refusal(f"the migration {migration.version} was modified after it was applied")


class Drizzle(History):
    table, key = "__drizzle_migrations", "created_at"
    create = (
        "CREATE TABLE IF NOT EXISTS __drizzle_migrations "
        "(id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)",
    )
    columns = (("id", "null"), ("hash", "text"), ("created_at", "integer"))

    def record(self, migration, nanoseconds):
        self.database.execute(
            "INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)",
            (sha256(migration.data), float(migration.version)))

    def status(self, migrations):
        last = max((row["created_at"] for row in self.rows()), default=None)
        return {one.version for one in migrations if last is not None and one.version <= last}


class D1(History):
    table, key = "d1_migrations", "name"
    create = (
        """CREATE TABLE IF NOT EXISTS d1_migrations(
            id         INTEGER PRIMARY KEY AUTOINCREMENT,
            name       TEXT UNIQUE,
            applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
        )""",
    )
    columns = (("id", "integer"), ("name", "text"), ("applied_at", "text"))

    def record(self, migration, nanoseconds):
        self.database.execute("INSERT INTO d1_migrations (name) VALUES (?)", (migration.version,))


class UserVersion(History):
    """The number in the file's header."""

    def record(self, migration, nanoseconds):
        self.database.execute(f"PRAGMA user_version = {migration.version}")

    def status(self, migrations):
        number = self.database.execute("PRAGMA user_version").fetchone()[0]
        if number > max(one.version for one in migrations):
            raise Refusal(f"the database is from a newer version, {number}")
        return {one.version for one in migrations if one.version <= number}


class Custom(History):
    """A table of an application's own."""

    table, key = "app_version", "num"
    create = (
        "CREATE TABLE IF NOT EXISTS app_version (num INTEGER PRIMARY KEY, title TEXT NOT NULL, sum TEXT NOT NULL, "
        "at TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind = 'sql'))",
    )
    columns = (("num", "integer"), ("title", "text"), ("sum", "text"), ("at", "text"), ("kind", "text"))

    def record(self, migration, nanoseconds):
        self.database.execute(
            "INSERT INTO app_version VALUES (?, ?, ?, CURRENT_TIMESTAMP, 'sql')",
            (migration.version, migration.name, sha256(migration.data)))

    def check(self, row, migration):
        if (row["title"], row["sum"]) != (migration.name, sha256(migration.data)):
            raise Refusal(f"{migration.file} is not what was applied")


class Flotilla(History):
    """The table of Flotilla's own format, as an application creates it."""

    table, key = "schema_migrations", "version"
    create = (
        "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
        "applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
    )
    columns = (("version", "integer"), ("name", "text"), ("applied_at", "text"))

    def record(self, migration, nanoseconds):
        self.database.execute(
            "INSERT INTO schema_migrations (version, name) VALUES (?, ?)", (migration.version, migration.name))

    def check(self, row, migration):
        if row["name"] != migration.name:
            raise Refusal(f"version {row['version']} is {row['name']!r}")


HISTORIES = {
    "goose": Goose, "golang-migrate": GolangMigrate, "sqlx": SQLx, "diesel": Diesel, "refinery": Refinery,
    "flyway": Flyway, "atlas": Atlas, "prisma": Prisma, "drizzle": Drizzle, "d1": D1,
    "user_version": UserVersion, "sqldelight": UserVersion, "custom": Custom, "flotilla": Flotilla,
}
