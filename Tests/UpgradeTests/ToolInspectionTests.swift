import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing

@testable import Upgrade

/// The histories of other tools are read from the pages of a file like our own, and say what SQLite says.
@Suite struct ToolInspectionTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let names: [String: String] = [
    "golang-migrate": "N_a.up.sql", "diesel": "N_a/up.sql", "prisma": "N_a/migration.sql",
    "refinery": "VN__a.sql",
    "flyway": "VN__a.sql",
  ]
  private static let markers = [
    "goose": "-- +goose Up\n", "sql-migrate": "-- +migrate Up\n", "dbmate": "-- migrate:up\n",
  ]
  /// The formats whose histories are read from the pages.
  private static let quick = [
    "goose", "sql-migrate", "golang-migrate", "dbmate", "sqlx", "diesel", "flyway", "prisma", "drizzle", "d1",
    "refinery", "user_version", "custom", "flotilla",
  ]

  private func set(_ format: String) throws -> MigrationSet {
    for number in 1...4 {
      let name = (Self.names[format] ?? "N_a.sql").replacing("N", with: "\(number)")
      try folder.write((Self.markers[format] ?? "") + "CREATE TABLE t\(number) (a);\n", to: "m/\(name)")
    }
    if format == "drizzle" {
      let entries = (1...4).map { #"{"when": \#($0), "tag": "\#($0)_a"}"# }.joined(separator: ", ")
      try folder.write(#"{"entries": [\#(entries)]}"#, to: "m/meta/_journal.json")
    }
    var settings = MigrationFolder(folder.file("m"), format: format)
    if format == "custom" {
      settings.table = "app_version"
      settings.columns = ["version": "num", "checksum": "sum", "applied_at": "at"]
    }
    return try MigrationSet.load(settings)
  }

  /// A database in which these versions are recorded, and on which `sql` has run.
  private func database(_ set: MigrationSet, versions: Int, _ sql: String = "") throws -> String {
    let path = try folder.database(
      "a.db", "CREATE TABLE app_version (num INTEGER PRIMARY KEY, sum TEXT, at TEXT); DROP TABLE app_version;"
    )
    let database = try Connection(path: path, access: .readWrite)
    defer { database.close() }
    if set.historyTable.name == "app_version" {
      try database.execute("CREATE TABLE app_version (num INTEGER PRIMARY KEY, sum TEXT, at TEXT)")
    }
    try database.transaction {
      let plan = Plan(baseline: nil, pending: Array(set.migrations.prefix(versions)))
      _ = try Migrator(database, set.historyTable).apply(plan)
    }
    try database.executeScript(sql)
    return path
  }

  private func touch(_ path: String, _ seconds: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: seconds)], ofItemAtPath: path)
  }

  /// Whether the file is read without SQLite, after the comparison of both ways.
  private func isQuick(_ path: String, _ set: MigrationSet, location: SourceLocation = #_sourceLocation)
    throws
    -> Bool
  {
    let inspector = LocalWorker(set, ExpectedSchema(set), UpgradeOptions()).inspector
    // A file that has just changed is left to SQLite.
    try touch(path, 3600)
    let expected = inspector.inspect(path)
    try touch(path, -60)
    #expect(inspector.inspect(path) == expected, sourceLocation: location)
    let file = try? DatabaseFile.inspect(path).get()
    let look = file.flatMap { FastInspection(path, $0, inspector.cache, HistoryLayouts(), set.historyTable) }
    guard let look else { return false }
    let database = try Connection(path: path, access: .readWrite)
    defer { database.close() }
    #expect(try set.historyTable.read(database) == look.history, sourceLocation: location)
    return true
  }

  @Test(arguments: quick, 0...4)
  func `a history of any length is read from its pages`(format: String, versions: Int) throws {
    let set = try set(format)
    #expect(try isQuick(database(set, versions: versions), set))
  }

  @Test(arguments: [
    ("yoyo", ""),
    (
      "refinery",
      "CREATE TABLE x (version INT8 PRIMARY KEY, name, applied_on, checksum); DROP TABLE refinery_schema_history;"
        + "ALTER TABLE x RENAME TO refinery_schema_history"
    ),
    ("dbmate", "CREATE TABLE ar_internal_metadata (key)"),
    ("goose", "CREATE TRIGGER x AFTER INSERT ON goose_db_version BEGIN SELECT 1; END"),
    ("custom", "DROP TABLE app_version"), ("goose", "DROP TABLE goose_db_version; PRAGMA user_version = 3"),
    ("user_version", "CREATE TABLE goose_db_version (a)"),
    ("sqlx", "DROP TABLE _sqlx_migrations; CREATE TABLE _sqlx_migrations (a)"),
    ("golang-migrate", "ALTER TABLE schema_migrations ADD COLUMN name"),
    ("goose", "INSERT INTO goose_db_version (version_id, is_applied) VALUES (2.5, 1)"),
    ("sqlx", "ALTER TABLE _sqlx_migrations RENAME TO x; ALTER TABLE x RENAME TO _SQLX_migrations"),
    (
      "prisma",
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ('x', '', '9', 5), ('y', '', '9', 5)"
    ),
    (
      "custom",
      "DROP TABLE app_version; CREATE TABLE app_version (num INTEGER PRIMARY KEY, sum, at) WITHOUT ROWID"
    ),
    ("custom", "DROP TABLE app_version; CREATE TABLE app_version (num REAL, sum, at)"),
    ("custom", "DROP TABLE app_version; CREATE TABLE app_version (num TEXT COLLATE NOCASE, sum, at)"),
    (
      "custom",
      "ALTER TABLE app_version DROP COLUMN sum; ALTER TABLE app_version ADD COLUMN sum TEXT DEFAULT 'x'"
    ),
  ])
  func `a history that needs more than the rows of its table is left to SQLite`(format: String, sql: String)
    throws
  {
    let set = try set(format)
    #expect(try !isQuick(database(set, versions: 2, sql), set))
  }

  @Test(arguments: [
    (
      "goose",
      "INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, 0), (3, 1), (3, 0), (4, 'x')"
    ),
    (
      "goose",
      "INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (-5, 2, 0), (100, 1, 0), (50, 1, 1)"
    ),
    ("goose", "INSERT INTO goose_db_version (version_id, is_applied) VALUES ('x', 1)"),
    ("goose", "CREATE INDEX x ON goose_db_version (version_id)"), ("goose", "DELETE FROM goose_db_version"),
    ("golang-migrate", "UPDATE schema_migrations SET dirty = 1"),
    ("golang-migrate", "DELETE FROM schema_migrations"),
    ("golang-migrate", "INSERT INTO schema_migrations VALUES (9, 0)"),
    ("sqlx", "UPDATE _sqlx_migrations SET success = 0 WHERE version = 2"),
    ("sqlx", "UPDATE _sqlx_migrations SET checksum = 'text', version = -3 WHERE version = 2"),
    ("sqlx", "UPDATE _sqlx_migrations SET checksum = zeroblob(200000) WHERE version = 2"),
    ("dbmate", "INSERT INTO schema_migrations VALUES (NULL), (x'00'), ('9')"),
    ("diesel", "DELETE FROM __diesel_schema_migrations"),
    (
      "flyway",
      "UPDATE flyway_schema_history SET installed_rank = -installed_rank, success = 0 WHERE version = 1"
    ),
    (
      "flyway",
      "UPDATE flyway_schema_history SET type = 'UNDO_SQL', version = '1', installed_rank = 9 WHERE version = '2'"
    ),
    ("flyway", "UPDATE flyway_schema_history SET type = 'BASELINE', version = '1.5' WHERE version = '1'"),
    (
      "prisma",
      "UPDATE _prisma_migrations SET started_at = '2026-01-01', finished_at = NULL WHERE started_at > 5"
    ),
    ("prisma", "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', '', '3_a')"),
    ("drizzle", "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 4)"),
    ("drizzle", "UPDATE __drizzle_migrations SET created_at = 'x'"),
    ("user_version", "PRAGMA user_version = 3"), ("user_version", "PRAGMA user_version = 0"),
    ("user_version", "PRAGMA user_version = -7"), ("user_version", "PRAGMA user_version = 99"),
    ("custom", "INSERT INTO app_version VALUES (99, NULL, 5), (-1, 'x', NULL)"),
    ("sql-migrate", "INSERT INTO gorp_migrations VALUES ('é', 5), ('z' || char(0) || 'y', 6)"),
  ])
  func `rows of every kind say the same both ways`(format: String, sql: String) throws {
    let set = try set(format)
    #expect(try isQuick(database(set, versions: 2, sql), set))
  }

  @Test(arguments: ["goose", "sqlx", "prisma", "flyway", "d1"])
  func `databases with other rows don't get each other's history`(format: String) throws {
    let set = try set(format)
    let layouts = HistoryLayouts()
    let inspector = LocalWorker(set, ExpectedSchema(set), UpgradeOptions()).inspector
    var found: [History] = []
    for versions in [0, 1, 2, 3, 4, 3, 2, 4, 0] {
      let path = try database(set, versions: versions)
      _ = inspector.inspect(path)
      try touch(path, -60)
      let file = try DatabaseFile.inspect(path).get()
      let look = try #require(FastInspection(path, file, inspector.cache, layouts, set.historyTable))
      #expect(look.history.versions.count == versions)
      found.append(look.history)
    }
    #expect(found[3] == found[5] && found[2] == found[6] && Set(found).count == 5)
  }

  @Test(arguments: ["goose", "sqlx", "prisma", "user_version"])
  func `a damaged file says the same both ways`(format: String) throws {
    let set = try set(format)
    let path = try database(set, versions: 3)
    let inspector = LocalWorker(set, ExpectedSchema(set), UpgradeOptions()).inspector
    _ = inspector.inspect(path)
    let sound = try Data(contentsOf: URL(filePath: path))
    var random = Numbers(state: UInt64(format.utf8.count))
    for round in 0..<200 {
      var data = sound
      let end = round % 4 == 0 ? 100 : data.count
      for _ in 0...(round % 3) {
        data[Int.random(in: 16..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      for suffix in ["-wal", "-shm", "-journal"] {
        try? FileManager.default.removeItem(atPath: path + suffix)
      }
      try data.write(to: URL(filePath: path))
      try touch(path, 3600)
      let expected = inspector.inspect(path)
      try touch(path, -60)
      #expect(inspector.inspect(path) == expected, "round \(round)")
    }
  }
}
