import BenchSupport
import Foundation
import Migrations
import TestSupport
import Testing
import Upgrade

/// A failure says whether the migration or the database has to be corrected, and its advice names it.
@Suite struct FaultTests {
  private func fails(
    _ bench: Bench, _ sql: String, _ code: Failure.Code, _ fault: Fault?, _ advice: String,
    location: SourceLocation = #_sourceLocation
  ) throws {
    try bench.migration("0002_change.sql", sql)
    try bench.migration("0003_more.sql", "CREATE TABLE more (a);")
    let failure = try #require(try bench.upgrade().failure, sourceLocation: location)
    #expect(failure.code == code && failure.fault == fault, "\(failure)", sourceLocation: location)
    #expect(failure.files == ["0002_change.sql"], "\(failure.files)", sourceLocation: location)
    let told = failure.advice(for: ["hq"])
    #expect(told.contains(advice), "\(told)", sourceLocation: location)
    #expect(told.contains(fault == .migration ? "0002_change.sql" : "hq"), sourceLocation: location)
  }

  @Test(arguments: [
    ("INSERT INTO parents (id, name) VALUES (1, 'again');", ""),
    ("CREATE UNIQUE INDEX one ON children (note);", "UPDATE children SET note = 'same';"),
    (
      "CREATE TABLE n (a NOT NULL); INSERT INTO n SELECT note FROM children;",
      "UPDATE children SET note = NULL WHERE id = 1;"
    ),
    ("CREATE TABLE n (a CHECK (a < 3)); INSERT INTO n SELECT id FROM children;", ""),
    ("CREATE TABLE n (a INTEGER PRIMARY KEY); INSERT INTO n SELECT note FROM children;", ""),
    ("CREATE TABLE n (a INTEGER) STRICT; INSERT INTO n SELECT note FROM children;", ""),
  ])
  func `rows that break a constraint are the database's fault`(sql: String, more: String) throws {
    try fails(
      Bench(more: more), sql, .sql, .database,
      "the rows of hq don't fit 0002_change.sql: correct them there, or let 0002_change.sql correct them first"
    )
  }

  @Test(arguments: ["UPDATE parents SET nope = 1;", "INSERT INTO nope VALUES (1);"])
  func `a statement that can't run is the migration's fault`(sql: String) throws {
    let sql = "-- @when query SELECT count(*) > 0 FROM parents\n\(sql)"
    try fails(Bench(), sql, .sql, .migration, "mend 0002_change.sql and try it on a copy")
  }

  @Test func `a statement that ends the transaction is the migration's fault`() throws {
    let sql = """
      CREATE TABLE n (a UNIQUE ON CONFLICT ROLLBACK); INSERT INTO n VALUES (0);
      -- @when query SELECT count(*) > 0 FROM parents
      CREATE TRIGGER t BEFORE UPDATE ON parents BEGIN SELECT RAISE(ROLLBACK, 'no'); END;
      UPDATE parents SET name = name;
      """
    let bench = try Bench()
    try bench.migration("0002_change.sql", sql)
    let failure = try #require(try bench.upgrade().failure)
    #expect(failure.files == ["0002_change.sql"] && failure.fault != nil, "\(failure)")
  }

  @Test(arguments: [
    ("DELETE FROM children WHERE id = 4;", Failure.Code.rowsLost),
    ("UPDATE children SET note = NULL;", .contentChanged),
  ])
  func `what is undeclared is the migration's fault`(sql: String, code: Failure.Code) throws {
    try fails(Bench(), sql, code, .migration, "mend 0002_change.sql, or declare there what is meant")
  }

  @Test func `an expectation is the migration's fault, and a requirement the database's`() throws {
    try fails(
      Bench(), "UPDATE parents SET name = name;\n-- @expect table nope", .expectation, .migration,
      "mend 0002_change.sql")
    try fails(
      Bench(), "-- @require query SELECT count(*) = 0 FROM parents : remove them\nSELECT 1;", .requirement,
      .database, "do what the message asks for in hq, then run again")
  }

  @Test func `rows that a migration lets refer to nothing are its fault`() throws {
    try fails(
      Bench(), "-- @deletes parents\nDELETE FROM parents WHERE id = 3;", .foreignKey, .migration,
      "mend 0002_change.sql")
    try fails(
      Bench(), "UPDATE children SET parent = 99 WHERE id = 1;", .foreignKey, .migration,
      "mend 0002_change.sql")
  }

  @Test func `rows that referred to nothing before the foreign key came are the database's fault`() throws {
    let keyless = Bench.first.replacing("INTEGER REFERENCES parents (id)", with: "INTEGER")
    let bench = try Bench(sql: "\(keyless)\(Bench.recorded)\(Bench.rows)")
    try bench.change("UPDATE children SET parent = 77 WHERE id = 1")
    try bench.migration("0001_create_tables.sql", keyless)
    try fails(bench, Bench.rebuild, .foreignKey, .database, "the rows of hq don't fit 0002_change.sql")
  }

  @Test(arguments: [
    ("ALTER TABLE children ADD COLUMN secret TEXT;", Failure.Code.columnLost),
    ("CREATE INDEX by_hand ON children (note);", .objectLost),
  ])
  func `what somebody added by hand is the database's fault`(more: String, code: Failure.Code) throws {
    try fails(
      Bench(more: more), Bench.rebuild, code, .database,
      "hq got it by other means than these migrations: drop it there if nobody needs it, or let 0002_change.sql"
    )
  }

  @Test func `a schema that differed before is the database's fault, and any other the migration's`() throws {
    try fails(
      Bench(more: "CREATE TABLE notes (text TEXT);"),
      "CREATE TABLE IF NOT EXISTS notes (text TEXT, day TEXT); INSERT INTO notes (text) VALUES ('a');",
      .schema,
      .database, "hq was not as its version should be before")
    let sql = """
      -- @when query SELECT count(*) > 0 FROM parents
      ALTER TABLE parents ADD COLUMN years INTEGER;
      """
    try fails(Bench(), sql, .schema, .migration, "mend 0002_change.sql")
  }

  @Test func `a trigger on the history is the fault of what made it`() throws {
    let trigger = "CREATE TRIGGER t AFTER INSERT ON schema_migrations BEGIN SELECT 1; END;"
    try fails(
      Bench(), "-- @when query SELECT count(*) > 0 FROM parents\n\(trigger)", .history, .migration,
      "mend 0002_change.sql, then run again")
    let bench = try Bench(more: trigger)
    try bench.migration("0002_more.sql", "CREATE TABLE more (a);")
    let advice = try bench.upgrade().failure?.advice(for: ["hq"])
    #expect(advice == "drop the trigger or the constraint in hq, then run again")
  }

  @Test func `a failing hook after it doesn't hide what is at fault`() throws {
    let bench = try Bench()
    bench.options.hooks = Hooks(before: [], after: ["false"])
    try fails(bench, "DELETE FROM children;", .rowsLost, .migration, "mend 0002_change.sql")
  }

  @Test func `many databases are counted, and a failure of an earlier version has the advice it had`() throws
  {
    let many = Failure(code: .sql, step: .migrate, message: "x", fault: .database, files: ["a.sql"])
    #expect(many.advice(for: ["a", "b"], of: 7).hasPrefix("the rows of these 7 databases don't fit a.sql: "))
    let several = Failure(
      code: .foreignKey, step: .prove, message: "x", fault: .migration, files: ["a.sql", "b.sql"])
    #expect(several.advice(for: ["a"]).hasPrefix("mend a.sql or b.sql and try "))
    let old = try JSONDecoder().decode(
      Failure.self,
      from: Data(#"{"code": "sql", "step": "migrate", "message": "x", "at_fault": "nobody"}"#.utf8))
    #expect(old.fault == nil && old.files == [])
    #expect(old.advice(for: ["hq"]) == "mend the migration and try it on a copy of this installation")
  }

  @Test func `a failure's JSON has what is at fault only where it is known`() throws {
    func json(_ failure: Failure) throws -> [String] {
      let data = try JSONEncoder().encode(failure)
      let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      #expect(try JSONDecoder().decode(Failure.self, from: data) == failure)
      return object.keys.sorted()
    }
    #expect(try json(Failure(code: .busy, step: .lock, message: "x")) == ["code", "message", "step"])
    let failure = Failure(code: .sql, step: .migrate, message: "x", fault: .migration, files: ["a.sql"])
    #expect(try json(failure) == ["at_fault", "code", "files", "message", "step"])
  }
}
