import SQLite
import Schema
import TestSupport
import Testing

@testable import Migrations

@Suite struct MigratorTests {
  let base = """
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
    CREATE TABLE items (id INTEGER PRIMARY KEY, user REFERENCES users (id) ON DELETE CASCADE);
    INSERT INTO users VALUES (1, 'a'), (2, 'b'), (3, 'c');
    INSERT INTO items VALUES (1, 1), (2, 2);
    """

  /// The failure of a migration, after which the database must be what it was.
  func failure(_ text: String, more: String = "") throws -> MigrationFailure {
    let database = try database(base + more)
    let dump = "SELECT group_concat(name || coalesce(sql, '')) FROM sqlite_schema"
    let rows = "SELECT (SELECT count(*) FROM users) || ' ' || (SELECT count(*) FROM items)"
    let before = try (database.scalar(dump), database.scalar(rows))
    let error = try #require(#expect(throws: MigrationFailure.self) { try apply(text, to: database) })
    #expect(try (database.scalar(dump), database.scalar(rows)) == before)
    #expect(!database.isInTransaction && error.file == "0001_change.sql")
    return error
  }

  func rows(_ text: String, _ query: String, more: String = "") throws -> Value? {
    let database = try database(base + more)
    try apply(text, to: database)
    return try database.scalar(query)
  }

  @Test(arguments: [
    ("SELECT 1;\n\nSELEC 2;", 3, "near \"SELEC\": syntax error (SQLite 1)"),
    ("SELECT id,\n  'x',\n  nmae\nFROM users;", 3, "no such column: nmae (SQLite 1)"),
    ("-- a\n-- @always\nDROP TABLE nowhere;", 3, "no such table: nowhere (SQLite 1)"),
    ("-- é\nSELECT 'é\n',\n x FROM users;", 4, "no such column: x (SQLite 1)"),
    ("SELECT 1;\r\nSELECT\r\n x;", 3, "no such column: x (SQLite 1)"),
    ("\nINSERT INTO users VALUES\n(4, 'a');", 2, "UNIQUE constraint failed: users.name (SQLite 2067)"),
    ("CREATE TABLE t (\n a,", 1, "incomplete input (SQLite 1)"),
    ("-- @when query SELECT x\nSELECT 1;", 1, "no such column: x (SQLite 1)"),
    ("SELECT 1;\n\n-- @expect query SELECT y", 3, "no such column: y (SQLite 1)"),
  ])
  func `SQLite's errors are told with their line`(text: String, line: Int, message: String) throws {
    let error = try failure(text)
    #expect(error.code == .sql && error.line == line && error.message == message)
    #expect(error.description == "0001_change.sql:\(line): \(message)")
  }

  @Test func `what is required must hold before anything runs`() throws {
    let error = try failure("-- @require table users\n-- @require table x : there is no x\nDROP TABLE items;")
    #expect(error.code == .requirement && error.line == 2 && error.message == "there is no x")
    #expect(try failure("-- @require table x\nSELECT 1;").message == "requires table x, which is not so")
  }

  @Test func `what is expected must hold afterwards`() throws {
    let error = try failure("CREATE TABLE x (a);\n-- @expect table x\n-- @expect column x.b")
    #expect(error.code == .expectation && error.line == 3)
    #expect(error.message == "expected column x.b, which is not so")
  }

  @Test(arguments: [
    (
      "CREATE TABLE n (id, name); INSERT INTO n SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users; ALTER TABLE users RENAME TO people; DELETE FROM people WHERE id = 1;",
      "users", 1
    ),
    ("DELETE FROM users WHERE id = 3;", "users", 1), ("DELETE FROM users;", "users", 3),
    ("DELETE FROM main.users;", "users", 3), ("DROP TABLE users;", "users", 3),
    ("CREATE TABLE all_users AS SELECT * FROM users; DROP TABLE users;", "users", 3),
    ("INSERT OR REPLACE INTO users VALUES (1, 'b');", "users", 1),
    ("UPDATE OR REPLACE users SET name = 'a' WHERE id = 2;", "users", 1),
    ("ALTER TABLE users RENAME TO people; DELETE FROM people WHERE id > 1;", "users", 2),
    ("ALTER TABLE 'users' RENAME TO 'people'; DELETE FROM people WHERE id > 1;", "users", 2),
    ("ALTER TABLE users RENAME TO rename; ALTER TABLE rename RENAME TO b; DELETE FROM b;", "users", 3),
    ("ALTER TABLE users RENAME TO old; CREATE TABLE users (id, name); DROP TABLE old;", "users", 3),
    (
      "CREATE TABLE n (id, name); INSERT INTO n SELECT * FROM users LIMIT 1; DROP TABLE users; ALTER TABLE n RENAME TO users;",
      "users", 2
    ),
    (
      "ALTER TABLE users RENAME TO old; CREATE TABLE users (id, name); INSERT INTO users SELECT * FROM old LIMIT 2; DROP TABLE old;",
      "users", 1
    ),
    (
      "CREATE TRIGGER t AFTER UPDATE ON users BEGIN DELETE FROM items WHERE user = old.id; END; UPDATE users SET name = name || 1 WHERE id = 1;",
      "items", 1
    ),
    ("CREATE TEMP TABLE users AS SELECT * FROM main.users; DELETE FROM main.users;", "users", 3),
    ("DELETE FROM view_of_users;", "users", 3),
    ("INSERT INTO users VALUES (4, 'd'); DELETE FROM users WHERE id < 3;", "users", 1),
    ("WITH x AS (SELECT 2 AS id) DELETE FROM users WHERE id IN (SELECT id FROM x);", "users", 1),
  ])
  func `rows that would be lost stop the migration, and may go where that is declared`(
    text: String, table: String, count: Int
  ) throws {
    let more = """
      CREATE VIEW view_of_users AS SELECT * FROM users;
      CREATE TRIGGER v INSTEAD OF DELETE ON view_of_users BEGIN DELETE FROM users WHERE id = old.id; END;
      """
    let needsNoView = text.contains("ALTER") || text.contains("DROP")
    let error = try failure(text, more: needsNoView ? "" : more)
    #expect(error.code == .rowsLost && error.line == nil)
    #expect(
      error.message
        == "\(count) \(count == 1 ? "row" : "rows") of \(table) would be lost; if they may go, say so with '-- @deletes \(table)'"
    )
    let database = try database(base + (needsNoView ? "" : more))
    let applied = try apply("-- @deletes other, \(table.uppercased())\n" + text, to: database)
    #expect(applied.rowsDeleted == [table: count])
  }

  @Test(arguments: [
    "UPDATE users SET name = name || 'x';", "DELETE FROM users WHERE id > 7;",
    "INSERT OR REPLACE INTO users VALUES (1, 'z');", "ALTER TABLE users RENAME TO people;",
    "CREATE TABLE new_users (id, name); INSERT INTO new_users SELECT * FROM users; DROP TABLE users; ALTER TABLE new_users RENAME TO users;",
    "ALTER TABLE users RENAME TO old; CREATE TABLE users (id, name); INSERT INTO users SELECT * FROM old; DROP TABLE old;",
    "CREATE TABLE n (id, name); INSERT INTO n SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users; ALTER TABLE users RENAME TO people; UPDATE people SET id = id;",
    "ALTER TABLE \"users\" RENAME TO [rename]; ALTER TABLE rename RENAME TO `users`;",
    "ALTER TABLE users DROP COLUMN name;",
    "ALTER TABLE users ADD COLUMN rename TEXT; ALTER TABLE users RENAME COLUMN rename TO a;",
    "CREATE TABLE x AS SELECT * FROM users; DELETE FROM x; DROP TABLE x;",
    "CREATE TABLE e (a); DROP TABLE e;",
    "CREATE TEMP TABLE keep AS SELECT * FROM users; DELETE FROM users; INSERT INTO users SELECT * FROM keep; DROP TABLE keep;",
  ])
  func `where no row is lost nothing has to be declared`(text: String) throws {
    let simple = text.replacing(
      "ALTER TABLE users DROP COLUMN name;", with: "ALTER TABLE items DROP COLUMN user;")
    #expect(try apply(simple, to: database(base)).rowsDeleted == [:])
  }

  @Test(arguments: ["DELETE FROM texts WHERE rowid = 1;", "DROP TABLE texts;"])
  func `rows of a virtual table are counted`(text: String) throws {
    let more = "CREATE VIRTUAL TABLE texts USING fts5 (body); INSERT INTO texts VALUES ('a');"
    #expect(try failure(text, more: more).message.hasPrefix("1 row of texts would be lost"))
    let database = try database(base + more)
    #expect(try apply("-- @deletes texts\n" + text, to: database).rowsDeleted == ["texts": 1])
    let rebuilt =
      "CREATE VIRTUAL TABLE n USING fts5 (body, prefix = 2); INSERT INTO n SELECT * FROM texts; DROP TABLE texts; ALTER TABLE n RENAME TO texts;"
    #expect(try rows(rebuilt, "SELECT count(*) FROM texts WHERE texts MATCH 'a'", more: more) == 1)
  }

  @Test func `names with other letters than A to Z are counted`() throws {
    let error = try failure(
      "DELETE FROM Ärzte;", more: "CREATE TABLE Ärzte (a); INSERT INTO Ärzte VALUES (1);")
    #expect(error.message.hasPrefix("1 row of Ärzte would be lost"))
  }

  @Test func `a table that refers loses rows too when foreign keys are on`() throws {
    let database = try database(base)
    try database.execute("PRAGMA foreign_keys = ON")
    let error = #expect(throws: MigrationFailure.self) {
      try apply("-- @deletes users\nDELETE FROM users WHERE id = 1;", to: database)
    }
    #expect(error?.message.hasPrefix("1 row of items would be lost") == true)
  }

  @Test func `a step runs where all its conditions hold`() throws {
    let text = """
      -- @when table users
      -- @unless table x
      CREATE TABLE x (a);
      -- @when table users
      -- @unless table x
      DROP TABLE users;
      -- @when table y
      SELECT nonsense FROM nowhere;
      -- @always
      INSERT INTO x VALUES (1);
      -- @expect query SELECT a FROM x
      """
    #expect(try rows(text, "SELECT count(*) FROM x") == 1)
  }

  @Test func `a trigger that the migration makes works at once`() throws {
    let text = """
      CREATE TABLE log (name);
      CREATE TRIGGER named AFTER INSERT ON users BEGIN
        INSERT INTO log VALUES (CASE WHEN new.id > 3 THEN new.name END);
      END;
      INSERT INTO users VALUES (4, 'd');
      """
    #expect(try rows(text, "SELECT name FROM log") == "d")
  }

  @Test(arguments: [
    "INSERT INTO schema_migrations (version, name) VALUES (1, 'change')",
    "INSERT INTO schema_migrations (version, name) VALUES (7, 'other')",
    "CREATE TABLE schema_migrations (version, name); INSERT INTO schema_migrations VALUES (3, '')",
    "-- @deletes schema_migrations\nDELETE FROM schema_migrations",
    "-- @deletes schema_migrations\nDROP TABLE schema_migrations",
  ])
  func `a migration doesn't record itself`(text: String) throws {
    let more =
      text.contains("CREATE")
      ? "" : "\(SchemaMigrationsTable.definition); INSERT INTO schema_migrations VALUES (0, 'x', 0);"
    let text =
      text.contains("CREATE")
      ? text.replacing("CREATE TABLE", with: "DROP TABLE schema_migrations; CREATE TABLE") : text
    let error = try failure(text, more: more)
    #expect(error.code == .sql)
    #expect(
      error.message
        == "the migration changes the versions in schema_migrations, which is done when it has succeeded")
  }

  @Test func `a migration may change the table in which it is recorded`() throws {
    let text =
      "ALTER TABLE schema_migrations ADD COLUMN note; UPDATE schema_migrations SET name = 'b', note = 'x';"
    let record = "INSERT INTO schema_migrations (version, name) VALUES (0, 'a');"
    let more = "\(SchemaMigrationsTable.definition); \(record)"
    let query = "SELECT group_concat(version || name || coalesce(note, '')) FROM schema_migrations"
    #expect(try rows(text, query, more: more) == "0bx,1change")
  }

  @Test func `a deadline is a timeout`() throws {
    let set = try Files(
      "SELECT 1;\nWITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n;"
    ).load()
    let database = try Connection(path: "", access: .memory, deadline: Deadline(in: .milliseconds(20)))
    try database.execute("BEGIN")
    let error = #expect(throws: MigrationFailure.self) {
      try Migrator(database, SchemaMigrationsTable()).apply(set.plan(for: History(recorded: [:])))
    }
    #expect(error?.code == .timeout && error?.line == 2)
    #expect(error?.message == "the time allowed has passed")
  }

  @Test func `what runs alone runs outside a transaction and is recorded`() throws {
    let set = try Files("-- @transaction none\nVACUUM;").load()
    let database = try database(base)
    #expect(try Migrator(database, SchemaMigrationsTable()).run(set.migrations[0]).version == 1)
    #expect(try SchemaMigrationsTable().read(database).recorded == [1: "change"])
  }

  @Test func `baseline and migrations are applied in order and recorded but for the baseline`() throws {
    let files = try Files(["2_b.sql": "CREATE TABLE c (a);", "1_a.sql": "ALTER TABLE a RENAME TO b;"])
    let set = try files.load(baseline: files.folder.write("CREATE TABLE a (a);", to: "baseline.sql"))
    let database = try database("")
    var written: [String] = []
    try database.execute("BEGIN")
    let migrator = Migrator(
      database, SchemaMigrationsTable(), willWrite: { table, _ in written.append(table) })
    let applied = try migrator.apply(set.plan(for: try SchemaMigrationsTable().read(database)))
    #expect(applied.map(\.version) == [0, 1, 2] && applied.map(\.name) == ["baseline", "a", "b"])
    #expect(try SchemaMigrationsTable().read(database).recorded == [1: "a", 2: "b"])
    #expect(
      try database.rows("SELECT name FROM sqlite_schema ORDER BY 1") { $0.text(0) } == [
        "b", "c", "schema_migrations",
      ])
    #expect(written == ["a"])
  }
}
