import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing

@testable import Upgrade

/// What a migration that the history marks as half done is taken for, and what settling it does.
@Suite struct SettlementTests {
  private static let version = MigrationVersion("0002_year")
  private static let before = MigrationVersion("0001_films")
  private static let films = "CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT);"
  private static let year = "ALTER TABLE films ADD COLUMN year INT; CREATE TABLE notes (a, b);"

  /// A database of Prisma's whose second migration has failed or was never finished.
  private func bench(_ sql: String = year, second: String = year, more: String = "") throws -> Bench {
    let bench = try Bench(
      sql: """
        \(Self.films) \(sql)
        INSERT INTO films (title) VALUES ('a');
        CREATE TABLE _prisma_migrations (id TEXT PRIMARY KEY NOT NULL, checksum TEXT NOT NULL, finished_at DATETIME,
          migration_name TEXT NOT NULL, logs TEXT, rolled_back_at DATETIME,
          started_at DATETIME NOT NULL DEFAULT current_timestamp,
          applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0);
        INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, started_at) VALUES
          ('a', '\(Fingerprint(of: Self.films.utf8).hex)', 2, '0001_films', 1),
          ('b', '\(Fingerprint(of: second.utf8).hex)', NULL, '0002_year', 3);
        \(more)
        """)
    try bench.migration("0001_films/migration.sql", Self.films)
    try bench.migration("0002_year/migration.sql", second)
    try bench.migration("0003_last/migration.sql", "CREATE TABLE last (a);")
    bench.options.adoption = .bySchema
    return bench
  }

  private func found(_ bench: Bench) throws -> Outcome {
    let bytes = try Content.bytes(bench.path)
    let outcome = try bench.worker().inspect(bench.path)
    #expect(try Content.bytes(bench.path) == bytes)
    return outcome
  }

  private func settle(_ bench: Bench, isApplied: Bool = true, schema: String? = nil) throws -> Outcome {
    let fingerprint = try schema ?? #require(found(bench).fingerprint)
    return try bench.worker().adopt(
      bench.path, .settle(Self.version, isApplied: isApplied), schema: fingerprint, backup: bench.backupPath)
  }

  private func marks(_ bench: Bench) throws -> [String] {
    try IndependentReader.rows(
      "SELECT migration_name, finished_at > 0, rolled_back_at > 0 FROM _prisma_migrations ORDER BY id",
      at: bench.path)
  }

  // MARK: What it is taken for

  @Test(
    arguments: [
      ("", year, .before, nil, false), (year, year, .after, nil, true),
      ("ALTER TABLE films ADD COLUMN year INT;", year, .neither, nil, nil),
      ("\(year) CREATE TABLE other (a);", year, .neither, nil, nil),
      ("", "UPDATE films SET title = 'b';", .both, nil, nil),
      // A table that is made and dropped again leaves no trace, but the rows between may have changed.
      (
        "", "CREATE TABLE t (a);\nDELETE FROM films;\nDROP TABLE t;\n\(year)", .before, 2, nil
      ),
      // Rows of a table that the migration makes and drops are gone with it.
      ("", "\(year)\nCREATE TABLE t (a);\nDROP TABLE t;", .before, nil, false),
      (year, "\(year)\nINSERT INTO notes VALUES (1, 2);", .after, 2, nil),
      (year, "INSERT INTO films (title) VALUES ('b');\n\(year)", .after, nil, true),
      ("", "INSERT INTO films (title) VALUES ('b');\n\(year)", .before, 1, nil),
      // Whether a step with a condition runs depends on the rows.
      (
        year, "\(year)\n-- @when query SELECT count(*) > 0 FROM films\nUPDATE films SET year = 1;", .after, 2,
        nil
      ),
    ] as [(String, String, SettlementFinding.Side, Int?, Bool?)])
  func `the schema tells how far it got, or that it doesn't`(
    sql: String, second: String, side: SettlementFinding.Side, doubt: Int?, isApplied: Bool?
  ) throws {
    let outcome = try found(bench(sql, second: second))
    let finding = try #require(outcome.settlement, "\(outcome.failure?.description ?? "")")
    #expect(finding.side == side && finding.doubt == doubt && finding.isApplied == isApplied, "\(finding)")
    #expect(finding.version == Self.version && finding.before == Self.before)
    #expect(outcome.failure?.code == (isApplied == nil ? .unknownVersion : .unfinishedHistory))
    #expect(outcome.drift.isEmpty == (side != .neither))
  }

  @Test(
    arguments: [
      ("", before, false), ("", version, nil), ("", MigrationVersion("0003_last"), nil),
      (year, version, true),
      (year, before, nil), ("CREATE TABLE notes (a, b);", before, false),
      ("CREATE TABLE notes (a, b);", version, true), ("CREATE TABLE notes (a, b);", 0, nil),
    ] as [(String, MigrationVersion, Bool?)])
  func `a version that is named is one of the two, and no other than the schema shows`(
    sql: String, version: MigrationVersion, isApplied: Bool?
  ) throws {
    let bench = try bench(sql)
    bench.options.adoption = .upTo(version)
    let outcome = try found(bench)
    #expect(outcome.settlement?.isApplied == isApplied)
    #expect(isApplied != nil || outcome.failure?.message.contains("version \(version)") == true)
  }

  @Test func `without the question, the mark is only reported`() throws {
    let bench = try bench()
    bench.options.adoption = nil
    let outcome = try found(bench)
    #expect(outcome.settlement == nil && outcome.failure?.code == .unfinishedHistory)
    #expect(outcome.failure?.message.contains("the schema is already that of version 0002_year") == true)
    #expect(outcome.failure?.advice(for: ["db"]).contains("flotilla adopt") == true)
    let upgraded = try bench.upgrade()
    #expect(upgraded.status == .failed && upgraded.isUnchanged)
  }

  // MARK: What is written

  @Test(arguments: ["DELETE", "WAL"], [true, false])
  func `the mark is settled after a backup, and nothing else changes`(mode: String, isApplied: Bool) throws {
    let bench = try bench(isApplied ? Self.year : "", more: "PRAGMA journal_mode=\(mode);")
    let content = try Content.dump(bench.path)
    let outcome = try settle(bench, isApplied: isApplied)
    #expect(outcome.status == .pending && outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    #expect(outcome.versionBefore == Self.before && outcome.drift == [] && outcome.applied == [])
    #expect(outcome.versionAfter == (isApplied ? Self.version : Self.before))
    let row = isApplied ? "0002_year|1|NULL" : "0002_year|NULL|1"
    #expect(try marks(bench) == ["0001_films|1|NULL", row])
    let films = try Content.rows(of: "films", at: bench.path)
    #expect(content.filter { $0.contains("'a'") || films.contains($0) } == films)
    #expect(try Content.dump(bench.backupPath) == content && outcome.backup?.path == bench.backupPath)
  }

  @Test(arguments: [
    "CREATE TABLE other (a)",
    "UPDATE _prisma_migrations SET finished_at = 1, migration_name = 'x' WHERE id = 'b'",
    "UPDATE _prisma_migrations SET finished_at = NULL",
    "CREATE TRIGGER t AFTER UPDATE ON _prisma_migrations BEGIN DELETE FROM films; END",
    "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ('c', '', '0002_year', 4)",
  ])
  func `a database that was changed since it was looked at is refused`(change: String) throws {
    let bench = try bench()
    let schema = try #require(found(bench).fingerprint)
    try bench.change(change)
    let bytes = try Content.bytes(bench.path)
    let late = try settle(bench, schema: schema)
    let codes: [Failure.Code] = [.changed, .historyTrigger, .unfinishedHistory]
    #expect(late.status == .failed && late.isUnchanged, "\(late)")
    #expect(late.failure.map { codes.contains($0.code) } == true, "\(late.failure?.description ?? "")")
    #expect(try Content.bytes(bench.path) == bytes)
  }

  @Test(arguments: [UpgradeStep.open, .lock, .inspect, .backUp, .record, .prove])
  func `work that is called off leaves the mark`(step: UpgradeStep) throws {
    let bench = try bench()
    let schema = try #require(found(bench).fingerprint)
    let content = try Content.dump(bench.path)
    let cancellation = Cancellation()
    bench.control.cancellation = cancellation
    bench.control.began = { _, begun in if begun == step { cancellation.cancel() } }
    if step == .open { cancellation.cancel() }
    let outcome = try settle(bench, schema: schema)
    #expect(outcome.status == .failed && outcome.isUnchanged, "\(outcome.failure?.description ?? "")")
    #expect(try Content.dump(bench.path) == content && Content.integrity(bench.path) == "ok")
  }

  @Test(arguments: [true, false])
  func `a second attempt after the first was lost finds its backup`(isApplied: Bool) throws {
    let bench = try bench(isApplied ? Self.year : "")
    let first = try settle(bench, isApplied: isApplied)
    let bytes = try Content.bytes(bench.path)
    let second = try settle(bench, isApplied: isApplied, schema: first.fingerprint)
    #expect(second.failure == nil && second.versionAfter == first.versionAfter)
    #expect(second.versionBefore == first.versionBefore)
    #expect(second.backup == first.backup && second.backup != nil)
    #expect(try Content.bytes(bench.path) == bytes)
  }

  // MARK: Databases without a history

  @Test(arguments: [
    ("goose", "-- +goose Up\n", "00001_a.sql", "00002_b.sql"),
    ("sql-migrate", "-- +migrate Up\n", "1-a.sql", "2-b.sql"),
    ("golang-migrate", "", "1_a.up.sql", "2_b.up.sql"), ("dbmate", "-- migrate:up\n", "1_a.sql", "2_b.sql"),
    ("sqlx", "", "1_a.sql", "2_b.sql"), ("diesel", "", "1_a/up.sql", "2_b/up.sql"),
    ("refinery", "", "V1__a.sql", "V2__b.sql"), ("flyway", "", "V1__a.sql", "V2__b.sql"),
    ("prisma", "", "1_a/migration.sql", "2_b/migration.sql"), ("d1", "", "0001_a.sql", "0002_b.sql"),
    ("yoyo", "-- depends:\n", "0001.a.sql", "0002.b.sql"), ("user_version", "", "1_a.sql", "2_b.sql"),
  ])
  func `a database that has the work of a tool's files and no history gets that tool's`(
    format: String, head: String, first: String, second: String
  ) throws {
    let bench = try Bench(sql: Self.films)
    try bench.migration(first, "\(head)\(Self.films)\n\(format == "dbmate" ? "-- migrate:down\n" : "")")
    try bench.migration(
      second, "\(head)CREATE TABLE notes (a);\n\(format == "dbmate" ? "-- migrate:down\n" : "")")
    let set = try MigrationSet.load(MigrationFolder(bench.folder.file("migrations"), format: format))
    var options = UpgradeOptions()
    options.adoption = .bySchema
    let worker = LocalWorker(set, ExpectedSchema(set), options)
    let found = worker.inspect(bench.path)
    let version = try #require(found.adoption?.version, "\(found.failure?.description ?? "")")
    #expect(version == set.migrations.first?.version)
    let outcome = try worker.adopt(
      bench.path, .record(upTo: version), schema: #require(found.fingerprint), backup: bench.backupPath)
    #expect(
      outcome.failure == nil && outcome.versionAfter == version, "\(outcome.failure?.description ?? "")")
    let upgraded = worker.upgrade(bench.path, backup: bench.folder.file("second.sqlite"))
    #expect(upgraded.status == .migrated && upgraded.drift == [], "\(upgraded.failure?.description ?? "")")
  }
}
