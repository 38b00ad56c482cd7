import SQLite
import Schema
import TestSupport
import Testing

@testable import Migrations

/// What the formats read from the history tables of their tools, and what they write there.
@Suite struct ToolHistoryTests {
  /// Three migrations in the layout of a format.
  private func set(_ format: String, table: String? = nil) throws -> MigrationSet {
    let names: [String] =
      switch format {
      case "golang-migrate": ["1_a.up.sql", "2_b.up.sql", "3_c.up.sql"]
      case "diesel": ["1_a/up.sql", "2_b/up.sql", "3_c/up.sql"]
      case "prisma": ["1_a/migration.sql", "2_b/migration.sql", "3_c/migration.sql"]
      case "refinery", "flyway": ["V1__a.sql", "V2__b.sql", "V3__c.sql"]
      case "sqldelight": ["1.sqm", "2.sqm", "3.sqm"]
      default: ["1_a.sql", "2_b.sql", "3_c.sql"]
      }
    let marker = ["goose": "-- +goose Up\n", "sql-migrate": "-- +migrate Up\n", "dbmate": "-- migrate:up\n"]
    let texts = names.enumerated().map { "\(marker[format] ?? "")CREATE TABLE t\($0.offset) (a);\n" }
    var files = Dictionary(uniqueKeysWithValues: zip(names, texts))
    if format == "drizzle" {
      files["meta/_journal.json"] =
        #"{"entries": [{"when": 1, "tag": "1_a"}, {"when": 2, "tag": "2_b"}, {"when": 3, "tag": "3_c"}]}"#
    }
    if format == "atlas" { files["atlas.sum"] = ToolFileTests.atlasSum(Array(zip(names, texts))) }
    return try Files(files).load(as: format == "sqldelight" ? "user_version" : format, table: table)
  }

  /// The history of a database with the format's own table, in which `sql` has put rows.
  private func history(_ format: String, _ sql: String) throws -> History {
    let table = try set(format).historyTable
    let database = try database("")
    try table.create(in: database)
    try database.executeScript(sql)
    return try table.read(database)
  }

  private func versions(_ history: History) -> [String]? {
    history.recorded.map { _ in history.versions.map(\.description) }
  }

  @Test(arguments: [
    ("golang-migrate", "INSERT INTO schema_migrations VALUES (2, 1)", ["1"], "2", "dirty is set"),
    (
      "sqlx",
      "INSERT INTO _sqlx_migrations VALUES (1, 'a', '', 1, x'00', 1), (2, 'b', '', 0, x'00', -1)", ["1"], "2",
      "success is 0"
    ),
    (
      "flyway",
      """
      INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, installed_by,
        execution_time, success)
      VALUES (1, '1', 'a', 'SQL', 'V1__a.sql', '', 1, 1), (2, '2', 'b', 'SQL', 'V2__b.sql', '', 1, 0)
      """, ["1"], "2", "success is 0"
    ),
    (
      "flyway",
      """
      INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, installed_by,
        execution_time, success)
      VALUES (1, '1', 'a', 'SQL', 'V1__a.sql', '', 1, 1), (2, '2', 'b', 'SQL', 'V2__b.sql', '', 1, 1),
        (3, '2', 'b', 'UNDO_SQL', 'U2__b.sql', '', 1, 0)
      """, ["1"], "2", "success is 0"
    ),
    (
      "prisma",
      """
      INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, started_at)
      VALUES ('x', '', 5, '1_a', 4), ('y', '', NULL, '2_b', 6)
      """, ["1_a"], "2_b", "Prisma began it"
    ),
    (
      "atlas",
      "INSERT INTO atlas_schema_revisions VALUES ('1', 'a', 2, 3, 3, '', 1, '', '', '', NULL, ''),"
        + "('2', 'b', 2, 1, 3, '', 1, 'no such table', '', '', '[]', '')", ["1"], "2",
      "Atlas ran 1 of its 3 statements"
    ),
    (
      "atlas",
      "INSERT INTO atlas_schema_revisions VALUES ('1', 'a', 2, 3, 3, '', 1, '', '', '', NULL, ''),"
        + "('2', 'b', 2, 3, 3, '', 1, 'no such table', '', '', '[]', '')", ["1"], "2",
      "Atlas has recorded an error"
    ),
  ])
  func `a mark of a half-done migration is read, and the migration isn't taken for applied`(
    format: String, sql: String, applied: [String], half: String, reason: String
  ) throws {
    let history = try history(format, sql)
    #expect(versions(history) == applied)
    #expect(history.unfinished.map(\.key.description) == [half])
    #expect(history.unfinished.values.first?.contains(reason) == true, "\(history.unfinished)")
    #expect(history.obstacle == nil)
  }

  @Test(arguments: [
    ("yoyo", "INSERT INTO yoyo_lock (pid) VALUES (4711)", "yoyo holds its lock (process 4711)"),
    (
      "goose", "INSERT INTO goose_db_version (version_id, is_applied) VALUES ('one', 1)",
      "goose_db_version has a row"
    ),
    ("sqlx", "INSERT INTO _sqlx_migrations VALUES (1, 'a', '', 1, 'text', 1)", "_sqlx_migrations has a row"),
    (
      "drizzle", "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 'now')",
      "__drizzle_migrations has"
    ),
    (
      "diesel", "INSERT INTO __diesel_schema_migrations (version) VALUES (x'00')",
      "__diesel_schema_migrations has a row"
    ),
    (
      "refinery",
      "DROP TABLE refinery_schema_history; CREATE TABLE refinery_schema_history (version INT8 PRIMARY KEY, name, "
        + "applied_on, checksum)", "refinery made this table with its feature int8-versions"
    ),
  ])
  func `what keeps a history from being used is told`(format: String, sql: String, obstacle: String) throws {
    let history = try history(format, sql)
    #expect(history.obstacle?.hasPrefix(obstacle) == true, "\(history)")
  }

  @Test(arguments: [
    ("goose", "INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, 1), (2, 1), (2, 0)", ["1"]),
    (
      "goose", "INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, 0), (1, 1), (3, 1)",
      ["1", "3"]
    ),
    ("goose", "DELETE FROM goose_db_version", []), ("golang-migrate", "", []),
    ("golang-migrate", "INSERT INTO schema_migrations VALUES (3, 0)", ["1", "2", "3"]),
    ("drizzle", "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 2)", ["1", "2"]),
    (
      "prisma",
      """
      INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, started_at, rolled_back_at)
      VALUES ('x', '', NULL, '1_a', 4, 5), ('y', '', 7, '1_a', 6, NULL), ('z', '', 8, '2_b', 8, 9)
      """, ["1_a"]
    ),
    (
      "flyway",
      """
      INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, installed_by,
        execution_time, success)
      VALUES (0, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', '', '', 0, 1),
        (1, '2', '<< Flyway Baseline >>', 'BASELINE', '', '', 0, 1), (2, '3', 'c', 'SQL', '', '', 1, 1),
        (3, '3', 'c', 'UNDO_SQL', '', '', 1, 1), (4, NULL, 'views', 'SQL', 'R__views.sql', '', 1, 1)
      """, ["1", "2"]
    ),
    (
      "flyway",
      """
      INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, installed_by,
        execution_time, success)
      VALUES (1, '1.5', '<< Flyway Baseline >>', 'BASELINE', '', '', 0, 1)
      """, ["1"]
    ),
    (
      "atlas",
      "INSERT INTO atlas_schema_revisions VALUES ('.atlas_cloud_identifier', '', 2, 0, 0, '', 0, '', '', '', NULL, ''),"
        + "('2', 'b', 1, 0, 0, '', 1, '', '', '', NULL, '')", ["1", "2"]
    ),
    ("user_version", "PRAGMA user_version = 2", ["1", "2"]),
    ("user_version", "PRAGMA user_version = 9", ["1", "2", "3", "9"]),
    ("sqldelight", "PRAGMA user_version = 1", []), ("sqldelight", "PRAGMA user_version = 3", ["2", "3"]),
  ])
  func `the rows of a tool tell what is applied`(format: String, sql: String, applied: [String]) throws {
    let history = try history(format, sql)
    #expect(versions(history) == applied)
    #expect(history.unfinished.isEmpty && history.obstacle == nil && history.foreign == nil, "\(history)")
  }

  @Test(arguments: [
    ("dbmate", "CREATE TABLE schema_migrations (version); CREATE TABLE ar_internal_metadata (key)", "Rails"),
    ("dbmate", "CREATE TABLE schema_migrations (version, dirty)", "golang-migrate"),
    (
      "dbmate", "CREATE TABLE schema_migrations (version, name, applied_at)",
      "Flotilla, or the application itself"
    ),
    ("golang-migrate", "CREATE TABLE schema_migrations (version)", "dbmate or Rails"),
    ("flotilla", "CREATE TABLE schema_migrations (version, dirty)", "golang-migrate"),
    ("sqlx", "CREATE TABLE goose_db_version (id)", "goose"),
    ("goose", "PRAGMA user_version = 3", "the application itself, or a library such as Room or SQLDelight"),
    ("user_version", "PRAGMA user_version = 3; CREATE TABLE _sqlx_migrations (version)", "sqlx"),
    ("user_version", "CREATE TABLE schema_migrations (version)", "dbmate or Rails"),
    ("goose", "CREATE TABLE goose_db_version (id)", "goose"),
  ])
  func `the history of another tool is told from the expected one`(format: String, sql: String, tool: String)
    throws
  {
    let history = try set(format).historyTable.read(database(sql))
    #expect(history.recorded == nil && history.foreign?.tool == tool, "\(history)")
  }

  @Test(arguments: MigrationFormats.all.map(\.name) + ["sqldelight"])
  func `what is recorded is read as recorded, and can be removed again`(format: String) throws {
    let set = try set(format)
    let database = try database(
      format == "custom" ? "CREATE TABLE app_version (num INTEGER PRIMARY KEY, sum TEXT, at TEXT)" : "")
    let plan = set.plan(for: try set.historyTable.read(database))
    #expect(plan.pending.count == 3)
    try database.transaction { _ = try Migrator(database, set.historyTable).apply(plan) }
    let history = try set.historyTable.read(database)
    #expect(set.plan(for: history).isCurrent && set.plan(for: history).renamed.isEmpty)
    #expect(history.versions == set.migrations.compactMap(\.version))
    for migration in set.migrations {
      let version = try #require(migration.version)
      #expect(history.checksums[version] == set.historyTable.checksum(of: migration.text, migration))
    }
    try set.historyTable.removeRecord(of: set.latest, in: database)
    let shorter = try set.historyTable.read(database)
    #expect(shorter.versions == history.versions.dropLast())
    try set.historyTable.create(in: database)
    #expect(try set.historyTable.read(database) == shorter)
  }

  @Test(arguments: [
    ("1", "2"), ("1704067200", "unixepoch('now')"), ("1704067200000", "unixepoch('now') * 1000"),
    ("'2024-01-01T10:00:00.000Z'", "strftime('%Y-%m-%dT%H:%M', 'now')"),
    ("'2024-01-01 10:00:00'", "strftime('%Y-%m-%d %H:%M', 'now')"),
  ])
  func `the times in an application's own table keep their form`(last: String, now: String) throws {
    let files = try Files(["1_a.sql": "SELECT 1;", "2_b.sql": "CREATE TABLE b (a);"])
    var folder = MigrationFolder(files.folder.file("migrations"), format: "custom", table: "app_version")
    folder.columns = ["version": "NUM", "applied_at": "at"]
    let set = try MigrationSet.load(folder)
    let database = try database(
      "CREATE TABLE app_version (num INTEGER, at); INSERT INTO app_version VALUES (1, \(last))")
    try database.transaction {
      _ = try Migrator(database, set.historyTable).apply(set.plan(for: set.historyTable.read(database)))
    }
    let found = try database.scalar("SELECT CAST(at AS TEXT) FROM app_version WHERE num = 2")?.text
    let wanted = try database.scalar("SELECT CAST(\(now) AS TEXT)")?.text
    // The clock may go on between the two, but not much.
    #expect(found?.prefix(4) == wanted?.prefix(4) || last == "1")
    #expect(
      found?.count == (last.hasPrefix("'") ? last.count - 2 : last == "1" ? 10 : last.count), "\(found ?? "")"
    )
    #expect(
      try database.scalar("SELECT count(DISTINCT typeof(at)) FROM app_version")?.integer == 1)
  }

  @Test func `a table of another name is used if fleet.yml says so`() throws {
    let set = try set("goose", table: "my versions")
    let database = try database("")
    try database.transaction {
      _ = try Migrator(database, set.historyTable).apply(set.plan(for: History(recorded: nil)))
    }
    #expect(try database.scalar("SELECT max(version_id) FROM \"my versions\"")?.integer == 3)
    #expect(set.historyTable.ownTables == ["my versions"])
  }

  @Test func `a table that only the application makes must be there`() throws {
    let history = try set("custom").historyTable.read(database("CREATE TABLE users (a)"))
    #expect(history.obstacle == "there is no table app_version with the columns that fleet.yml names")
  }
}
