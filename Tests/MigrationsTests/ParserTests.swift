import Migrations
import SQLite
import Schema
import TestSupport
import Testing

@Suite struct ParserTests {
  func fault(_ text: String) throws -> MigrationError {
    let files = try Files(text)
    return try #require(#expect(throws: MigrationError.self) { try files.load() })
  }

  @Test(arguments: [
    ("SELECT 1;\n-- @wen table t\nSELECT 2;", 2, "unknown directive @wen; did you mean @when?"),
    ("-- @delete t\nSELECT 1;", 1, "unknown directive @delete; did you mean @deletes?"),
    ("-- @UNLESS table t\nSELECT 1;", 1, "unknown directive @UNLESS; did you mean @unless?"),
    (
      "--@if table t\nSELECT 1;", 1,
      "unknown directive @if; there are @when, @unless, @always, @require, @expect, @deletes, @changes, @transaction, @allow"
    ),
    ("-- @when\nSELECT 1;", 1, "'' is no condition"),
    ("\n-- @when tabel t\nSELECT 1;", 2, "'tabel t' is no condition"),
    ("-- @when table\nSELECT 1;", 1, "'table' is no condition"),
    ("-- @when table a b\nSELECT 1;", 1, "'table a b' is no condition"),
    ("-- @when column t\nSELECT 1;", 1, "'column t' is no condition"),
    ("-- @when column t.\nSELECT 1;", 1, "'column t.' is no condition"),
    ("-- @when column a.b.c\nSELECT 1;", 1, "'column a.b.c' is no condition"),
    ("-- @unless foreign key t\nSELECT 1;", 1, "'foreign key t' is no condition"),
    ("-- @unless foreign key t.c on\nSELECT 1;", 1, "'foreign key t.c on' is no condition"),
    ("-- @unless foreign key t.c on delete\nSELECT 1;", 1, "'foreign key t.c on delete' is no condition"),
    ("-- @unless foreign key t.c on delete never\nSELECT 1;", 1, "'foreign key t.c on delete never'"),
    ("-- @unless foreign t.c\nSELECT 1;", 1, "'foreign t.c' is no condition"),
    ("-- @when query\nSELECT 1;", 1, "'query' is no condition"),
    ("-- @when query -- nothing\nSELECT 1;", 1, "'query -- nothing' is no condition"),
    ("-- @when query SELECT 1; SELECT 2\nSELECT 1;", 1, "'query SELECT 1; SELECT 2' is no condition"),
    ("-- @when query SELECT ?\nSELECT 1;", 1, "'query SELECT ?' is no condition"),
    ("-- @always now\nSELECT 1;", 1, "@always takes no condition"),
    ("-- @require\nSELECT 1;", 1, "@require takes a condition"),
    ("-- @require tables t : no\nSELECT 1;", 1, "'tables t' is no condition"),
    ("SELECT 1;\n-- @require table t", 2, "@require belongs before the first step"),
    ("-- @when table t\n-- @require table u\nSELECT 1;", 2, "@require belongs before the first step"),
    ("SELECT 1;\n-- @expect table t\n-- @when table u\nSELECT 2;", 3, "a step can't follow @expect"),
    ("SELECT 1;\n-- @expect table t\n\nSELECT 2;", 4, "a step can't follow @expect"),
    ("SELECT 1;\n-- @expect", 2, "'' is no condition"), ("-- @deletes\nSELECT 1;", 1, "@deletes takes names"),
    ("-- @deletes a,,b\nSELECT 1;", 1, "@deletes takes names"),
    ("-- @transaction some\nSELECT 1;", 1, "@transaction takes only: none"),
    ("-- @transaction\nVACUUM;", 1, "@transaction takes only: none"),
    ("-- @allow emtpy", 1, "@allow takes only: empty"), ("-- @allow", 1, "@allow takes only: empty"),
    ("SELECT 1;\n-- @when table t\n", 2, "this condition has no statement"),
    ("-- @when table t\n-- nothing\n-- @always\nSELECT 1;", 1, "this condition has no statement"),
    ("CREATE TABLE t (\n-- @when table u\na);", 2, "@when stands within a statement"),
    ("SELECT 1\n-- @expect table t", 2, "@expect stands within a statement"),
  ])
  func `a directive that can't be understood is told with its line`(text: String, line: Int, message: String)
    throws
  {
    let error = try fault(text)
    #expect(error.code == .directive && error.file == "0001_change.sql" && error.line == line)
    #expect(error.message.hasPrefix(message), "\(error.message)")
  }

  @Test(arguments: [
    ("\nBEGIN;", 2, "BEGIN is not for migrations"), ("SELECT 1; commit;", 1, "COMMIT is not for migrations"),
    ("-- a\nEND", 2, "END is not for migrations"), ("ROLLBACK;", 1, "ROLLBACK is not"),
    ("SAVEPOINT a;", 1, "SAVEPOINT is not"), ("RELEASE a;", 1, "RELEASE is not"),
    ("/*\n*/ ATTACH 'x' AS y;", 2, "ATTACH is not for migrations: they see one database"),
    ("DETACH y;", 1, "DETACH is not"),
    ("VACUUM;", 1, "VACUUM can't run in a transaction: put '-- @transaction none'"),
    ("-- @transaction none\nVACUUM INTO 'x';", 2, "VACUUM INTO is not for migrations"),
    ("EXPLAIN SELECT 1;", 1, "EXPLAIN has no effect"),
    ("PRAGMA foreign_keys = OFF;", 1, "PRAGMA foreign_keys does nothing in a transaction"),
    ("PRAGMA main.foreign_keys = OFF;", 1, "PRAGMA foreign_keys does nothing in a transaction"),
    ("pragma \"journal_mode\" = DELETE;", 1, "PRAGMA journal_mode is not for migrations"),
    ("PRAGMA writable_schema(1);", 1, "PRAGMA writable_schema is not"),
    ("UPDATE t\nSET a = ?;", 1, "a migration takes no parameters"),
    ("UPDATE t SET a = :a;", 1, "a migration takes no"),
    ("-- @transaction none\nVACUUM;\nVACUUM;", 3, "a migration with '@transaction none' holds one statement"),
    (
      "-- @transaction none\nDELETE FROM t;", 2,
      "'@transaction none' is for VACUUM, ANALYZE, REINDEX and PRAGMA"
    ),
    ("-- @transaction none\nPRAGMA foreign_keys = ON;", 2, "PRAGMA foreign_keys does nothing"),
  ])
  func `a statement that is not for migrations is told with its line`(
    text: String, line: Int, message: String
  ) throws {
    let error = try fault(text)
    #expect(error.code == .forbidden && error.line == line)
    #expect(error.message.hasPrefix(message), "\(error.message)")
    #expect(error.description.hasPrefix("0001_change.sql:\(line): "))
  }

  @Test(arguments: [
    ("SELECT 1;\nSELECT 'a;\n\n-- @when table t\nSELECT 2;\n", 2), ("SELECT \"a", 1), ("\n\nSELECT [a;", 3),
    ("SELECT `a", 1),
    ("SELECT x'00;\n", 1), ("SELECT 'it''s;", 1), ("SELECT 1;\n\n/* SELECT 2;\n", 3), ("SELECT 1; /*", 1),
    ("/*/", 1),
  ])
  func `a literal or comment that never ends is told with the line of its beginning`(text: String, line: Int)
    throws
  {
    let error = try fault(text)
    #expect(
      error.code == .sql
        && error.description == "0001_change.sql:\(line): a literal or comment begins here and never ends")
  }

  @Test(arguments: [
    "SELECT 'a'", "SELECT 'it''s'", "SELECT [a]", "SELECT \"a\"\"\"", "SELECT x''", "SELECT 1 /**/",
  ])
  func `what ends at the end of the file is closed`(text: String) throws {
    #expect(try Files(text).load().migrations.count == 1)
  }

  @Test(arguments: ["\n", "\r\n"])
  func `each directive is understood, with either line end`(end: String) throws {
    let lines = [
      "-- What it is for.", "", "-- @require table users : there is no table of users",
      "-- @require query SELECT 1", "-- @deletes Users, log", "--@deletes more", "  --  @when  table users",
      "-- @unless column users.a", "UPDATE users", "SET a = 1;", "-- then",
      "-- @unless foreign key a.b on delete set null",
      "DELETE FROM log;", "-- @always", "", "SELECT 'a", "b';", "-- @expect view v", "-- @expect trigger t",
    ]
    let set = try Files(lines.joined(separator: end)).load()
    let migration = try #require(set.migrations.first)
    #expect(migration.version == 1 && migration.name == "change" && !migration.runsOutsideTransaction)
    #expect(migration.requirements.map(\.condition.description) == ["table users", "query SELECT 1"])
    #expect(migration.requirements.map(\.message) == ["there is no table of users", nil])
    #expect(migration.requirements.map(\.line) == [3, 4])
    #expect(migration.deletes == ["users", "log", "more"])
    #expect(migration.expectations.map(\.condition) == [.view("v"), .trigger("t")])
    #expect(migration.expectations.map(\.line) == [18, 19])
    #expect(migration.steps.map { $0.when.map(\.description) } == [["table users"], [], []])
    #expect(
      migration.steps.map { $0.unless.map(\.description) } == [
        ["column users.a"], ["foreign key a.b on delete set null"], [],
      ])
    #expect(migration.steps.map(\.line) == [7, 12, 16])
    #expect(migration.steps.flatMap(\.statements).map(\.line) == [9, 13, 16])
    #expect(
      migration.steps.flatMap(\.statements).map(\.sql) == [
        "UPDATE users\(end)SET a = 1", "DELETE FROM log", "SELECT 'a\(end)b'",
      ])
  }

  @Test func `what looks like a directive in a literal or a comment is none`() throws {
    let set = try Files(
      """
      INSERT INTO t VALUES ('
      -- @when table t
      ', "
      -- @nonsense
      ", [
      -- @always
      ]); /*
      -- @unless table t
      */
      -- see -- @when
      SELECT 1; -- @always
      SELECT 2;
      """
    ).load()
    let steps = try #require(set.migrations.first?.steps)
    #expect(steps.count == 1)
    #expect(steps.first?.statements.map(\.line) == [1, 11, 12])
  }

  @Test func `lines stay right behind comments and directives of every order`() throws {
    let set = try Files(
      "-- a\n-- b\n-- @deletes t\n-- c\n-- @when table t\n-- d\n\n-- @unless table u\n-- e\nSELECT 1;"
    ).load()
    #expect(set.migrations.first?.steps.first?.statements.map(\.line) == [10])
    #expect(set.migrations.first?.steps.first?.line == 5)
  }

  @Test func `a byte order mark hides nothing`() throws {
    let set = try Files("\u{feff}-- @when table t\nSELECT 1;").load()
    #expect(set.migrations.first?.steps.first?.when == [.table("t")])
    #expect(
      try Files("\u{feff}SELECT 1;").load().migrations.first?.steps.first?.statements.map(\.sql) == [
        "SELECT 1"
      ])
  }

  @Test(arguments: ["VACUUM", "ANALYZE", "REINDEX", "PRAGMA auto_vacuum = FULL", "PRAGMA optimize"])
  func `what can't run in a transaction runs alone`(sql: String) throws {
    #expect(
      try Files("-- @transaction none\n\(sql);").load().migrations.first?.runsOutsideTransaction == true)
  }

  @Test(arguments: [
    "PRAGMA user_version = 3", "PRAGMA foreign_key_check",
    "CREATE TRIGGER t AFTER DELETE ON a BEGIN SELECT 1; END",
    "INSERT INTO t VALUES ('BEGIN; COMMIT', ':a ?1')", "CREATE TABLE \"commit\" (a)", "ANALYZE t",
  ])
  func `what only looks forbidden is allowed`(sql: String) throws {
    #expect(try Files(sql).load().migrations.first?.steps.first?.statements.map(\.sql) == [sql])
  }
}
