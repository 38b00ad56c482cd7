import BenchSupport
import Foundation
import Migrations
import SQLite
import TestSupport
import Testing
import Upgrade

/// A database whose history this program doesn't keep is left as it is.
@Suite struct ForeignHistoryTests {
  private let films =
    "CREATE TABLE films (id INTEGER PRIMARY KEY, rating REAL); INSERT INTO films VALUES (1, 4);"

  private func bench(_ more: String, baseline: String? = nil) throws -> Bench {
    let bench = try Bench(sql: more)
    try bench.migration(
      "0001_films.sql", "CREATE TABLE IF NOT EXISTS films (id INTEGER PRIMARY KEY, rating REAL);")
    try bench.migration("0002_percent.sql", "UPDATE films SET rating = rating * 20;")
    if let baseline { bench.baseline = try bench.folder.write(baseline, to: "baseline.sql") }
    return bench
  }

  private func refused(
    _ bench: Bench, _ code: Failure.Code, _ text: String, location: SourceLocation = #_sourceLocation
  ) throws {
    let bytes = try Content.bytes(bench.path)
    for outcome in [try bench.worker().inspect(bench.path), try bench.upgrade()] {
      #expect(outcome.status == .failed, sourceLocation: location)
      #expect(outcome.failure?.code == code, "\(outcome.failure as Any)", sourceLocation: location)
      #expect(
        outcome.failure?.message.contains(text) == true, "\(outcome.failure?.message ?? "")",
        sourceLocation: location)
      #expect(outcome.failure?.advice(for: ["db"]).contains("baseline") == true, sourceLocation: location)
      #expect(outcome.pending == [] && outcome.backup == nil, sourceLocation: location)
    }
    #expect(try Content.bytes(bench.path) == bytes, sourceLocation: location)
  }

  @Test(arguments: [
    ("alembic_version", "version_num VARCHAR(32) NOT NULL", "Alembic"),
    ("_sqlx_migrations", "version BIGINT PRIMARY KEY, description TEXT", "sqlx"),
    ("goose_db_version", "id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER", "goose"),
    ("gorp_migrations", "id, applied_at", "sql-migrate"),
    ("__diesel_schema_migrations", "version VARCHAR(50) PRIMARY KEY NOT NULL", "Diesel"),
    ("refinery_schema_history", "version INT4 PRIMARY KEY, name VARCHAR(255)", "refinery"),
    ("flyway_schema_history", "installed_rank INT NOT NULL PRIMARY KEY", "Flyway"),
    ("atlas_schema_revisions", "version TEXT PRIMARY KEY", "Atlas"),
    ("_prisma_migrations", "id TEXT PRIMARY KEY NOT NULL", "Prisma"),
    ("__drizzle_migrations", "id SERIAL PRIMARY KEY, hash text NOT NULL", "Drizzle"),
    ("d1_migrations", "id INTEGER PRIMARY KEY, name TEXT UNIQUE", "wrangler D1"),
    ("django_migrations", "id integer PRIMARY KEY, app varchar(255), name varchar(255)", "Django"),
    ("_yoyo_migration", "migration_hash VARCHAR(64) PRIMARY KEY", "yoyo"),
    ("__EFMigrationsHistory", "MigrationId TEXT PRIMARY KEY", "EF Core"),
    ("grdb_migrations", "identifier TEXT NOT NULL PRIMARY KEY", "GRDB"),
    ("knex_migrations", "id INTEGER PRIMARY KEY, name varchar(255)", "Knex"),
    ("room_master_table", "id INTEGER PRIMARY KEY, identity_hash TEXT", "Room"),
    ("schema_migrations", "version varchar(128) primary key", "dbmate"),
    ("schema_migrations", "version uint64, dirty bool", "golang-migrate"),
  ])
  func `a database with another tool's history is refused, and the tool named`(
    table: String, columns: String, tool: String
  ) throws {
    try refused(bench("\(films) CREATE TABLE \(table) (\(columns));"), .foreignHistory, tool)
    try refused(bench("CREATE TABLE \(table) (\(columns));"), .foreignHistory, "table \(table)")
  }

  @Test func `Rails is told from dbmate by its second table`() throws {
    let tables = """
      CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY);
      CREATE TABLE ar_internal_metadata (key, value, created_at, updated_at);
      """
    try refused(bench(tables), .foreignHistory, "(Rails)")
  }

  @Test func `a version in the header is a history`() throws {
    try refused(bench("\(films) PRAGMA user_version = 12;"), .foreignHistory, "user_version, which is 12")
  }

  @Test func `a table that the migrations make, without any history, is not run over`() throws {
    try refused(bench(films), .unknownHistory, "table films")
    try refused(bench("CREATE TABLE FILMS (id, rating);"), .unknownHistory, "table FILMS")
  }

  @Test func `an empty database and one with other tables are new`() throws {
    for sql in ["CREATE TABLE other (a); INSERT INTO other VALUES (1);", "CREATE TABLE a (b); DROP TABLE a;"]
    {
      let bench = try bench(sql)
      #expect(try bench.upgrade().status == .migrated)
      #expect(try bench.versions() == [1, 2])
    }
  }

  @Test func `a baseline takes over what it is written for`() throws {
    for history in ["", "CREATE TABLE goose_db_version (version_id);", "PRAGMA user_version = 3;"] {
      let bench = try bench(films + history, baseline: "-- @require table films\n")
      #expect(try bench.upgrade().status == .migrated)
      #expect(try IndependentReader.rows("SELECT rating FROM films", at: bench.path) == ["80.0"])
    }
  }

  @Test func `no baseline can record in another tool's table`() throws {
    let bench = try bench(
      "\(films) CREATE TABLE schema_migrations (version varchar(128) primary key);",
      baseline: "-- @require table films\n")
    let outcome = try bench.upgrade()
    #expect(outcome.failure?.code == .foreignHistory)
    #expect(try IndependentReader.rows("SELECT rating FROM films", at: bench.path) == ["4.0"])
  }

  @Test(arguments: [
    "CREATE TABLE schema_migrations (version uint64, dirty bool); INSERT INTO schema_migrations VALUES (3, 0);",
    "CREATE TABLE goose_db_version (version_id);", "PRAGMA user_version = 3;",
  ])
  func `any database can be backed up and restored`(history: String) throws {
    let bench = try bench(films + history)
    let worker = try bench.worker()
    let made = worker.backUp(bench.path, to: bench.backupPath)
    #expect(made.failure == nil && made.status == .current)
    let backup = try #require(made.backup)
    try bench.change("UPDATE films SET rating = 1")
    let restored = worker.restore(bench.path, from: backup, saving: bench.folder.file("saved.sqlite"))
    #expect(restored.failure == nil, "\(restored.failure?.description ?? "")")
    #expect(try IndependentReader.rows("SELECT rating FROM films", at: bench.path) == ["4.0"])
    #expect(
      try IndependentReader.rows("SELECT rating FROM films", at: bench.folder.file("saved.sqlite")) == ["1.0"]
    )
  }
}
