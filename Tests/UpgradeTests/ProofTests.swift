import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing
import Upgrade

/// What a migration must not do: it is rolled back, and the database is what it was.
@Suite struct ProofTests {
  /// Runs the migration and expects it to fail with `code`, and nothing to have changed.
  private func refused(
    _ bench: Bench, _ sql: String, _ code: Failure.Code, at step: UpgradeStep = .prove, _ text: String,
    location: SourceLocation = #_sourceLocation
  ) throws {
    try bench.migration("0002_do_harm.sql", sql)
    let content = try Content.dump(bench.path)
    let bytes = try Content.bytes(bench.path)
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed, sourceLocation: location)
    #expect(outcome.failure?.code == code, "\(outcome.failure?.message ?? "")", sourceLocation: location)
    #expect(outcome.failure?.step == step, sourceLocation: location)
    #expect(
      outcome.failure?.message.contains(text) == true, "\(outcome.failure?.message ?? "")",
      sourceLocation: location)
    #expect(outcome.versionAfter == 1, sourceLocation: location)
    #expect(outcome.applied == [], sourceLocation: location)
    #expect(try Content.dump(bench.path) == content, sourceLocation: location)
    if try Content.mode(bench.path) == [1, 1] {
      #expect(try Content.bytes(bench.path) == bytes, sourceLocation: location)
    }
    #expect(!bench.exists("db.sqlite-journal") && !bench.exists("db.sqlite-wal"), sourceLocation: location)
  }

  @Test(arguments: ["DELETE", "WAL"])
  func `a row that now points nowhere is rolled back`(mode: String) throws {
    try refused(
      Bench(settings: "PRAGMA journal_mode=\(mode);"), "UPDATE children SET parent = 99 WHERE id = 2;",
      .foreignKey, "1 in children, such as children with parent = 99")
  }

  @Test func `rows whose parent is deleted are rolled back`() throws {
    try refused(
      Bench(), "-- @deletes parents\nDELETE FROM parents WHERE id = 3;", .foreignKey, "1 in children")
  }

  @Test func `one more of a violation that was there before is new`() throws {
    try refused(
      Bench(more: "UPDATE children SET parent = 99 WHERE id = 1;"),
      "-- @changes children.parent\nUPDATE children SET parent = 99;",
      .foreignKey, "3 in children")
  }

  @Test func `a violation in a table without row numbers is found`() throws {
    let table =
      "CREATE TABLE pairs (a INTEGER REFERENCES parents (id), b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;"
    let bench = try Bench(more: "\(table) INSERT INTO pairs VALUES (1, 'x'), (2, 'y');")
    try bench.migration("0001_create_tables.sql", "\(Bench.first)\n\(table)")
    try refused(bench, "UPDATE pairs SET a = 50 WHERE b = 'y';", .foreignKey, "1 in pairs")
  }

  @Test func `old violations are tolerated, also across a rebuild`() throws {
    let bench = try Bench(more: "UPDATE children SET parent = 70 + id WHERE id < 3;")
    try bench.migration("0002_add_cascade.sql", Bench.rebuild)
    let rows = try Content.rows(of: "children", at: bench.path)
    #expect(try bench.upgrade().status == .migrated)
    #expect(try Content.rows(of: "children", at: bench.path) == rows)
    #expect(try bench.versions() == [1, 2])
  }

  @Test func `rows that vanish without a word are kept`() throws {
    try refused(
      Bench(), "DELETE FROM children WHERE id > 2;", .rowsLost, "2 rows of children would be lost")
  }

  @Test func `rows that a rebuild forgets are kept`() throws {
    let forgetful = Bench.rebuild.replacing(
      "FROM children ORDER", with: "FROM children WHERE parent > 1 ORDER")
    try refused(Bench(), forgetful, .rowsLost, "2 rows of children would be lost")
  }

  @Test func `rows that a trigger deletes are kept`() throws {
    let trigger =
      "CREATE TRIGGER sweep AFTER UPDATE ON parents BEGIN DELETE FROM children WHERE parent = old.id; END;"
    let bench = try Bench(more: trigger)
    try bench.migration("0001_create_tables.sql", "\(Bench.first)\n\(trigger)")
    try refused(
      bench, "UPDATE parents SET name = 'x';", .rowsLost, "3 rows of children would be lost")
  }

  @Test func `declared deletions go through and are counted`() throws {
    let bench = try Bench()
    try bench.migration("0002_purge.sql", "-- @deletes children\nDELETE FROM children WHERE id > 2;")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated)
    #expect(outcome.applied.first?.rowsDeleted == ["children": 2])
  }

  @Test func `an expectation that isn't met rolls back`() throws {
    try refused(
      Bench(),
      "UPDATE parents SET name = 'same';\n-- @expect query SELECT count(DISTINCT name) = 3 FROM parents\n",
      .expectation, "0002_do_harm.sql:2")
  }

  @Test func `a requirement that isn't met stops before anything is written`() throws {
    try refused(
      Bench(), "-- @require table gone : make it first\nDROP INDEX idx_children_parent;", .requirement,
      at: .migrate,
      "make it first")
  }

  @Test func `an error in the third statement undoes the first two`() throws {
    let sql =
      "ALTER TABLE parents ADD COLUMN age INTEGER;\nUPDATE parents SET age = 1;\nINSERT INTO parents (id, name) VALUES (1, 'again');"
    try refused(Bench(), sql, .sql, at: .migrate, "0002_do_harm.sql:3")
  }

  @Test func `a schema that depends on the data is refused`() throws {
    // On an empty database the second step runs; here its condition is false.
    let sql = """
      -- @unless query SELECT count(*) > 0 FROM parents
      ALTER TABLE parents ADD COLUMN age INTEGER;
      -- @when query SELECT count(*) > 0 FROM parents
      ALTER TABLE parents ADD COLUMN years INTEGER;
      """
    try refused(Bench(), sql, .schema, "column parents.age is missing, and 1 more")
  }

  @Test func `drift that was there before is reported and does not fail`() throws {
    let bench = try Bench(
      more: "DROP INDEX idx_children_parent; CREATE TABLE extra (x); INSERT INTO extra VALUES (1);")
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated)
    #expect(outcome.drift.map(\.kind) == [.recordedNotPresent, .missing(.index), .unexpected(.table)])
    #expect(try Content.value("SELECT count(*) FROM extra", at: bench.path) == 1)
  }

  @Test func `a version recorded under another name is drift and does not fail`() throws {
    let bench = try Bench(more: "UPDATE schema_migrations SET name = 'other';")
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated, "\(outcome.failure?.description ?? "")")
    #expect(outcome.drift.map(\.kind) == [.migrationRenamed])
  }

  @Test(arguments: ["''", "NULL"]) func `a version recorded without a name says so`(name: String) throws {
    let recorded = Bench.recorded.replacing("name TEXT NOT NULL", with: "name TEXT")
    let bench = try Bench(sql: "\(Bench.first)\(recorded) UPDATE schema_migrations SET name = \(name);")
    try bench.migration("0001_create_tables.sql", Bench.first)
    let drift = try bench.worker().inspect(bench.path).drift.filter { $0.objectKind == nil }
    #expect(
      drift.map(\.description) == ["version 1 is recorded without a name instead of as create_tables"])
    #expect(drift.first?.actual == "")
  }

  @Test func `a table added by hand that a migration takes for its own must look like it`() throws {
    try refused(
      Bench(more: "CREATE TABLE notes (text TEXT);"),
      "CREATE TABLE IF NOT EXISTS notes (text TEXT, day TEXT);", .schema, "column notes.day is missing")
  }

  @Test func `a view on a table that is rebuilt is named, and nothing changes`() throws {
    try refused(
      Bench(more: "CREATE VIEW family AS SELECT note FROM children;"), Bench.rebuild, .sql, at: .migrate,
      "error in view family")
  }

  @Test func `a rebuild that would drop a column added by hand is rolled back`() throws {
    try refused(
      Bench(more: "ALTER TABLE children ADD COLUMN secret TEXT; UPDATE children SET secret = 's';"),
      Bench.rebuild, .columnLost, "column children.secret is not from these migrations")
  }

  @Test func `a column added by hand is kept in an untracked database too`() throws {
    let rows = "INSERT INTO children (id, note, old, secret) VALUES (1, 'a', 'o', 's');"
    let old = Bench.first.replacing("note TEXT", with: "note TEXT, old TEXT, secret TEXT")
    let bench = try Bench(sql: old + rows)
    bench.baseline = try bench.folder.write(
      "-- @unless table parents\n\(Bench.first)\n-- @when column children.old\nUPDATE children SET note = note || old;",
      to: "baseline.sql")
    try bench.migration("0001_add_cascade.sql", Bench.rebuild)
    let bytes = try Content.bytes(bench.path)
    let outcome = try bench.upgrade()
    #expect(outcome.failure?.code == .columnLost, "\(outcome.failure?.description ?? "")")
    #expect(outcome.failure?.message.contains("children.secret") == true)
    #expect(try Content.bytes(bench.path) == bytes)
    // The one that the baseline takes over may go.
    try bench.change("ALTER TABLE children DROP COLUMN secret")
    #expect(try bench.upgrade().status == .migrated)
    #expect(try Content.value("SELECT count(*) FROM children WHERE note = 'ao'", at: bench.path) == 1)
  }

  @Test func `a column is not lost because drift ignores it`() throws {
    let bench = try Bench(
      more: "ALTER TABLE children ADD COLUMN secret TEXT; UPDATE children SET secret = 's';")
    bench.options.ignored = [try #require(IgnoreRule("column children.secret"))]
    try refused(bench, Bench.rebuild, .columnLost, "children.secret")
  }

  @Test func `work that takes too long is interrupted and rolled back`() throws {
    let bench = try Bench()
    bench.options.timeout = .seconds(2)
    let start = ContinuousClock.now
    let slow = """
      -- @when query SELECT count(*) > 0 FROM parents
      UPDATE parents SET name = (
        WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT max(i) FROM c);
      """
    try refused(bench, slow, .timeout, at: .migrate, "the time allowed has passed")
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func `a database that stays locked is left alone`() throws {
    let bench = try Bench()
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    bench.options.busyTimeout = .milliseconds(200)
    let other = try Connection(path: bench.path, access: .readWrite)
    try other.execute("BEGIN IMMEDIATE")
    let outcome = try bench.upgrade()
    #expect(outcome.failure?.code == .busy)
    #expect(outcome.failure?.step == .lock)
    other.rollback()
    #expect(try bench.upgrade().status == .migrated)
  }

  @Test func `a reader that never ends stops the commit, and the old version stays`() throws {
    let bench = try Bench()
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    bench.options.busyTimeout = .milliseconds(200)
    let reader = try Connection(path: bench.path, access: .readOnly)
    try reader.execute("BEGIN")
    _ = try reader.scalar("SELECT count(*) FROM parents")
    let outcome = try bench.upgrade()
    #expect(outcome.failure?.code == .busy)
    #expect(outcome.failure?.step == .commit)
    #expect(outcome.versionAfter == 1)
    reader.rollback()
    reader.close()
    #expect(try bench.versions() == [1])
    #expect(try bench.upgrade().status == .migrated)
  }
}
