import Migrations
import SQLite
import TestSupport
import Testing

@Suite struct LintTests {
  private static let baseline = """
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
    CREATE TABLE u (a, b);
    CREATE UNIQUE INDEX there ON t (id, a);
    """

  private func findings(_ files: [String: String], schema: String? = nil) throws -> [Finding] {
    let folder = try Files(files).folder
    let schema = try schema.map { try folder.write($0, to: "schema.sql") }
    let baseline = try folder.write(Self.baseline, to: "baseline.sql")
    return try Lint(
      MigrationFiles(MigrationFolder(folder.file("migrations")), baseline: baseline, schema: schema)
    )
    .findings()
  }

  private func findings(_ text: String) throws -> [Finding] { try findings(["0001_change.sql": text]) }

  /// Tables with rows, two of which are alike.
  private func full() throws -> Connection {
    try database(
      Self.baseline + """
        INSERT INTO t VALUES (1, 'x', 'same'), (2, 'y', 'same'); INSERT INTO u VALUES (1, 1), (1, 1);
        CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL);
        """)
  }

  @Test func `all faults of all files are told, each with its line`() throws {
    let found = try findings([
      "0001_a.sql":
        "-- @wen table t\nSELECT 1;\n-- @unless tabel t\nCREATE TABLE x (a);\n-- @always now\nSELECT 2;",
      "0002_b.sql": "BEGIN;\nUPDATE t SET a = ?;\nATTACH 'x' AS y;", "0002_c.sql": "SELECT 1;", "X.sql": "",
      "0003_d.sql": "SELECT 'never closed;",
    ])
    #expect(found.allSatisfy { $0.severity == .error })
    #expect(
      found.map { "\($0.file):\($0.line ?? 0) \($0.message.prefix(24))" } == [
        "0001_a.sql:1 unknown directive @wen; ", "0001_a.sql:3 'tabel t' is no conditio",
        "0001_a.sql:5 @always takes no conditi", "0002_b.sql:1 BEGIN is not for migrati",
        "0002_b.sql:2 a migration takes no par", "0002_b.sql:3 ATTACH is not for migrat",
        "0002_c.sql:0 version 2 is taken by 00", "0003_d.sql:1 a literal or comment beg",
        "X.sql:0 a migration's name is a ",
      ], "\(found)")
  }

  @Test func `syntax errors are told all, and what doesn't run only once`() throws {
    let syntax = try findings([
      "1_a.sql": "CREATE TABL x (a);\n-- @when table x\nSELEC 1;", "2_b.sql": "DROP t;",
    ])
    #expect(syntax.map(\.line) == [1, 3, 1])
    #expect(syntax.map(\.file) == ["1_a.sql", "1_a.sql", "2_b.sql"])
    let run = try findings(["1_a.sql": "\nUPDATE nope SET a = 1;", "2_b.sql": "UPDATE nope SET a = 1;"])
    #expect(run.map(\.description) == ["1_a.sql:2: error: no such table: nope (SQLite 1)"])
  }

  @Test func `a fault of schema.sql is told`() throws {
    let found = try findings(["1_a.sql": "CREATE TABLE x (a);"], schema: "\nCREATE TABL x (a);")
    #expect(found.map(\.description) == ["schema.sql:2: error: near \"TABL\": syntax error (SQLite 1)"])
  }

  @Test(arguments: [
    ("\nALTER TABLE t ADD COLUMN c INTEGER NOT NULL;", 2, "Cannot add a NOT NULL column"),
    ("ALTER TABLE main.t ADD c TEXT DEFAULT CURRENT_TIMESTAMP;", 1, "non-constant default"),
    ("ALTER TABLE \"T\" ADD c INTEGER DEFAULT 0 CHECK (c > 0);", 1, "CHECK constraint failed"),
    ("CREATE UNIQUE INDEX i ON t (b);", 1, "fails where rows of t have the same values"),
    ("DELETE FROM t WHERE id = 1;", 1, "rows of t go here"),
    ("WITH c (i) AS (SELECT 1) DELETE FROM t WHERE id IN (SELECT i FROM c);", 1, "rows of t go here"),
    ("DROP TABLE IF EXISTS main.t;", 1, "rows of t go here"),
    ("-- @deletes u\nDELETE FROM u;\nDROP TABLE t;", 3, "rows of t go here"),
    ("DROP TABLE t;\nCREATE TABLE t (id INTEGER PRIMARY KEY);", 1, "rows of t go here"),
    ("ALTER TABLE t RENAME TO old_t;\nDROP TABLE old_t;", 2, "rows of t go here"),
    (
      "CREATE TABLE n (id, a, b); INSERT INTO n SELECT * FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;\n"
        + "DELETE FROM t WHERE id = 1;", 2, "rows of t go here"
    ),
  ])
  func `what goes through on an empty database and fails on a full one is warned of`(
    text: String, line: Int, message: String
  ) throws {
    let found = try findings(text)
    #expect(found.map(\.severity) == [.warning], "\(found)")
    #expect(found.first?.line == line)
    #expect(found.first?.message.contains(message) == true, "\(found)")
    let full = try full()
    #expect(throws: MigrationFailure.self) { try apply(text, to: full) }
  }

  @Test(arguments: [
    "ALTER TABLE t ADD COLUMN c INTEGER NOT NULL DEFAULT 0; ALTER TABLE t ADD d TEXT;",
    "-- @deletes T\nDELETE FROM t; DROP TABLE t;",
    "CREATE TABLE x (a); INSERT INTO x VALUES (1); DELETE FROM x; DROP TABLE x;",
    "CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c); INSERT INTO n SELECT *, 1 FROM t; DROP TABLE t;"
      + "ALTER TABLE n RENAME TO t; CREATE UNIQUE INDEX there ON t (id, a);",
    "ALTER TABLE t RENAME TO old_t; CREATE TABLE t (id INTEGER PRIMARY KEY, a, b);"
      + "INSERT INTO t SELECT * FROM old_t; DROP TABLE old_t;",
    "CREATE UNIQUE INDEX IF NOT EXISTS there ON t (id, a); CREATE INDEX j ON t (b);",
    "CREATE TABLE x (a); CREATE UNIQUE INDEX j ON x (a); ALTER TABLE x ADD COLUMN c NOT NULL;",
    "-- @require query SELECT count(DISTINCT id) = count(*) FROM t : mend the ids\nCREATE UNIQUE INDEX j ON t (id);",
    "UPDATE t SET a = 'z'; PRAGMA user_version = 3; INSERT INTO u SELECT 1, 2;",
    "-- @when table nope\nUPDATE nope SET a = 1;",
    "DROP TABLE IF EXISTS nope; DROP TABLE IF EXISTS main.\"No\";",
    "CREATE UNIQUE INDEX j ON t (b, id);", "DROP INDEX there; CREATE UNIQUE INDEX there2 ON t (b, a, id);",
    "-- @allow empty\n-- the version's work is in the application",
  ])
  func `what is done as it should be is not warned of`(text: String) throws {
    #expect(try findings(text) == [])
    try apply(text, to: full())
  }

  @Test(arguments: [
    ("SELECT * FROM t;", 1, "does nothing"), ("\nPRAGMA user_version;", 2, "does nothing"),
    ("-- only a comment", nil, "it holds no statement"), ("-- @expect table t", nil, "it holds no statement"),
  ])
  func `what does nothing is warned of`(text: String, line: Int?, message: String) throws {
    let found = try findings(text)
    #expect(found.count == 1 && found.first?.severity == .warning && found.first?.line == line, "\(found)")
    #expect(found.first?.message.hasPrefix(message) == true)
    guard line == nil else { return }
    #expect(found.first?.message.hasSuffix("add '-- @allow empty'") == true)
    #expect(try findings("-- @allow empty\n\(text)") == [])
  }

  private static let made = "CREATE TABLE k (a TEXT COLLATE NOCASE PRIMARY KEY, b TEXT, c, d, UNIQUE (c, d));"

  /// Whether a unique index in the second file is warned of.
  private func isWarned(of index: String, after more: String = "") throws -> Bool {
    let found = try findings(["0001_make.sql": "\(Self.made)\(more)", "0002_index.sql": index])
    #expect(found.allSatisfy { $0.file == "0002_index.sql" && $0.severity == .warning }, "\(found)")
    return !found.isEmpty
  }

  @Test(arguments: [
    "CREATE UNIQUE INDEX i ON k (d, b, c);", "CREATE UNIQUE INDEX main.i ON k (b, 'a');",
    "CREATE UNIQUE INDEX i ON k (a COLLATE BINARY, b);", "CREATE UNIQUE INDEX i ON k (a, b) WHERE b > 0;",
    "CREATE UNIQUE INDEX i ON k (lower(b), a DESC);",
    "ALTER TABLE k ADD COLUMN e; CREATE UNIQUE INDEX i ON k (e, a);",
    "ALTER TABLE k RENAME COLUMN a TO z; CREATE UNIQUE INDEX i ON k (z, b);",
    "DROP INDEX there; CREATE UNIQUE INDEX there ON t (id, b);",
  ])
  func `a unique index that holds a key of its table can't fail, and is not warned of`(index: String) throws {
    #expect(try !isWarned(of: index))
  }

  @Test func `a unique index that holds an earlier one of its file is not warned of, but that one is`() throws
  {
    let index = "CREATE UNIQUE INDEX i ON k (b);\nCREATE UNIQUE INDEX j ON k (b, c);"
    let found = try findings(["0001_make.sql": Self.made, "0002_index.sql": index])
    #expect(found.map(\.line) == [1])
    let more = "CREATE UNIQUE INDEX i ON k (b);"
    let wider = try findings([
      "0001_make.sql": Self.made + more, "0002_index.sql": "DROP INDEX i; CREATE UNIQUE INDEX j ON k (b, c);",
    ])
    #expect(wider == [])
  }

  @Test(arguments: [
    ("CREATE UNIQUE INDEX i ON k (c);", ""), ("CREATE UNIQUE INDEX i ON k (b, d);", ""),
    ("CREATE UNIQUE INDEX i ON k (lower(a), b);", ""),
    // Text that the key distinguishes may be the same to the index.
    ("CREATE UNIQUE INDEX i ON k (b COLLATE NOCASE, c);", "CREATE UNIQUE INDEX j ON k (b);"),
    ("CREATE UNIQUE INDEX i ON k (b, c);", "CREATE UNIQUE INDEX j ON k (b) WHERE c > 0;"),
    ("CREATE UNIQUE INDEX i ON k (b, c);", "CREATE UNIQUE INDEX j ON k (lower(b));"),
    ("CREATE UNIQUE INDEX i ON k (b, c);", "CREATE INDEX j ON k (b);"),
    // Rows that are written after the key is gone may be the same.
    (
      "DROP INDEX j; UPDATE k SET b = 1; CREATE UNIQUE INDEX i ON k (b, c);",
      "CREATE UNIQUE INDEX j ON k (b);"
    ),
    (
      "DROP INDEX j; ALTER TABLE k RENAME COLUMN b TO x; ALTER TABLE k RENAME COLUMN c TO b;"
        + "CREATE UNIQUE INDEX i ON k (b);", "CREATE UNIQUE INDEX j ON k (b);"
    ),
  ])
  func `a unique index that may fail where there are rows is warned of`(index: String, more: String) throws {
    #expect(try isWarned(of: index, after: more))
  }

  @Test(arguments: [
    "CREATE TABLE x (a);", "-- @when table nope\nCREATE TABLE x AS SELECT * FROM nope;",
    "CREATE TABLE y (a); ALTER TABLE y RENAME TO x;",
    "-- @when table old_x\nALTER TABLE old_x RENAME TO \"X\";",
  ])
  func `a table that an earlier migration may make is warned of, though it is dropped only if it exists`(
    make: String
  ) throws {
    let found = try findings(["0001_make.sql": make, "0002_drop.sql": "DROP TABLE IF EXISTS x;"])
    #expect(found.count == 1 && found.first?.message.contains("rows of x go here") == true, "\(found)")
    #expect(try findings(["0001_drop.sql": "DROP TABLE IF EXISTS x;", "0002_make.sql": make]) == [])
  }

  @Test(.timeLimit(.minutes(1))) func `what doesn't end is an error with its line`() throws {
    let endless = ExpectedSchemaTests.endless
    func findings(_ text: String, schema: String? = nil) throws -> [String] {
      let folder = try Files(["1_a.sql": text]).folder
      let schema = try schema.map { try folder.write($0, to: "schema.sql") }
      let files = try MigrationFiles(MigrationFolder(folder.file("migrations")), schema: schema)
      return try Lint(files, limit: .milliseconds(200)).findings().map(\.description)
    }
    let message = "error: \(ExpectedSchemaTests.overdue)"
    #expect(try findings("CREATE TABLE x (a);\nINSERT INTO x \(endless);") == ["1_a.sql:2: \(message)"])
    #expect(try findings("-- @when query \(endless)\nCREATE TABLE x (a);") == ["1_a.sql:1: \(message)"])
    #expect(
      try findings("CREATE TABLE x (a);", schema: "CREATE TABLE x AS \(endless);") == [
        "schema.sql:1: \(message)"
      ])
  }

  @Test func `the Ownprem migrations are clean`() throws {
    #expect(try Lint(Ownprem.load().files).findings() == [])
  }
}
