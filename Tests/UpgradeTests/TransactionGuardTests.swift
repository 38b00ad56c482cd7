import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing
import Upgrade

/// A migration runs in one transaction, which nothing in it can end.
@Suite struct TransactionGuardTests {
  @Test(arguments: [
    "COMMIT", "ROLLBACK", "BEGIN", "SAVEPOINT a", "RELEASE a", "PRAGMA user_version = 7", "ATTACH 'x' AS x",
    "DELETE FROM parents RETURNING 1", "SELECT 1; COMMIT",
    "WITH x AS (SELECT 1) DELETE FROM parents RETURNING 1",
    "EXPLAIN SELECT 1", "VACUUM",
  ])
  func `a condition that is no query is refused with file and line`(query: String) throws {
    for line in [
      "-- @when query \(query)\nDELETE FROM parents;", "DROP TABLE parents;\n-- @expect query \(query)",
    ] {
      let bench = try Bench()
      try bench.migration("0002_do_harm.sql", line)
      let error = #expect(throws: MigrationError.self) { try bench.worker() }
      #expect(error?.code == .directive && error?.file == "0002_do_harm.sql")
      #expect(error?.message.contains("one SELECT, VALUES or WITH … SELECT") == true, "\(query)")
    }
  }

  @Test(arguments: [
    "SELECT count(*) = 3 FROM parents", "VALUES (1)", "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
    "SELECT count(*) FROM pragma_table_info('parents')", "SELECT count(*) = 0 FROM pragma_foreign_key_check",
    "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 9) SELECT max(i) FROM c",
  ])
  func `a query is a condition`(query: String) throws {
    let bench = try Bench()
    try bench.migration("0002_note.sql", "-- @when query \(query)\nUPDATE parents SET name = name || '!';")
    #expect(try bench.upgrade().status == .migrated)
    let names = try IndependentReader.rows("SELECT name FROM parents ORDER BY id", at: bench.path)
    #expect(names == ["one!", "two!", "three!"])
  }

  @Test(arguments: [
    "COMMIT", "ROLLBACK", "BEGIN", "ATTACH ':memory:' AS x", "PRAGMA user_version = 7", "DROP TABLE t",
  ])
  func `a connection answers nothing but queries`(sql: String) throws {
    let database = try Connection(path: "", access: .memory)
    try database.executeScript("CREATE TABLE t (a); BEGIN;")
    let error = #expect(throws: SQLiteError.self) { try database.answer(sql) }
    #expect(error?.code.primary == .notAuthorized)
    #expect(database.isInTransaction)
    #expect(try database.answer("SELECT count(*) FROM sqlite_schema") == 1)
  }

  @Test(arguments: ["DELETE", "WAL"])
  func `a COMMIT by anybody but the owner rolls back`(mode: String) throws {
    let bench = try Bench(settings: "PRAGMA journal_mode=\(mode);")
    let database = try Connection(path: bench.path, access: .readWrite)
    try database.beginTransaction()
    try database.execute("DELETE FROM children")
    #expect(throws: SQLiteError.self) { try database.execute("COMMIT") }
    #expect(throws: SQLiteError.self) { try database.checkTransaction() }
    #expect(throws: SQLiteError.self) { try database.commitTransaction() }
    #expect(!database.mayHaveCommitted)
    database.close()
    #expect(try IndependentReader.rows("SELECT count(*) FROM children", at: bench.path) == ["4"])
  }

  @Test func `a transaction that was ended and begun anew is not the one that was begun`() throws {
    let bench = try Bench()
    let database = try Connection(path: bench.path, access: .readWrite)
    try database.beginTransaction()
    try database.execute("DELETE FROM children")
    try database.execute("ROLLBACK")
    try database.execute("BEGIN IMMEDIATE")
    try database.execute("DELETE FROM parents")
    #expect(throws: SQLiteError.self) { try database.commitTransaction() }
    database.rollback()
    database.close()
    #expect(try IndependentReader.rows("SELECT count(*) FROM parents", at: bench.path) == ["3"])
  }

  @Test func `a statement that rolls back on a conflict ends the migration, and nothing of it stays`() throws
  {
    let bench = try Bench()
    try bench.migration(
      "0002_do_harm.sql",
      "DELETE FROM children WHERE id = 4;\nINSERT OR ROLLBACK INTO parents (id, name) VALUES (1, 'again');")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed && outcome.isUnchanged)
    #expect(try IndependentReader.rows("SELECT count(*) FROM children", at: bench.path) == ["4"])
    #expect(try IndependentReader.rows("SELECT version FROM schema_migrations", at: bench.path) == ["1"])
  }

  @Test func `what a part of an upgrade has committed is said, and is no reason to call it unchanged`() throws
  {
    let bench = try Bench()
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    try bench.migration("0003_compact.sql", "-- @transaction none\nVACUUM;")
    try bench.migration("0004_do_harm.sql", "INSERT INTO parents (id, name) VALUES (1, 'again');")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed && !outcome.isUnchanged)
    #expect(outcome.versionAfter == 3)
    #expect(outcome.failure?.message.hasSuffix("; the database is at version 3") == true)
    let versions = try IndependentReader.rows(
      "SELECT version FROM schema_migrations ORDER BY 1", at: bench.path)
    #expect(versions == ["1", "2", "3"])
  }
}
