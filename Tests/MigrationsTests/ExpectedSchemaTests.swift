import SQLite
import Schema
import TestSupport
import Testing

@testable import Migrations

@Suite struct ExpectedSchemaTests {
  func fault(_ text: String, baseline: String? = "CREATE TABLE t (a, c INTEGER);") throws -> String {
    let files = try Files(text)
    let set = try files.load(baseline: baseline.map { try files.folder.write($0, to: "baseline.sql") })
    let error = #expect(throws: MigrationFailure.self) { try ExpectedSchema(set).validate() }
    return error?.description ?? "no error"
  }

  @Test(arguments: [
    ("-- @when table x\nSELECT 1;\nSELECT a,\n b FORM x;", 4, "near \"x\": syntax error"),
    (
      "-- @unless table t\nCREATE TABLE t (\n  a TEXT,\n  b TEXT NOT NUL\n);", 4,
      "near \"NUL\": syntax error"
    ),
    (
      "-- @unless column t.c\nALTER TABLE t\n ADD COLUMN c\n INTEGER DEFALT 1;", 4,
      "near \"1\": syntax error"
    ),
    ("-- @when column x.y\nALTER TABLE x ADD\n y INTEGER NOT NUL;", 3, "near \"NUL\": syntax error"),
    (
      "-- @when table x\nCREATE TRIGGER tr AFTER INSERT ON x BEGIN\n UPDATE t SET a = = 1;\nEND;", 3,
      "near \"=\": syntax error"
    ),
    (
      "-- @when view x\nCREATE TRIGGER tr INSTEAD OF INSERT ON main.x BEGIN\n SELECT;\nEND;", 3,
      "near \";\": syntax error"
    ),
    ("-- @when table x\nCREATE INDEX i ON x (a;", 2, "incomplete input"),
    ("-- @when table x\nUPDATE x SET a = #;", 2, "unrecognized token: \"#\""),
    ("-- @when table x\n-- @when query SELECT 1 FORM y z\nSELECT 1;", 1, "near \"y\": syntax error"),
    ("-- @require query SELECT FROM t : no\nSELECT 1;", 1, "near \"FROM\": syntax error"),
    ("-- @transaction none\nPRAGMA optimize optimize;", 2, "near \"optimize\": syntax error"),
  ])
  func `a syntax error in a step that doesn't run on an empty database is found`(
    text: String, line: Int, message: String
  ) throws {
    #expect(try fault(text) == "0001_change.sql:\(line): \(message) (SQLite 1)")
  }

  @Test func `a fault of the baseline or of a step that runs is found`() throws {
    #expect(
      try fault("SELECT 1;", baseline: "SELECT 1;\nDROP TABLE x;")
        == "baseline.sql:2: no such table: x (SQLite 1)")
    #expect(
      try fault("SELECT 1;\nINSERT INTO t VALUES (1);").hasPrefix("0001_change.sql:2: table t has 2 columns"))
    #expect(
      try fault("CREATE TABLE x (a);\n-- @expect table y")
        == "0001_change.sql:2: expected table y, which is not so")
  }

  @Test(arguments: [
    "-- @when table x\nINSERT INTO x SELECT a, b FROM y WHERE z IN (SELECT 1 FROM w);",
    "-- @when table x\nDELETE FROM x; DROP TABLE x; ALTER TABLE y RENAME TO x; ALTER TABLE x DROP COLUMN a;",
    "-- @unless table t\nCREATE TABLE t (a); CREATE INDEX i ON t (z); CREATE VIEW v AS SELECT q FROM r;",
    "-- @unless column t.c\nALTER TABLE t ADD COLUMN c INTEGER REFERENCES x (y) DEFAULT (1 + 2) CHECK (c > 0);",
    "-- @when column x.add\nALTER TABLE x RENAME COLUMN \"add\" TO b; ALTER TABLE \"add\" ADD \"column\" TEXT;",
    "-- @when table x\nCREATE TRIGGER t2 BEFORE UPDATE OF on_time ON x WHEN new.a BEGIN DELETE FROM y; END;",
    "-- @when table x\nCREATE VIRTUAL TABLE f USING nope (a, b);",
    "-- @require table x : only where x is\nSELECT 1;",
    "-- @unless table t\nCREATE TABLE t AS SELECT * FROM x; INSERT INTO t VALUES (nope(1));",
    "-- @transaction none\nVACUUM;",
  ])
  func `what only lacks its tables is no fault`(text: String) throws {
    let files = try Files(text)
    try ExpectedSchema(
      try files.load(baseline: files.folder.write("CREATE TABLE t (a, c);", to: "baseline.sql"))
    )
    .validate()
  }

  static let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
  static let overdue =
    "it was still running when the 0.2 seconds for all files on an empty database were over"

  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      ("CREATE TABLE a (b);\n\nINSERT INTO a \(endless);", "0001_change.sql:3"),
      ("\n-- @when query \(endless)\nCREATE TABLE a (b);", "0001_change.sql:2"),
      ("\n-- @unless query \(endless)\nCREATE TABLE a (b);", "0001_change.sql:2"),
      ("CREATE TABLE a (b);\n-- @expect query \(endless)", "0001_change.sql:2"),
      (
        "CREATE TABLE a (b);\nWITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)\n"
          + "INSERT INTO a SELECT length(hex(zeroblob(20000000 + i))) FROM n;", "0001_change.sql:2"
      ),
    ])
  func `a replay that doesn't end is ended, with the place`(text: String, place: String) throws {
    let set = try Files(text).load()
    let expectedSchema = ExpectedSchema(set, limit: .milliseconds(200))
    func check(_ replay: () throws -> Void) {
      let failure = #expect(throws: MigrationFailure.self) { try replay() }
      #expect(failure?.description == "\(place): \(Self.overdue)")
      #expect(failure?.code == .timeout)
    }
    check { try expectedSchema.validate() }
    check { _ = try expectedSchema.changesByVersion() }
    check { _ = try expectedSchema.columns(of: "a", at: [1]) }
  }

  @Test(.timeLimit(.minutes(1))) func `a replay that failed is not tried again for each installation`() throws
  {
    let set = try Files("CREATE TABLE a (b);\nINSERT INTO a \(Self.endless);").load()
    let expectedSchema = ExpectedSchema(set, limit: .seconds(2))
    let start = ContinuousClock.now
    for _ in 0..<100 {
      #expect(throws: MigrationFailure.self) { try expectedSchema.schema(of: [1]) }
    }
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  @Test(.timeLimit(.minutes(1))) func `a script for fresh installations that doesn't end is ended`() throws {
    let files = try Files("CREATE TABLE a (b);")
    let schema = try files.folder.write("CREATE TABLE a (b);\nINSERT INTO a \(Self.endless);", to: "s.sql")
    let expectedSchema = ExpectedSchema(try files.load(schema: schema), limit: .milliseconds(200))
    let error = #expect(throws: MigrationError.self) { try expectedSchema.freshSchema() }
    #expect(error?.description == "s.sql:2: \(Self.overdue)")
  }

  @Test func `a replay that was called off fails, and only then`() throws {
    let expectedSchema = ExpectedSchema(try Files("CREATE TABLE a (b);").load())
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: (any Error).self) { try expectedSchema.validate(calledOffBy: cancellation) }
    #expect(try expectedSchema.schema(of: [1]).all(.column).map(\.name).contains("a.b"))
    try expectedSchema.validate()
  }

  @Test func `the columns of a table are found out once for each set of versions`() throws {
    let files = try Files([
      "1_a.sql": "CREATE TABLE Ä (b, Ö); CREATE TABLE a (Id INTEGER, b);",
      "2_b.sql": "ALTER TABLE a ADD COLUMN C;",
    ])
    let expectedSchema = ExpectedSchema(try files.load(), ignoring: [try #require(IgnoreRule("column a.b"))])
    #expect(try expectedSchema.columns(of: "A", at: [1]) == ["id", "b"])
    #expect(try expectedSchema.columns(of: "a", at: [1, 2]) == ["id", "b", "c"])
    #expect(try expectedSchema.columns(of: "Ä", at: [1]) == ["b", "Ö"])
    #expect(try expectedSchema.columns(of: "ä", at: [1]) == [])
    #expect(expectedSchema.replayed == 2)
  }

  @Test func `the schemas of all versions are found out with one replay`() throws {
    let files = try Files([
      "1_a.sql": "CREATE TABLE a (b);", "2_data.sql": "INSERT INTO a VALUES (1);",
      "3_vacuum.sql": "-- @transaction none\nVACUUM;", "4_b.sql": "CREATE TABLE b (b); DROP TABLE base;",
    ])
    let set = try files.load(baseline: files.folder.write("CREATE TABLE base (a);", to: "baseline.sql"))
    let expectedSchema = ExpectedSchema(set)
    for _ in 0..<2 {
      let evolution = try expectedSchema.evolution()
      #expect(evolution.start.all(.table).map(\.name) == ["base", "schema_migrations"])
      #expect(evolution.steps.map(\.version) == [1, 2, 3, 4])
      #expect(evolution.steps.map(\.changes.count) == [2, 0, 0, 4])
      #expect(try expectedSchema.changesByVersion().keys.sorted() == [1, 2, 3, 4])
    }
    #expect(expectedSchema.replayed == 1)
  }

  @Test func `each set of versions is replayed for what it is`() throws {
    let files = try Files(["1_a.sql": "CREATE TABLE a (b);", "2_b.sql": "CREATE TABLE b (b);"])
    let set = try files.load(baseline: files.folder.write("CREATE TABLE base (a);", to: "baseline.sql"))
    let expectedSchema = ExpectedSchema(set, ignoring: [try #require(IgnoreRule("table schema_*"))])
    func tables(_ versions: [MigrationVersion]) throws -> [String] {
      try expectedSchema.schema(of: versions).all(.table).map(\.name)
    }
    #expect(try tables([]) == ["base"])
    #expect(try tables([1, 2]) == ["a", "b", "base"])
    #expect(try tables([2]) == ["b", "base"])
    #expect(try tables([2, 1]) == ["a", "b", "base"])
    #expect(try expectedSchema.freshSchema() == nil)
  }

  @Test func `the script for fresh installations is told with its line where it is wrong`() throws {
    let files = try Files("SELECT 1;")
    let path = try files.folder.write(
      "CREATE TABLE a (b);\n\nCREATE TABLE c (\n d TEXT NOT NUL);", to: "schema.sql")
    let set = try files.load(schema: path)
    let error = #expect(throws: MigrationError.self) { try ExpectedSchema(set).freshSchema() }
    #expect(error?.description == "schema.sql:4: near \"NUL\": syntax error (SQLite 1)")
  }

  @Test func `a fresh Ownprem installation is what the migrations lead to`() throws {
    let expectedSchema = ExpectedSchema(try Ownprem.load())
    try expectedSchema.validate()
    let versions = try Ownprem.load().migrations.compactMap(\.version)
    let fresh = try #require(try expectedSchema.freshSchema())
    #expect(try fresh.differences(in: expectedSchema.schema(of: versions)) == [])
  }
}
