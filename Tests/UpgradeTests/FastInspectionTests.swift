import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing

@testable import Upgrade

/// Whatever a file is like, a look at its pages says what SQLite says, or leaves it to SQLite.
@Suite struct FastInspectionTests {
  let folder: TemporaryFolder
  let inspector: Inspector
  let layouts = HistoryLayouts()

  init() throws {
    folder = try TemporaryFolder()
    let migrations = "\(Repository.root)/inventory/ownprem"
    let set = try MigrationSet.load(
      folder: "\(migrations)/migrations", baseline: "\(migrations)/baseline.sql")
    inspector = LocalWorker(set, ExpectedSchema(set), UpgradeOptions()).inspector
  }

  /// What SQLite says; a file that has just changed is always left to it.
  private func slow(_ path: String) throws -> Outcome {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: 3600)], ofItemAtPath: path)
    return inspector.inspect(path)
  }

  private func settle(_ path: String) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: path)
  }

  /// Whether the file is read without SQLite, after the comparison of both ways.
  private func isQuick(_ path: String, location: SourceLocation = #_sourceLocation) throws -> Bool {
    let expected = try slow(path)
    try settle(path)
    let file = try? DatabaseFile.inspect(path).get()
    let look = file.flatMap { FastInspection(path, $0, inspector.cache, layouts, SchemaMigrationsTable()) }
    let outcome = inspector.inspect(path)
    #expect(outcome == expected, sourceLocation: location)
    if let look {
      #expect(outcome.fingerprint == look.schema.fingerprint.description, sourceLocation: location)
      #expect(outcome.versionBefore == look.history.version, sourceLocation: location)
    }
    return look != nil
  }

  private func recorded(_ sql: String, settings: String = "") throws -> String {
    try folder.database("a.db", settings + "CREATE TABLE t (a);" + sql)
  }

  @Test(arguments: Repository.epochs + ["drifted-6", "half-migrated"])
  func `every fixture is read from its pages`(name: String) throws {
    let path = try folder.fixture(name, as: "a.db")
    #expect(try isQuick(path))
  }

  @Test(arguments: Repository.corpus)
  func `every real database says the same both ways`(path: String) throws {
    try FileManager.default.copyItem(atPath: path, toPath: folder.file("a.db"))
    _ = try isQuick(folder.file("a.db"))
  }

  @Test func `a schema that SQLite has not read yet is left to it`() throws {
    let path = try recorded(Bench.recorded)
    try settle(path)
    #expect(
      FastInspection(
        path, try DatabaseFile.inspect(path).get(), inspector.cache, HistoryLayouts(), SchemaMigrationsTable()
      ) == nil)
  }

  @Test(arguments: [
    "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT);",
    "CREATE TABLE schema_migrations (at, name TEXT, VERSION INT);",
    "CREATE TABLE schema_migrations (name TEXT, version INTEGER, PRIMARY KEY (version));",
  ])
  func `recorded versions are found wherever they stand`(table: String) throws {
    let rows = "INSERT INTO schema_migrations (version, name) VALUES (3, 'three'), (1, 'é'), (90000, '');"
    #expect(try isQuick(try recorded(table + rows)))
  }

  @Test(arguments: [
    "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT) WITHOUT ROWID;",
    "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY DESC, name TEXT);",
    "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT UNIQUE);",
    "CREATE TABLE schema_migrations (version TEXT, name TEXT);",
    "CREATE TABLE schema_migrations (version INT, name BLOB AS (a) , a TEXT);",
    "CREATE TABLE m (version INT, name TEXT); CREATE VIEW schema_migrations AS SELECT * FROM m;",
    "CREATE TABLE Schema_Migrations (version INTEGER PRIMARY KEY, name TEXT);",
    "CREATE TABLE schema_migrations (version INT);",
  ])
  func `a table of another kind is left to SQLite`(table: String) throws {
    let isFilled = !table.contains("VIEW") && table.contains("name") && !table.contains("BLOB")
    let rows = isFilled ? "INSERT INTO schema_migrations (version, name) VALUES (1, 'one');" : ""
    #expect(try !isQuick(try recorded(table + rows)))
  }

  @Test(arguments: [
    "CREATE TABLE goose_db_version (version_id);", "CREATE TABLE Alembic_Version (n);",
    "PRAGMA user_version = 12;", "PRAGMA user_version = -1;",
  ])
  func `another tool's history is left to SQLite`(sql: String) throws { #expect(try !isQuick(recorded(sql))) }

  @Test func `a database without any history is read from its pages`() throws {
    #expect(try isQuick(recorded("CREATE VIEW goose_db_version AS SELECT 1;")))
  }

  @Test(arguments: [
    "INSERT INTO schema_migrations VALUES (1, 'a', 1), (1, 'b', 1);",
    "INSERT INTO schema_migrations VALUES (NULL, 'a', 1);",
    "INSERT INTO schema_migrations VALUES (1, x'61', 1);",
    "INSERT INTO schema_migrations VALUES (1, NULL, 1);",
    "INSERT INTO schema_migrations VALUES (1.5, 'a', 1);",
    "INSERT INTO schema_migrations VALUES (1, 'a', 1); CREATE INDEX i ON schema_migrations (version, name);",
    "INSERT INTO schema_migrations VALUES (1, 'a', 1); ALTER TABLE schema_migrations RENAME name TO n;"
      + "ALTER TABLE schema_migrations ADD COLUMN name TEXT DEFAULT 'x';",
  ])
  func `rows of another kind are left to SQLite`(rows: String) throws {
    #expect(try !isQuick(try recorded("CREATE TABLE schema_migrations (version, name, at);" + rows)))
  }

  @Test(arguments: [
    ("2026-02-01 00:00:05", "2026-02-01 00:00:00", true),
    ("2026-02-01 00:00:00", "2026-02-01 00:00:05", true),
    ("1969-12-31 23:59:59", "1970-01-01 00:00:00", true),
    ("2024-02-29 00:00:00", "2024-02-28 00:00:00", false),
    ("2026-02-01T00:00:05", "2026-02-01 00:00:00", false), ("", "2026-02-01 00:00:00", false),
  ])
  func `the order of the history is told as SQLite tells it`(first: String, second: String, quick: Bool)
    throws
  {
    let table =
      "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT, applied_at TIMESTAMP);"
    let rows =
      "INSERT INTO schema_migrations VALUES (1, 'one', '\(first)'), (2, 'two', '\(second)'), (3, 'x', NULL);"
    #expect(try isQuick(try recorded(table + rows)) == quick)
  }

  @Test(arguments: [512, 1024, 65536], ["", "PRAGMA journal_mode = WAL;", "PRAGMA auto_vacuum = 1;"])
  func `large schemas are read from their pages`(size: Int, mode: String) throws {
    let tables = (0..<100).map { "CREATE TABLE t\($0) (a TEXT UNIQUE, b);" }.joined()
    let long = "CREATE TABLE long (a /* \(String(repeating: "x", count: 100_000)) */);"
    let settings = "PRAGMA page_size = \(size); \(mode)"
    #expect(try isQuick(try recorded(tables + long + "DROP TABLE t5;" + Bench.recorded, settings: settings)))
  }

  @Test func `text in UTF-16 and a log with content are left to SQLite`() throws {
    #expect(try !isQuick(try recorded(Bench.recorded, settings: "PRAGMA encoding = 'UTF-16be';")))
    let path = try folder.database("b.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (a);" + Bench.recorded)
    let writer = try Connection(path: path, access: .readWrite)
    try writer.execute("INSERT INTO schema_migrations (version, name) VALUES (2, 'two')")
    #expect(try !isQuick(path))
    writer.close()
    #expect(try isQuick(path))
  }

  @Test(arguments: 0..<4)
  func `a damaged file says the same both ways`(seed: UInt64) throws {
    let path = try folder.fixture(["epoch-12", "epoch-15", "epoch-03", "drifted-6"][Int(seed)], as: "a.db")
    _ = inspector.inspect(path)
    let sound = try Data(contentsOf: URL(filePath: path))
    let size = Int(sound[16]) << 8 | Int(sound[17])
    var random = Numbers(state: UInt64(seed) &+ 1)
    for round in 0..<150 {
      var data = sound
      // Half of the changes are to the first page, in which the schema begins, and to the header.
      let end = round % 4 == 0 ? 100 : round % 2 == 0 ? size : data.count
      for _ in 0...(round % 3) {
        data[Int.random(in: 16..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if round % 10 == 9 { data = data.prefix(Int.random(in: 1..<data.count, using: &random)) }
      for suffix in ["-wal", "-shm", "-journal"] {
        try? FileManager.default.removeItem(atPath: path + suffix)
      }
      try data.write(to: URL(filePath: path))
      _ = try isQuick(path)
    }
  }
}
