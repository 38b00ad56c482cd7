import BenchSupport
import Foundation
import Migrations
import Schema
import TestSupport
import Testing
import Upgrade

/// References, numbers and hand-made objects that a migration must not lose.
@Suite struct ReferenceProofTests {
  private func refused(
    _ bench: Bench, _ sql: String, _ code: Failure.Code, _ text: String,
    location: SourceLocation = #_sourceLocation
  ) throws {
    try bench.migration("0002_do_harm.sql", sql)
    let content = try Content.dump(bench.path)
    let outcome = try bench.upgrade()
    #expect(outcome.failure?.code == code, "\(outcome.failure?.description ?? "")", sourceLocation: location)
    #expect(
      outcome.failure?.message.contains(text) == true, "\(outcome.failure?.message ?? "")",
      sourceLocation: location)
    #expect(outcome.isUnchanged, sourceLocation: location)
    #expect(try Content.dump(bench.path) == content, sourceLocation: location)
    #expect(
      try IndependentReader.rows("SELECT version FROM schema_migrations", at: bench.path) == ["1"],
      sourceLocation: location)
  }

  // MARK: Names

  @Test func `the proofs see a table whose name has other capitals than A to Z`() throws {
    let tables = """
      CREATE TABLE "Übung" (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), note TEXT);
      """
    let bench = try Bench(more: "\(tables) INSERT INTO \"Übung\" VALUES (1, 1, 'a');")
    try bench.migration("0001_create_tables.sql", "\(Bench.first)\n\(tables)")
    try refused(bench, "UPDATE \"Übung\" SET parent = 99;", .foreignKey, "1 in Übung")
    try bench.change("ALTER TABLE \"Übung\" ADD COLUMN secret TEXT")
    let rebuild = """
      CREATE TABLE neu (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), note TEXT);
      INSERT INTO neu SELECT id, parent, note FROM "Übung";
      DROP TABLE "Übung";
      ALTER TABLE neu RENAME TO "Übung";
      """
    try refused(bench, rebuild, .columnLost, "column Übung.secret")
  }

  // MARK: Orphans

  private let pairs = """
    CREATE TABLE pairs (a INTEGER REFERENCES parents (id), b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
    """

  @Test func `one orphan mended and another made is one new, in a table without row numbers too`() throws {
    let bench = try Bench(more: "\(pairs) INSERT INTO pairs VALUES (71, 'x'), (1, 'y');")
    try bench.migration("0001_create_tables.sql", "\(Bench.first)\n\(pairs)")
    try refused(
      bench, "UPDATE pairs SET a = CASE b WHEN 'x' THEN 2 ELSE 72 END;", .foreignKey,
      "1 in pairs, such as pairs with a = 72")
  }

  @Test(arguments: ["_rowid_ INTEGER", "_rowid_ INTEGER, rowid INTEGER, oid INTEGER"])
  func `a column with the name of the row's number hides no orphan`(columns: String) throws {
    let table =
      "CREATE TABLE notes (key TEXT PRIMARY KEY, parent INTEGER REFERENCES parents (id), \(columns));"
    let bench = try Bench(
      more: "\(table) INSERT INTO notes (key, parent, _rowid_) VALUES ('a', 71, 2), ('b', 1, 1);")
    try bench.migration("0001_create_tables.sql", "\(Bench.first)\n\(table)")
    try refused(
      bench, "UPDATE notes SET parent = CASE key WHEN 'a' THEN 2 ELSE 72 END;", .foreignKey,
      "1 in notes, such as notes with parent = 72")
  }

  @Test func `old orphans of a table without row numbers are tolerated, whatever they are compared by`()
    throws
  {
    let more = """
      CREATE TABLE codes (code TEXT COLLATE NOCASE PRIMARY KEY);
      CREATE TABLE uses (code, place INTEGER, PRIMARY KEY (code, place), FOREIGN KEY (code) REFERENCES codes)
        WITHOUT ROWID;
      """
    let bench = try Bench(
      more: more
        + "INSERT INTO codes VALUES ('a'), ('5'); INSERT INTO uses VALUES ('A', 1), (5, 2), ('zz', 3);")
    try bench.migration("0001_create_tables.sql", "\(Bench.first)\n\(more)")
    try bench.migration("0002_shift.sql", "UPDATE uses SET place = place + 10;")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated, "\(outcome.failure?.description ?? "")")
    #expect(
      try IndependentReader.rows("SELECT place FROM uses ORDER BY 1", at: bench.path) == ["11", "12", "13"])
  }

  // MARK: Numbers

  private let counted = "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT);"

  private func counting() throws -> Bench {
    let rows = "INSERT INTO orders (note) VALUES ('a'), ('b'), ('c'); DELETE FROM orders WHERE id = 3;"
    let bench = try Bench(more: counted + rows)
    try bench.migration("0001_create_tables.sql", "\(Bench.first)\n\(counted)")
    return bench
  }

  private let recount = """
    CREATE TABLE new_orders (id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT NOT NULL);
    INSERT INTO new_orders SELECT id, note FROM orders;
    DROP TABLE orders;
    ALTER TABLE new_orders RENAME TO orders;

    """

  @Test func `numbers that AUTOINCREMENT has given are not given again after a rebuild`() throws {
    try refused(counting(), recount, .sequenceSetBack, "orders would be set back from 3 to 2")
  }

  @Test(arguments: [
    "UPDATE sqlite_sequence SET seq = 0 WHERE name = 'orders';",
    "DELETE FROM sqlite_sequence WHERE name = 'orders';",
  ])
  func `numbers are not given again after a write to the table that counts them`(sql: String) throws {
    try refused(counting(), sql, .sequenceSetBack, "orders would be set back from 3 to 0")
  }

  @Test func `a rebuild that keeps the number goes through, and so does one that declares`() throws {
    for sql in [
      recount + "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'orders';",
      "-- @changes sqlite_sequence.orders\n" + recount,
    ] {
      let bench = try counting()
      try bench.migration("0002_rebuild.sql", sql)
      let outcome = try bench.upgrade()
      #expect(outcome.status == .migrated, "\(outcome.failure?.description ?? "")")
      #expect(try IndependentReader.rows("SELECT id FROM orders", at: bench.path) == ["1", "2"])
    }
  }

  // MARK: Objects made by hand

  @Test(arguments: [
    ("CREATE UNIQUE INDEX one_note ON children (note);", "index one_note of children"),
    ("CREATE INDEX by_note ON children (note);", "index by_note of children"),
    (
      "CREATE TRIGGER tell AFTER INSERT ON children BEGIN SELECT 1; END;", "trigger tell of children"
    ),
  ])
  func `a rebuild does not drop what was added by hand`(more: String, name: String) throws {
    try refused(Bench(more: more), Bench.rebuild, .objectLost, "\(name) is not from these migrations")
  }

  @Test func `a rebuild does not drop a constraint that was added by hand`() throws {
    let table = """
      CREATE TABLE children (
        id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), note TEXT, CHECK (length(note) < 9),
        UNIQUE (parent, note));
      """
    for (part, name) in [(", CHECK (length(note) < 9)", "CHECK"), (",\n  UNIQUE (parent, note)", "UNIQUE")] {
      let changed = table.replacing(
        part == ", CHECK (length(note) < 9)" ? ",\n  UNIQUE (parent, note)" : ", CHECK (length(note) < 9)",
        with: "")
      let first = Bench.first.replacing(
        "CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), note TEXT);",
        with: changed)
      let bench = try Bench(sql: "\(first)\n\(Bench.recorded)\n\(Bench.rows)")
      try bench.migration("0001_create_tables.sql", Bench.first)
      try refused(bench, Bench.rebuild, .objectLost, "\(name) of children")
    }
  }

  @Test func `what the migrations made themselves they may drop`() throws {
    let more = "CREATE UNIQUE INDEX one_note ON children (note);"
    let bench = try Bench(more: more)
    try bench.migration("0001_create_tables.sql", "\(Bench.first)\n\(more)")
    try bench.migration("0002_add_cascade.sql", Bench.rebuild)
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated, "\(outcome.failure?.description ?? "")")
  }
}
