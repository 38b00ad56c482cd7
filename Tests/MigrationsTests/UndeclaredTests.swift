import SQLite
import Schema
import TestSupport
import Testing

@testable import Migrations

/// What a migration does to data without declaring it is told all at once.
@Suite struct UndeclaredTests {
  private static let base = """
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, note TEXT);
    CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);
    CREATE TABLE tags (name TEXT PRIMARY KEY);
    INSERT INTO users VALUES (1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', 'z');
    INSERT INTO items (id, name) VALUES (1, 'one'), (2, 'two'), (9, 'nine');
    INSERT INTO tags VALUES ('red'), ('blue');
    """

  private static let harm = """
    DELETE FROM users WHERE id = 1;
    DELETE FROM tags;
    UPDATE users SET note = NULL;
    UPDATE sqlite_sequence SET seq = 3;
    """

  /// The failures after which the migrator went on, and the failure that ended it.
  private func collect(
    _ files: [String: String], in database: Connection
  ) throws -> (noted: [MigrationFailure], last: MigrationFailure?) {
    let set = try Files(files).load()
    var noted: [MigrationFailure] = []
    let migrator = Migrator(database, SchemaMigrationsTable(), undeclared: { noted.append($0) })
    do {
      try database.transaction { _ = try migrator.apply(set.plan(for: History(recorded: [:]))) }
    } catch let failure as MigrationFailure {
      return (noted, failure)
    }
    return (noted, nil)
  }

  @Test func `all tables of a migration are named, and its content and numbers too`() throws {
    let database = try database(Self.base)
    let failure = try #require(
      #expect(throws: MigrationFailure.self) { try apply(Self.harm, to: database) })
    #expect(failure.code == .rowsLost && failure.line == nil && failure.fault == .migration)
    #expect(
      failure.message == """
        2 rows of tags and 1 row of users would be lost; if they may go, say so with '-- @deletes tags, users'; and \
        AUTOINCREMENT of items would be set back from 9 to 3, and numbers be given again: set sqlite_sequence to what \
        it was, or say that it is meant with '-- @changes sqlite_sequence.items'; and users.note: 2 of 2 became NULL, \
        every value that there was; if that is meant, say so with '-- @changes users.note'
        """)
    let undeclared = try #require(failure.undeclared)
    #expect(undeclared.effects.count == 4 && undeclared.file == "0001_change.sql")
    #expect(undeclared.lines == ["-- @deletes tags, users", "-- @changes sqlite_sequence.items, users.note"])
    try apply(undeclared.lines.joined(separator: "\n") + "\n" + Self.harm, to: database)
    #expect(try database.scalar("SELECT count(*) FROM users") == 2)
  }

  @Test func `the migrator can go on, as if all of it were declared`() throws {
    let database = try database(Self.base)
    let files = [
      "1_a.sql": "DELETE FROM tags;", "2_b.sql": "-- @deletes users\nDELETE FROM users WHERE id = 1;",
      "3_c.sql": Self.harm.replacing("DELETE FROM tags;", with: ""), "4_d.sql": "CREATE TABLE more (a);",
    ]
    let (noted, last) = try collect(files, in: database)
    #expect(last == nil && noted.map(\.file) == ["1_a.sql", "3_c.sql"])
    #expect(noted.map { $0.undeclared?.deletes } == [["tags"], []])
    #expect(noted.last?.undeclared?.changes == ["sqlite_sequence.items", "users.note"])
    #expect(try SchemaMigrationsTable().read(database).versions == [1, 2, 3, 4])
  }

  @Test func `what is undeclared is noted where an expectation fails too, and ends with that failure`() throws
  {
    let files = [
      "1_a.sql": "DELETE FROM tags;", "2_b.sql": "DELETE FROM users;\n-- @expect table nope",
      "3_c.sql": "DELETE FROM items;",
    ]
    let (noted, last) = try collect(files, in: database(Self.base))
    #expect(noted.map(\.file) == ["1_a.sql", "2_b.sql"])
    #expect(last?.code == .expectation && last?.file == "2_b.sql" && last?.undeclared == nil)
  }

  @Test(arguments: ["a,b", " a", "a\u{1B}[2J", "a\u{202E}b", "a\nDROP TABLE users;"])
  func `a name that no directive can express is told, and stands in no line`(name: String) throws {
    let database = try database(
      Self.base + "CREATE TABLE \(quoted(name)) (a); INSERT INTO \(quoted(name)) VALUES (1);")
    let failure = try #require(
      #expect(throws: MigrationFailure.self) {
        try apply("DELETE FROM \(quoted(name)); DELETE FROM tags;", to: database)
      })
    #expect(failure.message.contains("say so with '-- @deletes tags'; @deletes can't express"))
    #expect(failure.undeclared?.lines == ["-- @deletes tags"])
    #expect(failure.undeclared?.effects.contains { $0.contains("rename it in a migration before") } == true)
  }

  @Test func `a column whose table has a dot in its name is not declared by a line that means another`()
    throws
  {
    let database = try database(
      "CREATE TABLE \"a.b\" (id INTEGER PRIMARY KEY, c); INSERT INTO \"a.b\" VALUES (1, 1), (2, 2);")
    let failure = #expect(throws: MigrationFailure.self) {
      try apply("UPDATE \"a.b\" SET c = NULL;", to: database)
    }
    #expect(failure?.code == .contentChanged && failure?.undeclared?.lines == [])
    #expect(failure?.message.contains("@changes can't express \"a.b.c\"") == true)
  }

  @Test func `long lists are divided into lines that mean the same`() throws {
    let names = (0..<40).map { "table_number_\($0)" }.sorted()
    let tables = names.map { "CREATE TABLE \($0) (a); INSERT INTO \($0) VALUES (1);" }.joined()
    let harm = names.map { "DELETE FROM \($0);" }.joined()
    let database = try database(tables)
    let failure = #expect(throws: MigrationFailure.self) { try apply(harm, to: database) }
    let lines = try #require(failure?.undeclared?.lines)
    #expect(lines.count > 5 && lines.allSatisfy { $0.count <= 72 && $0.hasPrefix("-- @deletes ") })
    let applied = try apply(lines.joined(separator: "\n") + "\n" + harm, to: database)
    #expect(applied.rowsDeleted.count == 40)
  }

  @Test func `the effects of one file on two databases are merged`() throws {
    let one = UndeclaredEffects(file: "a", effects: ["x", "y"], deletes: ["t"], changes: ["t.a"])
    let other = UndeclaredEffects(file: "a", effects: ["y", "z"], deletes: ["u", "t"], changes: [])
    let both = one.merging(other)
    #expect(both.effects == ["x", "y", "z"] && both.deletes == ["t", "u"] && both.changes == ["t.a"])
  }
}
