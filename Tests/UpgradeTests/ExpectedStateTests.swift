import BenchSupport
import Migrations
import SQLite
import Schema
import TestSupport
import Testing

@testable import Upgrade

/// Upgrades of databases that have to be in the state for which a plan was made.
@Suite struct ExpectedStateTests {
  private func bench(_ settings: String = "") throws -> Bench {
    let bench = try Bench(settings: settings)
    bench.options.tellsHistory = true
    try bench.migration("0002_rebuild.sql", Bench.rebuild)
    return bench
  }

  private func state(_ bench: Bench) throws -> ExpectedState {
    let found = try bench.worker().inspect(bench.path)
    return ExpectedState(
      fingerprint: try #require(found.fingerprint), history: found.history, pending: found.pending)
  }

  private func upgrade(_ bench: Bench, _ expected: ExpectedState) throws -> Outcome {
    try bench.worker().upgrade(bench.path, backup: bench.backupPath, expecting: expected)
  }

  @Test func `a database in the expected state is upgraded`() throws {
    let bench = try bench()
    let expected = try state(bench)
    #expect(
      expected.history == [RecordedVersion(version: 1, name: "create_tables")] && expected.pending == [2])
    let outcome = try upgrade(bench, expected)
    #expect(outcome.status == .migrated && outcome.backup != nil, "\(outcome.failure?.description ?? "")")
  }

  /// The change comes after the backup was made, and before the lock is taken.
  @Test(arguments: [
    ("", BackupCheck.full), ("PRAGMA journal_mode=WAL;", .full), ("", .none),
  ])
  func `a change in the last moment before the lock is found`(_ settings: String, _ check: BackupCheck) throws
  {
    for sql in [
      "INSERT INTO schema_migrations (version, name) VALUES (2, 'rebuild')",
      "ALTER TABLE children ADD COLUMN extra TEXT", "DROP INDEX idx_children_parent",
    ] {
      let bench = try bench(settings)
      bench.options.check = check
      let expected = try state(bench)
      let path = bench.path
      bench.control.began = { _, step in if step == .lock { try? Bench.change(path, sql) } }
      let outcome = try upgrade(bench, expected)
      #expect(outcome.status == .failed && outcome.failure?.code == .changed, "\(outcome.status) \(sql)")
      #expect(outcome.isUnchanged && outcome.backup == nil && !bench.exists("backup.sqlite"))
      #expect(
        try Content.value(
          "SELECT count(*) FROM pragma_foreign_key_list('children') WHERE on_delete = 'CASCADE'", at: path)
          == 0)
    }
  }

  @Test func `an attempt whose result was lost is not taken for somebody's change`() throws {
    for hooks in [Hooks(), Hooks(before: ["true"])] {
      let bench = try bench()
      bench.options.hooks = hooks
      let expected = try state(bench)
      #expect(try upgrade(bench, expected).status == .migrated)
      let table = try bench.migrations().historyTable
      let second = try upgrade(bench, expected).mergingLostAttempt(bench.backupPath, table)
      #expect(second.status == .migrated && second.backup != nil, "\(second.failure?.description ?? "")")
      // Without the backup of this run, nobody knows who it was.
      let other = try bench.worker().upgrade(
        bench.path, backup: bench.folder.file("other.sqlite"), expecting: expected)
      #expect(other.failure?.code == .changed)
    }
  }

  @Test func `a name of any length is compared as a whole`() throws {
    let long = String(repeating: "n", count: 5_000)
    let bench = try bench()
    try bench.change("UPDATE schema_migrations SET name = '\(long)'")
    let expected = try state(bench)
    #expect(expected.history?.first?.name.hasPrefix("sha256:") == true)
    try bench.change("UPDATE schema_migrations SET name = '\(long)x'")
    #expect(try upgrade(bench, expected).failure?.code == .changed)
    try bench.change("UPDATE schema_migrations SET name = '\(long)'")
    #expect(try upgrade(bench, expected).status == .migrated)
  }
}
