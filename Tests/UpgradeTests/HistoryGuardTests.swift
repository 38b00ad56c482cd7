import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing
import Upgrade

/// Recording a migration changes one table and nothing else, and stays.
@Suite struct HistoryGuardTests {
  private let sweep =
    "TRIGGER sweep AFTER INSERT ON schema_migrations BEGIN DELETE FROM children WHERE id > 2; END;"
  private let swallow =
    "TRIGGER sweep BEFORE INSERT ON schema_migrations BEGIN SELECT RAISE(IGNORE); END;"

  private func refused(_ bench: Bench, location: SourceLocation = #_sourceLocation) throws {
    let content = try Content.dump(bench.path)
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed, sourceLocation: location)
    #expect([.history, .historyTrigger].contains(outcome.failure?.code), sourceLocation: location)
    #expect(outcome.failure?.message.contains("trigger sweep") == true, sourceLocation: location)
    #expect(outcome.isUnchanged, sourceLocation: location)
    #expect(try Content.dump(bench.path) == content, sourceLocation: location)
    #expect(
      try IndependentReader.rows("SELECT count(*) FROM children", at: bench.path) == ["4"],
      sourceLocation: location)
  }

  @Test(arguments: [true, false])
  func `a trigger that was on the history table is refused by its name`(deletes: Bool) throws {
    let bench = try Bench(more: "CREATE \(deletes ? sweep : swallow)")
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    let looked = try bench.worker().inspect(bench.path).failure
    #expect(looked?.code == .historyTrigger, "inspecting names it, before anything runs")
    #expect(looked?.message.contains("trigger sweep") == true)
    try refused(bench)
  }

  @Test(arguments: ["", "TEMP "], [true, false])
  func `a trigger that a migration puts on the history table is refused by its name`(
    temporary: String, deletes: Bool
  ) throws {
    let bench = try Bench()
    let table = temporary.isEmpty ? "schema_migrations" : "main.schema_migrations"
    let trigger = (deletes ? sweep : swallow).replacing("ON schema_migrations", with: "ON \(table)")
    try bench.migration("0002_do_harm.sql", "CREATE \(temporary)\(trigger)")
    try refused(bench)
  }

  @Test func `a trigger that drift ignores is refused all the same`() throws {
    let bench = try Bench(more: "CREATE \(sweep)")
    bench.options.ignored = [try #require(IgnoreRule("trigger sweep"))]
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    try refused(bench)
  }

  @Test func `a temporary table of the same name takes no record`() throws {
    let bench = try Bench()
    try bench.migration(
      "0002_shadow.sql",
      """
      CREATE TEMP TABLE schema_migrations (
        version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
      INSERT INTO temp.schema_migrations SELECT * FROM main.schema_migrations;
      UPDATE parents SET name = name || 'x';
      """)
    let outcome = try bench.upgrade()
    let name = { try IndependentReader.rows("SELECT name FROM parents WHERE id = 1", at: bench.path) }
    #expect(outcome.status == .migrated, "\(outcome.failure?.description ?? "")")
    #expect(
      try IndependentReader.rows("SELECT version FROM schema_migrations", at: bench.path) == ["1", "2"])
    #expect(try name() == ["onex"])
    #expect(try bench.upgrade().status == .current)
    #expect(try name() == ["onex"])
  }

  @Test func `a record that does not stay fails the migration`() throws {
    // The table itself replaces what is recorded under one name.
    let table = """
      CREATE TABLE schema_migrations (
        version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
        kind TEXT DEFAULT 'one' UNIQUE ON CONFLICT REPLACE);
      INSERT INTO schema_migrations (version, name) VALUES (1, 'create_tables');
      """
    let bench = try Bench(sql: "\(Bench.first)\n\(table)\n\(Bench.rows)")
    try bench.migration("0001_create_tables.sql", Bench.first)
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    let outcome = try bench.upgrade()
    #expect(outcome.failure?.code == .history, "\(outcome.failure?.description ?? "")")
    #expect(try IndependentReader.rows("SELECT version FROM schema_migrations", at: bench.path) == ["1"])
    #expect(
      try IndependentReader.rows("SELECT count(*) FROM pragma_table_info('parents')", at: bench.path) == ["2"]
    )
  }
}
