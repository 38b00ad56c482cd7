import BenchSupport
import Foundation
import Migrations
import SQLite
import TestSupport
import Testing
import Upgrade

/// What a migration does to the content of a table is told, and refused where only a mistake explains it.
@Suite struct ContentChangeTests {
  static let table = """
    CREATE TABLE users (
      id INTEGER PRIMARY KEY, name TEXT, note TEXT, amount REAL, flag INTEGER NOT NULL DEFAULT 0, code TEXT);
    """

  private func bench(_ table: String = table, rows: Int = 6) throws -> Bench {
    let values = (1...rows).map { "(\($0), 'name \($0)', 'note \($0)', \($0).25, \($0 % 2), '0\($0)')" }
    let fill =
      "INSERT INTO users (id, name, note, amount, flag, code) VALUES \(values.joined(separator: ", "));"
    let bench = try Bench(sql: "\(table)\n\(Bench.recorded)\n\(fill)")
    try bench.migration("0001_create_tables.sql", table)
    return bench
  }

  private func rebuild(_ select: String, _ columns: String = "id, name, note, amount, flag, code") -> String {
    """
    CREATE TABLE new_users (
      id INTEGER PRIMARY KEY, name TEXT, note TEXT, amount REAL, flag INTEGER NOT NULL DEFAULT 0, code TEXT);
    INSERT INTO new_users \(columns.isEmpty ? "" : "(\(columns)) ")\(select);
    DROP TABLE users;
    ALTER TABLE new_users RENAME TO users;

    """
  }

  /// The migration fails, the file stays as it was; with the declaration that the message asks for it goes through.
  private func refused(
    _ sql: String, _ kind: ContentChange.Kind, _ text: String, declare: String,
    _ bench: () throws -> Bench, location: SourceLocation = #_sourceLocation
  ) throws {
    let plain = try bench()
    try plain.migration("0002_do_harm.sql", sql)
    let before = try IndependentReader.rows("SELECT * FROM users", at: plain.path)
    let outcome = try plain.upgrade()
    #expect(
      outcome.failure?.code == .contentChanged, "\(outcome.failure?.description ?? "no failure")",
      sourceLocation: location)
    #expect(
      outcome.failure?.message.contains(text) == true, "\(outcome.failure?.message ?? "")",
      sourceLocation: location)
    #expect(
      outcome.failure?.message.contains("'-- @changes \(declare)'") == true,
      "\(outcome.failure?.message ?? "")",
      sourceLocation: location)
    #expect(
      try IndependentReader.rows("SELECT * FROM users", at: plain.path) == before, sourceLocation: location)
    let declared = try bench()
    try declared.migration("0002_do_harm.sql", "-- @changes \(declare)\n" + sql)
    let second = try declared.upgrade()
    #expect(second.status == .migrated, "\(second.failure?.description ?? "")", sourceLocation: location)
    #expect(second.applied.last?.changes.contains { $0.kind == kind } == true, sourceLocation: location)
  }

  private func told(
    _ sql: String, _ changes: [String], _ bench: Bench, location: SourceLocation = #_sourceLocation
  )
    throws
  {
    try bench.migration("0002_change.sql", sql)
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated, "\(outcome.failure?.description ?? "")", sourceLocation: location)
    #expect(outcome.applied.last?.changes.map(\.description) == changes, sourceLocation: location)
  }

  // MARK: Where it stands

  @Test func `a column that becomes NULL everywhere is refused`() throws {
    try refused(
      "UPDATE users SET note = NULL;", .emptied, "users.note: 6 of 6 became NULL", declare: "users.note"
    ) { try bench() }
  }

  @Test func `a column that becomes one value everywhere is refused`() throws {
    try refused(
      "UPDATE users SET name = 'x';", .levelled, "users.name: 6 of 6 became one and the same value",
      declare: "users.name"
    ) { try bench() }
  }

  @Test func `columns that change places are refused`() throws {
    try refused(
      "UPDATE users SET name = note, note = name;", .swapped,
      "users.name: 6 of 6 hold what another column held",
      declare: "users.name, users.note"
    ) { try bench() }
  }

  @Test func `a cast that loses is refused`() throws {
    try refused(
      "UPDATE users SET amount = CAST(amount AS INTEGER);", .narrowed, "users.amount: 6 of 6 lost",
      declare: "users.amount"
    ) { try bench() }
  }

  @Test func `keys that move to other rows are refused`() throws {
    try refused(
      "UPDATE users SET id = id + 100; UPDATE users SET id = id - 99;", .moved,
      "users: 4 of 5 hold what rows with other keys held", declare: "users.*"
    ) { try bench() }
  }

  @Test func `values that move to other rows are refused`() throws {
    try refused(
      "UPDATE users SET name = (SELECT name FROM users u WHERE u.id = 7 - users.id) WHERE id < 0;\n"
        + "CREATE TEMP TABLE old AS SELECT * FROM users;\n"
        + "UPDATE users SET name = (SELECT name FROM old WHERE old.id = 7 - users.id);",
      .moved, "users.name: 6 of 6 hold what rows with other keys held", declare: "users.name"
    ) { try bench() }
  }

  @Test func `a change that is the purpose of an UPDATE is told`() throws {
    try told(
      "UPDATE users SET note = upper(note) WHERE id < 3;", ["users.note: 2 of 6 changed"], bench())
  }

  @Test(arguments: [
    ("UPDATE users SET flag = 1;", "users.flag: 3 of 6 changed"),
    ("UPDATE users SET flag = 1 - flag;", "users.flag: 6 of 6 changed"),
    ("UPDATE users SET note = NULL WHERE id < 6;", "users.note: 5 of 6 changed"),
    ("UPDATE users SET note = name;", "users.note: 6 of 6 changed"),
    (
      "UPDATE users SET id = 77 WHERE id = 6;",
      "users.id: 1 of 6 have another key now"
    ),
  ])
  func `what may well be meant is told and goes through`(sql: String, change: String) throws {
    try told(sql, [change], bench())
  }

  @Test func `values where there was none are no loss`() throws {
    let bench = try bench()
    try bench.change("UPDATE users SET note = NULL")
    try told(
      "UPDATE users SET note = 'n';", ["users.note: 6 of 6 were NULL and have a value now"], bench)
  }

  @Test func `what a migration leaves alone is not told`() throws {
    try told("ALTER TABLE users ADD COLUMN age INTEGER; UPDATE users SET age = 3;", [], bench())
    try told("INSERT INTO users (id, name) VALUES (99, 'new');", [], bench())
    try told("-- @deletes users\nDELETE FROM users WHERE id = 2;", [], bench())
    try told("ALTER TABLE users RENAME COLUMN note TO remark; UPDATE users SET remark = remark;", [], bench())
  }

  // MARK: Rows that are replaced

  @Test func `rows that go while as many come are refused`() throws {
    try refused(
      "DELETE FROM users WHERE id < 4; INSERT INTO users (id, name) VALUES (91, 'a'), (92, 'b'), (93, 'c');",
      .renumbered, "3 of 6 have another key", declare: "users.id"
    ) { try bench() }
  }

  @Test func `values that go while all rows get other keys are refused`() throws {
    try refused(
      "UPDATE users SET id = id + 1000, note = NULL;", .emptied, "users.note: 6 of 6 became NULL",
      declare: "users.note"
    ) { try bench() }
    try told("UPDATE users SET id = id + 1000;", ["users.id: 6 of 6 have another key now"], bench())
  }

  // MARK: Names

  @Test func `a column is followed through its renames`() throws {
    let twice = """
      ALTER TABLE users RENAME COLUMN note TO k1; UPDATE users SET k1 = NULL;
      ALTER TABLE users RENAME COLUMN k1 TO k2;
      """
    try refused(twice, .emptied, "users.k1: 6 of 6 became NULL", declare: "users.k1") { try bench() }
    let replaced = """
      UPDATE users SET note = NULL; ALTER TABLE users RENAME COLUMN note TO remark;
      ALTER TABLE users ADD COLUMN note TEXT;
      """
    try refused(replaced, .emptied, "users.note: 6 of 6 became NULL", declare: "users.note") { try bench() }
    let swapped = """
      ALTER TABLE users RENAME COLUMN name TO tmp; ALTER TABLE users RENAME COLUMN note TO name;
      ALTER TABLE users RENAME COLUMN tmp TO note; UPDATE users SET code = code || 'x';
      """
    try told(swapped, ["users.code: 6 of 6 changed"], bench())
  }

  @Test func `a table that is put away keeps its rows, and two may change their names`() throws {
    try told("ALTER TABLE users RENAME TO archive; \(Self.table)", [], bench())
    let other =
      Self.table.replacing("TABLE users", with: "TABLE others") + "INSERT INTO others (id) VALUES (1);"
    let bench = try bench()
    try bench.change(other)
    try bench.migration("0001_create_tables.sql", Self.table + other)
    try told(
      """
      ALTER TABLE users RENAME TO tmp; ALTER TABLE others RENAME TO users; ALTER TABLE tmp RENAME TO others;
      UPDATE others SET note = note || 'x';
      """, ["users.note: 6 of 6 changed"], bench)
  }

  @Test func `a column that is called like an option of a table is a column`() throws {
    let bench = try Bench(sql: "CREATE TABLE t (a TEXT, without TEXT);\n\(Bench.recorded)")
    try bench.change("INSERT INTO t VALUES ('a', 'b'), ('c', 'd'), ('e', 'f')")
    try bench.migration("0001_create_tables.sql", "CREATE TABLE t (a TEXT, without TEXT);")
    try bench.migration("0002_do_harm.sql", "UPDATE t SET a = NULL;")
    #expect(try bench.upgrade().failure?.code == .contentChanged)
  }

  // MARK: Rebuilds

  @Test func `a rebuild that copies columns into each other is refused`() throws {
    try refused(
      rebuild("SELECT id, note, name, amount, flag, code FROM users", ""), .swapped,
      "users.name: 6 of 6 hold",
      declare: "users.name, users.note"
    ) { try bench() }
  }

  @Test func `a rebuild that forgets a column's data is refused`() throws {
    try refused(
      rebuild("SELECT id, name, amount, flag, code FROM users", "id, name, amount, flag, code"), .emptied,
      "users.note: 6 of 6 became NULL", declare: "users.note"
    ) { try bench() }
    // What is forgotten gets the default.
    try refused(
      rebuild("SELECT id, name, note, amount, code FROM users", "id, name, note, amount, code"), .changed,
      "users.flag: 3 of 6 changed", declare: "users.flag"
    ) { try bench() }
  }

  @Test func `a rebuild that joins wrongly is refused`() throws {
    try refused(
      rebuild(
        "SELECT a.id, a.name, b.note, a.amount, a.flag, a.code FROM users a JOIN users b ON b.id = 7 - a.id"),
      .moved, "users.note: 6 of 6 hold what rows with other keys held", declare: "users.note"
    ) { try bench() }
  }

  @Test func `a rebuild that numbers the rows anew is refused`() throws {
    try refused(
      rebuild("SELECT id + 10, name, note, amount, flag, code FROM users"), .renumbered,
      "users.id: 6 of 6 have another key", declare: "users.id"
    ) { try bench() }
    try refused(
      rebuild(
        "SELECT name, note, amount, flag, code FROM users ORDER BY id DESC", "name, note, amount, flag, code"),
      .moved, "users.name: 6 of 6 hold what rows with other keys held",
      declare: "users.name, users.note, users.amount, users.flag, users.code"
    ) { try bench() }
  }

  @Test func `a rebuild that casts what it copies is refused where digits are lost`() throws {
    let narrow = rebuild("SELECT id, name, note, CAST(amount AS INTEGER), flag, code FROM users")
      .replacing("amount REAL", with: "amount INTEGER")
    try refused(narrow, .narrowed, "users.amount: 6 of 6 lost", declare: "users.amount") { try bench() }
    // The affinity of the new column drops the leading zeros.
    let numeric = rebuild("SELECT * FROM users").replacing("code TEXT", with: "code INTEGER")
    try refused(numeric, .narrowed, "users.code: 6 of 6 lost", declare: "users.code") { try bench() }
  }

  @Test func `a rebuild that loses nothing is not told`() throws {
    try told(rebuild("SELECT * FROM users"), [], bench())
    let wider = rebuild("SELECT id, name, note, amount, flag, code FROM users")
      .replacing("flag INTEGER", with: "flag TEXT").replacing("amount REAL", with: "amount TEXT")
    try told(wider, [], bench())
  }

  @Test func `rows without a key are compared column by column`() throws {
    let keyless = Self.table.replacing("id INTEGER PRIMARY KEY", with: "id INTEGER")
    let fresh = { (select: String) in rebuild(select).replacing("id INTEGER PRIMARY KEY", with: "id INTEGER")
    }
    try refused(
      fresh("SELECT id, name, 'note 1', amount, flag, code FROM users"), .changed,
      "users.note: 5 of 6 changed",
      declare: "users.note"
    ) { try bench(keyless) }
    try refused(
      fresh(
        "SELECT a.id, b.name, a.note, a.amount, a.flag, a.code FROM users a JOIN users b ON b.id = 7 - a.id"),
      .moved, "users: ", declare: "users.*"
    ) { try bench(keyless) }
    try told(fresh("SELECT * FROM users ORDER BY name DESC"), [], bench(keyless))
  }

  // MARK: Size

  @Test func `of a large table a sample is compared, and the message says so`() throws {
    let large = { () throws -> Bench in
      let bench = try bench(rows: 1)
      try bench.change(
        """
        WITH RECURSIVE c (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM c WHERE i < 60000)
        INSERT INTO users SELECT i, 'name ' || i, 'note ' || i, i + 0.25, i % 2, '0' || i FROM c;
        """)
      return bench
    }
    try refused(
      "UPDATE users SET note = NULL;", .emptied, "users.note: 2048 of 2048 (a sample of 60000) became NULL",
      declare: "users.note", large)
    try refused(
      rebuild("SELECT id, note, name, amount, flag, code FROM users", ""), .swapped,
      "users.name: 2048 of 2048 (a sample of 60000) hold", declare: "users.name, users.note", large)
    let keyless = rebuild("SELECT * FROM users").replacing("id INTEGER PRIMARY KEY", with: "id INTEGER")
    try refused(keyless, .uncompared, "users: was rebuilt", declare: "users.*", large)
  }

  @Test(arguments: [9_000_000_000_000_000, .max, .min, -9_000_000_000_000_000] as [Int64])
  func `one row with a number far away doesn't spoil the sample`(far: Int64) throws {
    let bench = try bench(rows: 1)
    try bench.change(
      """
      WITH RECURSIVE c (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM c WHERE i < 60000)
      INSERT INTO users SELECT i, 'name ' || i, 'note ' || i, i + 0.25, i % 2, '0' || i FROM c;
      INSERT INTO users (id, name, note) VALUES (\(far), 'far', 'away');
      """)
    try bench.migration("0002_do_harm.sql", "UPDATE users SET note = NULL WHERE id < 50;")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated, "\(outcome.failure?.description ?? "")")
    let change = try #require(outcome.applied.last?.changes.first)
    #expect(change.compared > 1000 && change.sampledFrom == 60001)
  }

  @Test(arguments: ["DELETE", "WAL"])
  func `what happened is kept in the record of the migration, for whatever mode`(mode: String) throws {
    let bench = try bench()
    try bench.change("PRAGMA journal_mode=\(mode)")
    try bench.migration("0002_change.sql", "-- @changes users.note\nUPDATE users SET note = NULL;")
    #expect(try bench.worker().inspect(bench.path).mayChange == ["users.note"])
    let outcome = try bench.upgrade()
    let change = try #require(outcome.applied.first?.changes.first)
    #expect(change.place == "users.note" && change.kind == .emptied && change.rows == 6)
    #expect(outcome.mayChange == [])
    let json = String(decoding: try JSONEncoder().encode(outcome.applied), as: UTF8.self)
    #expect(json.contains("\"kind\":\"emptied\"") && !json.contains("sampled_from"))
  }
}
