import SQLite
import TestSupport
import Testing

@Suite struct CopyTests {
  let folder: TemporaryFolder
  let source: String

  init() throws {
    folder = try TemporaryFolder()
    source = try folder.database(
      "source.db",
      """
      PRAGMA page_size = 1024; CREATE TABLE t (a, b);
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
      INSERT INTO t SELECT i, hex(randomblob(400)) FROM n;
      """)
  }

  @Test func `a copy that is cut short by its deadline leaves the target as it was`() throws {
    let target = try folder.database("target.db", "PRAGMA page_size = 1024; CREATE TABLE mine (a)")
    let from = try Connection(path: source, access: .readOnly)
    let into = try Connection(path: target, access: .readWrite, deadline: Deadline(in: .zero))
    let error = #expect(throws: SQLiteError.self) { try into.copyContent(of: from) }
    #expect(error?.code.primary == .interrupt)
    into.close()
    #expect(try Connection(path: target, access: .readOnly).scalar("SELECT count(*) FROM mine") == 0)
  }

  @Test func `a target that is locked is busy`() throws {
    let target = try folder.database("target.db", "CREATE TABLE mine (a)")
    let holder = try Connection(path: target, access: .readWrite)
    try holder.execute("BEGIN IMMEDIATE")
    let into = try Connection(path: target, access: .readWrite, busyTimeout: .milliseconds(50))
    let error = #expect(throws: SQLiteError.self) {
      try into.copyContent(of: try Connection(path: source, access: .readOnly))
    }
    #expect(error?.code.primary == .busy)
    try holder.execute("COMMIT")
    #expect(try holder.scalar("SELECT count(*) FROM mine") == 0)
  }

  @Test(arguments: [
    "", "CREATE TABLE mine (a); INSERT INTO mine VALUES (1)", "PRAGMA page_size = 8192; CREATE TABLE b (a)",
  ])
  func `a copy is the whole content and nothing else`(sql: String) throws {
    let target = try folder.database("target.db", sql)
    let from = try Connection(path: source, access: .readOnly)
    try from.execute("BEGIN")
    let into = try Connection(path: target, access: .readWrite)
    try into.copyContent(of: from)
    #expect(try into.scalar("PRAGMA integrity_check") == "ok")
    #expect(try into.rows("SELECT name FROM sqlite_schema") { $0.text(0) } == ["t"])
    let all = "SELECT count(*) || ' ' || sum(a) || ' ' || sum(length(b)) FROM t"
    #expect(try into.scalar(all) == from.scalar(all))
  }
}
