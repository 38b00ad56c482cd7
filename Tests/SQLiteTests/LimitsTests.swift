import Foundation
import Synchronization
import TestSupport
import Testing

@testable import SQLite

/// What a database or a migration may take of this process: time, memory, length.
@Suite struct LimitsTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = try folder.database("a.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")
  }

  private func open(_ deadline: Deadline? = nil) throws -> Connection {
    try Connection(path: path, access: .readWrite, deadline: deadline)
  }

  private func failure(_ database: Connection, _ sql: String) -> SQLiteError? {
    #expect(throws: SQLiteError.self) { try database.execute(sql) }
  }

  // MARK: Time

  private static let endless =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

  /// A thousand rows that each take long: far fewer operations than could be counted to tell the time.
  private static func slow(_ expression: String) -> String {
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT sum(\(expression)) FROM n"
  }

  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      "length(hex(zeroblob(20000000 + i)))", "length(zeroblob(100000000 + i) || '')",
      "hex(zeroblob(10000000 + i)) LIKE '%0%1%2'",
      "(SELECT length(group_concat(z)) FROM (SELECT hex(zeroblob(10000000 + i)) AS z FROM t))",
    ])
  func `few operations that each take long end at the deadline`(expression: String) throws {
    let database = try open(Deadline(in: .milliseconds(300)))
    #expect(failure(database, Self.slow(expression))?.code.primary == .interrupt)
  }

  @Test(.timeLimit(.minutes(1))) func `a cancellation ends the statement that runs`() throws {
    let cancellation = Cancellation()
    let database = try open(Deadline(in: .seconds(600), cancellation))
    DispatchQueue(label: "canceller").async { cancellation.cancel() }
    #expect(failure(database, Self.endless)?.code.primary == .interrupt)
  }

  @Test(.timeLimit(.minutes(1))) func `a check of the whole file ends at the deadline`() throws {
    let large = try folder.database(
      "large.db",
      """
      PRAGMA page_size = 512; CREATE TABLE t (a);
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)
      INSERT INTO t SELECT zeroblob(100) FROM n;
      """)
    let cancellation = Cancellation()
    let database = try Connection(
      path: large, access: .readOnly, deadline: Deadline(in: .seconds(600), cancellation))
    let all = try database.rows("PRAGMA integrity_check") { $0.text(0) ?? "" }
    #expect(all == ["ok"])
    cancellation.cancel()
    #expect(throws: SQLiteError.self) { try database.rows("PRAGMA integrity_check") { $0.text(0) } }
  }

  @Test func `what has to be undone is undone when the time is over`() throws {
    let cancellation = Cancellation()
    let database = try open(Deadline(in: .seconds(600), cancellation))
    try database.execute("BEGIN IMMEDIATE")
    try database.execute("DELETE FROM t")
    cancellation.cancel()
    // Wait until the thread that interrupts has seen it.
    while (try? database.scalar("SELECT count(*) FROM t, t, t, t, t, t")) != nil {}
    database.rollback()
    #expect(!database.isInTransaction)
    #expect(try open().scalar("SELECT count(*) FROM t") == 2)
    #expect(failure(database, Self.endless)?.code.primary == .interrupt, "the time is still over")
  }

  @Test func `a log is moved into its file when the time is over`() throws {
    try open().execute("PRAGMA journal_mode = WAL")
    let cancellation = Cancellation()
    let database = try open(Deadline(in: .seconds(600), cancellation))
    try database.execute("INSERT INTO t VALUES (3)")
    cancellation.cancel()
    _ = Interrupter.shared.interruptOverdue()  // It arrives while no statement runs.
    database.close()
    #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
    #expect(try open().scalar("SELECT count(*) FROM t") == 3)
  }

  @Test func `a deadline says before a commit that it has passed`() throws {
    try Deadline(in: .seconds(600)).check()
    let error = #expect(throws: SQLiteError.self) { try Deadline(in: .zero).check() }
    #expect(error?.code == .interrupt)
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: SQLiteError.self) { try Deadline(in: .seconds(600), cancellation).check() }
  }

  @Test func `a connection without a deadline, or whose time is not over, is left alone`() throws {
    let over = try open(Deadline(in: .milliseconds(1)))
    while (try? over.execute(LimitsTests.slow("i"))) != nil {}
    #expect(try open().scalar(LimitsTests.slow("i")) == 500_500)
    #expect(try open(Deadline(in: .seconds(600))).scalar(LimitsTests.slow("i")) == 500_500)
  }

  @Test func `waiting for a lock goes on after any number of attempts`() {
    let watch = BusyHandler(busyTimeout: .seconds(600), deadline: nil)
    #expect(watch.waitForLock(attempt: 0))
    for attempt in [21_474_835, 21_474_836, Int32.max] { #expect(watch.waitForLock(attempt: attempt)) }
  }

  // MARK: Length and memory

  @Test(arguments: [
    "SELECT zeroblob(268435457)", "SELECT hex(zeroblob(134217729))",
    "SELECT replace(hex(zeroblob(1000000)), '0', hex(zeroblob(1000)))",
  ])
  func `a value that is longer than allowed is refused`(sql: String) throws {
    let error = #expect(throws: SQLiteError.self) { try open().scalar(sql) }
    #expect(error?.code == .tooBig)
  }

  @Test func `a value of the allowed length is handled`() throws {
    #expect(try open().scalar("SELECT length(zeroblob(268435456 - 1000))") == 268_434_456)
  }

  @Test func `a longer value in a file is refused when it is read, and harms nothing before`() throws {
    try Foreign.execute("UPDATE t SET a = zeroblob(300000000) WHERE a = 2", at: path)
    let database = try open()
    #expect(try database.scalar("SELECT count(*) FROM t") == 2)
    #expect(failure(database, "SELECT hex(a) FROM t")?.code == .tooBig)
    #expect(failure(database, "CREATE TABLE u AS SELECT * FROM t")?.code == .tooBig)
    #expect(try database.rows("PRAGMA integrity_check") { $0.text(0) } == ["ok"])
  }

  @Test func `a long pattern of LIKE is refused`() throws {
    let long = String(repeating: "a", count: 1001)
    #expect(failure(try open(), "SELECT 'a' LIKE '\(long)'")?.message == "LIKE or GLOB pattern too complex")
    #expect(try open().scalar("SELECT '\(long)' LIKE '\(long.dropLast(3))__'") == 0)
    #expect(try open().scalar("SELECT 'b' LIKE '%\(long.dropLast(2))'") == 0)
  }

  @Test func `what SQLite allocates is counted, and given back`() async {
    await #expect(processExitsWith: .success) {
      let database = try Connection(path: "", access: .memory)
      let before = Memory.bytes
      try database.execute("CREATE TABLE t AS SELECT zeroblob(10000000) AS a")
      guard Memory.bytes - before > 10_000_000 else { exit(1) }
      database.close()
      guard Memory.bytes <= before else { exit(2) }
    }
    #expect(Limits.memory > 100_000_000 && Limits.memory <= 2 << 30)
  }

  @Test func `what a database needs beyond the memory allowed fails, and the next statement works`() async {
    await #expect(processExitsWith: .success) {
      let database = try Connection(path: "", access: .memory)
      // All but 20 MB count as taken, in this process alone.
      Memory.take(Limits.memory - Memory.bytes - 20_000_000)
      do throws(SQLiteError) {
        try database.execute("CREATE TABLE t AS SELECT zeroblob(30000000) AS a")
        exit(1)
      } catch {
        guard error.code.primary == .noMemory else { exit(2) }
      }
      guard try database.scalar("SELECT 1") == 1, Memory.bytes < Limits.memory - 15_000_000 else { exit(3) }
    }
  }

  // MARK: Texts

  @Test func `an error message of a database is kept in part, and says so`() throws {
    let database = try open()
    try database.executeScript(
      "CREATE TRIGGER r BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, '\(String(repeating: "é", count: 100_000))'); END"
    )
    let message = failure(database, "INSERT INTO t VALUES (3)")?.message ?? ""
    #expect(message.hasPrefix("ééé") && message.hasSuffix("… (200000 bytes)"))
    #expect(message.utf8.count < 2100)
  }

  @Test func `a query that brings in more than allowed is refused before it is copied`() throws {
    let database = try open()
    func error(_ limit: ReadLimit, _ sql: String = "SELECT 'abcdefghij' FROM t") -> String? {
      do {
        _ = try database.rows(sql, atMost: limit) { $0.text(0) }
        return nil
      } catch {
        #expect(error.code == .tooBig)
        return error.message
      }
    }
    #expect(error(ReadLimit(of: "t", rows: 2, text: 10, total: 20)) == nil)
    #expect(error(ReadLimit(of: "t", rows: 1, text: 10, total: 20)) == "t holds more than 1 rows")
    #expect(
      error(ReadLimit(of: "t", rows: 2, text: 9, total: 20))
        == "t holds a text of 10 bytes, where the longest that is read has 9")
    #expect(error(ReadLimit(of: "t", rows: 2, text: 10, total: 19)) == "t holds more than 19 bytes of text")
  }

  @Test func `addresses of functions are neither told nor taken`() throws {
    #expect(try open().scalar("SELECT fts3_tokenizer('simple')") == .null)
    let address = "SELECT fts3_tokenizer('simple', x'4141414141414141')"
    #expect(failure(try open(), address)?.message == "fts3tokenize disabled")
  }
}
