import SQLite
import Testing

@testable import Migrations

@Suite struct ConditionTests {
  let base = """
    CREATE TABLE Users (Id INTEGER PRIMARY KEY, name, label AS (upper(name)), "odd one");
    CREATE TABLE items (owner REFERENCES users ON DELETE CASCADE, maker REFERENCES users);
    CREATE INDEX by_name ON users (name);
    CREATE VIEW names AS SELECT name FROM users;
    CREATE TRIGGER gone AFTER DELETE ON users BEGIN SELECT 1; END;
    INSERT INTO users (name) VALUES ('a');
    """

  @Test(arguments: [
    ("table nothing", false), ("table names", false), ("table by_name", false), ("table USERS", true),
    ("index users", false), ("index BY_NAME", true), ("trigger users", false), ("trigger Gone", true),
    ("view users", false), ("view Names", true), ("column users.nothing", false),
    ("column nothing.id", false),
    ("column users.ID", true), ("column users.label", true), ("column names.name", true),
    ("foreign key items.owner", true), ("foreign key ITEMS.Owner on delete cascade", true),
    ("foreign key items.owner on delete set null", false),
    ("foreign key items.maker on delete no action", true),
    ("foreign key items.maker on delete RESTRICT", false), ("foreign key users.id", false),
    ("foreign key nothing.id", false), ("query SELECT 1", true), ("query SELECT 0", false),
    ("query SELECT NULL", false), ("query SELECT 0.5", true), ("query SELECT 1 WHERE 0", false),
    ("query SELECT count(*) FROM users", true), ("query SELECT 0, 1", false), ("query SELECT 1;", true),
    ("query SELECT ';?'", false),
  ])
  func `a condition holds where it is so`(text: String, expected: Bool) throws {
    let condition = try #require(Condition(text))
    #expect(try condition.holds(in: database(base)) == expected)
  }

  @Test(arguments: ["DELETE FROM users RETURNING 1", "DROP TABLE users", "PRAGMA user_version = 3"])
  func `a query must not write`(sql: String) throws {
    let database = try database(base)
    let error = #expect(throws: SQLiteError.self) { try Condition.query(sql).holds(in: database) }
    #expect(error?.code == .notAuthorized)
    #expect(try database.scalar("SELECT count(*) FROM users") == 1)
  }

  @Test func `a query that SQLite doesn't accept is an error`() throws {
    #expect(throws: SQLiteError.self) { try Condition.query("SELECT x FROM y").holds(in: database(base)) }
  }

  @Test(arguments: [
    "table t", "column t.c", "index i", "trigger x", "view v", "foreign key t.c",
    "foreign key t.c on delete set null",
    "query SELECT count(*) = 2 FROM  t",
  ])
  func `a condition is written as it is read`(text: String) { #expect(Condition(text)?.description == text) }
}
