import Glibc
import TestSupport
import Testing

@testable import SQLite

@Suite struct ConnectionTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = try folder.database(
      "a.db",
      "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE); INSERT INTO t VALUES (1, 'one'), (2, 'two')"
    )
  }

  func open(_ access: Connection.Access = .readWrite) throws -> Connection {
    try Connection(path: path, access: access, busyTimeout: .milliseconds(100))
  }

  func failure(_ database: Connection, _ sql: String) -> SQLiteError? {
    #expect(throws: SQLiteError.self) { try database.execute(sql) }
  }

  @Test(arguments: [Connection.Access.readOnly, .immutable, .readWrite])
  func `a file that isn't there is not created`(access: Connection.Access) throws {
    let missing = folder.file("missing.db")
    let error = #expect(throws: SQLiteError.self) { _ = try Connection(path: missing, access: access) }
    #expect(error?.code.primary == .cannotOpen)
    #expect(DatabaseFile.inspect(missing) == .failure(.init(trouble: .missing(link: nil))))
  }

  @Test(arguments: [
    ("ATTACH ':memory:' AS other", "too many attached databases - max 0"),
    ("SELECT load_extension('x')", "not authorized"),
    ("INSERT INTO sqlite_schema (type) VALUES ('table')", "table sqlite_master may not be modified"),
    ("SELECT writefile('x', 'y')", "no such function: writefile"),
  ])
  func `what could reach beyond the database is refused`(sql: String, message: String) throws {
    #expect(failure(try open(), sql)?.message == message)
  }

  @Test func `the schema stays out of reach even with writable_schema on`() throws {
    let database = try open()
    try database.execute("PRAGMA writable_schema = ON")
    #expect(failure(database, "DELETE FROM sqlite_schema") != nil)
    #expect(try database.scalar("SELECT count(*) FROM t") == 2)
  }

  @Test func `the hardening is in force`() throws {
    let database = try open()
    #expect(try database.scalar("PRAGMA trusted_schema") == 0)
    #expect(try database.scalar("PRAGMA cell_size_check") == 1)
    #expect(try database.scalar("PRAGMA foreign_keys") == 0)
  }

  @Test(arguments: [
    ("SELECT load_extension('x')", "unsafe use of load_extension()"),
    ("SELECT fts3_tokenizer('simple')", "unsafe use of fts3_tokenizer()"),
    ("SELECT count(*) FROM dbstat", "unsafe use of virtual table \"dbstat\""),
  ])
  func `a trigger can't use what is unsafe in a schema, even while a migration runs`(
    statement: String, message: String
  ) throws {
    let database = try open()
    try database.execute("CREATE VIRTUAL TABLE words USING fts5 (word)")
    try database.execute("CREATE TRIGGER x AFTER DELETE ON t BEGIN \(statement); END")
    let error = #expect(throws: SQLiteError.self) {
      try database.prepareGuarded("DELETE FROM t").statement?.run()
    }
    #expect(error?.message.contains(message) == true, "\(error as Any)")
    #expect(try database.scalar("PRAGMA trusted_schema") == 1)
    database.endGuard()
    #expect(try database.scalar("PRAGMA trusted_schema") == 0)
    #expect(try database.scalar("SELECT count(*) FROM t") == 2)
  }

  @Test func `a file that can't be written is noticed, as SQLite says nothing`() throws {
    let database = try open(.readOnly)
    #expect(database.isReadOnly)
    #expect(failure(database, "DELETE FROM t")?.code.primary == .readOnly)
    #expect(try !open().isReadOnly)
  }

  /// Calls `body` as a user whom permissions bind: root's thread takes nobody's rights to files for so long.
  private func withoutRoot(_ body: () throws -> Bool) throws -> Bool {
    guard geteuid() == 0 else { return try body() }
    let symbol = try #require(dlsym(nil, "setfsuid"))
    let setfsuid = unsafeBitCast(symbol, to: (@convention(c) (uid_t) -> Int32).self)
    _ = setfsuid(65534)
    defer { _ = setfsuid(0) }
    return try body()
  }

  @Test func `a file that is opened for writing and can't be written is noticed`() throws {
    #expect(chmod(folder.path, 0o755) == 0 && chmod(path, 0o444) == 0)
    let isReadOnly = try withoutRoot { try open().isReadOnly }
    #expect(isReadOnly)
  }

  @Test(arguments: [Connection.Access.readOnly, .immutable, .readWrite])
  func `a file that is no database says so when it is read`(access: Connection.Access) throws {
    let other = try folder.write(String(repeating: "no database ", count: 500), to: "other.db")
    let error = #expect(throws: SQLiteError.self) {
      try Connection(path: other, access: access).scalar("SELECT count(*) FROM sqlite_schema")
    }
    #expect(error?.code == .notADatabase)
  }

  @Test func `a lock is waited for as long as allowed, and then it is busy`() throws {
    let holder = try open()
    try holder.execute("BEGIN IMMEDIATE")
    let start = ContinuousClock.now
    #expect(failure(try open(), "BEGIN IMMEDIATE")?.code.primary == .busy)
    let waited = ContinuousClock.now - start
    #expect(waited >= .milliseconds(100) && waited < .seconds(10))
  }

  @Test func `a deadline ends the waiting for a lock`() throws {
    let holder = try open()
    try holder.execute("BEGIN IMMEDIATE")
    let deadline = Deadline(in: .milliseconds(50))
    let database = try Connection(
      path: path, access: .readWrite, busyTimeout: .seconds(600), deadline: deadline)
    #expect(failure(database, "BEGIN IMMEDIATE")?.code.primary == .busy)
  }

  @Test func `a deadline interrupts a long statement, and its changes are undone`() throws {
    let database = try Connection(
      path: path, access: .readWrite, deadline: Deadline(in: .milliseconds(50)))
    let endless = "WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n) SELECT i, NULL FROM n"
    #expect(failure(database, "INSERT INTO t \(endless)")?.code.primary == .interrupt)
    #expect(try open().scalar("SELECT count(*) FROM t") == 2)
  }

  @Test func `one gets a turn beside a writer that writes all the time`() async throws {
    try open().execute("PRAGMA journal_mode = WAL")
    let path = path
    let writer = Task.detached {
      let database = try Connection(path: path, access: .readWrite, busyTimeout: .seconds(30))
      while !Task.isCancelled {
        try database.transaction { try database.execute("UPDATE t SET name = name") }
      }
    }
    let database = try Connection(path: path, access: .readWrite, busyTimeout: .seconds(30))
    for _ in 0..<20 { try database.transaction { try database.execute("UPDATE t SET name = name || '.'") } }
    writer.cancel()
    try await writer.value
    #expect(try database.scalar("SELECT length(name) FROM t WHERE id = 1") == 23)
  }

  @Test func `an error undoes the transaction and goes on to the caller`() throws {
    let database = try open()
    let error = #expect(throws: SQLiteError.self) {
      try database.transaction {
        try database.execute("DELETE FROM t WHERE id = 1")
        try database.execute("INSERT INTO t VALUES (3, 'two')")
      }
    }
    #expect(error?.code.primary == .constraint)
    #expect(error?.description == "UNIQUE constraint failed: t.name (SQLite 2067)")
    #expect(!database.isInTransaction)
    #expect(try database.scalar("SELECT count(*) FROM t") == 2)
  }

  @Test func `an error tells where in the text it lies`() throws {
    let statement = try #require(SQLScript("\n\nSELECT id,\n  name,\n  nmae FROM t").statements.first)
    let error = try #require(failure(try open(), statement.sql))
    #expect(error.offset.map(statement.line(at:)) == 5)
    #expect(error.code == .error && error.message == "no such column: nmae")
  }

  @Test func `a migration's statement may not end the transaction or reach for another database`() throws {
    let database = try open()
    for sql in [
      "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "ATTACH ':memory:' AS a", "DETACH a",
    ] {
      let error = #expect(throws: SQLiteError.self) { _ = try database.prepareGuarded(sql) }
      #expect(error?.code.primary == .notAuthorized, "\(sql)")
    }
    database.endGuard()
    try database.execute("BEGIN")
  }

  @Test(arguments: [
    ("SELECT * FROM t", []), ("INSERT INTO t SELECT 3, 'three'", ["t"]), ("UPDATE t SET name = ''", ["t"]),
    ("DELETE FROM t", ["t"]), ("DROP TABLE t", ["t"]), ("ALTER TABLE t RENAME TO u", ["t"]),
    ("ALTER TABLE t ADD COLUMN c", ["t"]), ("CREATE TABLE u AS SELECT * FROM t", ["u"]),
    ("CREATE INDEX i ON t (name)", []), ("DELETE FROM watched", ["watched", "log"]),
    ("INSERT INTO seen VALUES (1)", ["seen", "t"]), ("", []),
  ])
  func `what a statement writes is known before it runs`(sql: String, tables: [String]) throws {
    let database = try open()
    try database.executeScript(
      """
      CREATE TABLE watched (a); CREATE TABLE log (a); CREATE VIEW seen AS SELECT id FROM t;
      CREATE TRIGGER w AFTER DELETE ON watched BEGIN INSERT INTO log VALUES (old.a); END;
      CREATE TRIGGER s INSTEAD OF INSERT ON seen BEGIN DELETE FROM t; END;
      """)
    let writes = try database.prepareGuarded(sql).writes.tables
    #expect(writes.subtracting(["u"]) == Set(tables).subtracting(["u"]))
    #expect(try database.scalar("SELECT count(*) FROM t") == 2)
  }

  @Test func `an immutable database is read whatever its name`() throws {
    let odd = folder.file("a b?c#d%41é.db")
    try folder.database("a b?c#d%41é.db", "CREATE TABLE t (a); INSERT INTO t VALUES (7)")
    let database = try Connection(path: odd, access: .immutable)
    #expect(try database.scalar("SELECT a FROM t") == 7)
  }

  @Test func `VACUUM runs where it is allowed, and nothing can be attached after it`() throws {
    let database = try open()
    #expect(failure(database, "VACUUM") != nil)
    try database.allowingVacuum { try database.execute("VACUUM") }
    #expect(failure(database, "ATTACH ':memory:' AS other") != nil)
  }

  @Test func `closing twice does no harm`() throws {
    let database = try open()
    database.close()
    database.close()
    #expect(try open().scalar("SELECT count(*) FROM t") == 2)
  }
}
