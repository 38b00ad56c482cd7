import Glibc
import SQLite
import Schema
import Testing

/// Schemas of very many tables, as where each customer has some of their own.
@Suite struct LargeSchemaTests {
  /// Tables with a key, a constraint, foreign keys, an index and a trigger each, and a view now and then.
  private func database(_ tables: Int) throws -> Connection {
    let database = try Connection(path: "", access: .memory)
    // SQLite itself takes quadratic time to add tables one by one, and linear time to read them from the schema.
    try database.execute("BEGIN")
    for number in 0..<tables {
      try database.executeScript(
        """
        CREATE TABLE t\(number) (
          id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT REFERENCES t\(number / 2), c INT REFERENCES t0 (id),
          CHECK (b > 0));
        """)
    }
    try database.executeScript("CREATE INDEX i ON t1 (b); CREATE VIEW v AS SELECT * FROM t1; COMMIT")
    return database
  }

  /// Time of this thread's processor, in seconds: other threads don't count.
  private func time(_ work: () throws -> Void) rethrows -> Double {
    func now() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    let start = now()
    try work()
    return now() - start
  }

  @Test(arguments: [
    "CREATE TABLE NAME (a)", "CREATE TABLE t (NAME)", "CREATE TABLE t (a); CREATE INDEX NAME ON t (a)",
    "CREATE VIEW NAME AS SELECT 1",
  ])
  func `a name that no report could show is refused`(sql: String) throws {
    func schema(_ length: Int) throws -> Schema {
      let database = try Connection(path: "", access: .memory)
      let name = String(repeating: "n", count: length)
      try database.executeScript(sql.replacing("NAME", with: name))
      return try Schema(reading: database)
    }
    let error = #expect(throws: SQLiteError.self) { try schema(65_537) }
    #expect(error?.code == .tooBig)
    #expect(try !schema(65_536).all(.table).isEmpty || sql.contains("VIEW"))
  }

  @Test func `eight times as many tables take not many more times as long to read`() throws {
    let (few, many) = (try database(250), try database(2000))
    var schema: Schema?
    let short = try (0..<3).map { _ in try time { schema = try Schema(reading: few) } }.min() ?? 0
    #expect(schema?.all(.table).count == 250 && schema?.all(.foreignKey).count == 500)
    let long = try time { schema = try Schema(reading: many) }
    #expect(schema?.all(.table).count == 2000 && schema?.all(.view).count == 1)
    // Linear time would be 8 times as long, quadratic time 64 times.
    #expect(long / short < 20, "\(long) s against \(short) s")
    let children = try #require(schema)
    let asked = time { for number in 0..<2000 { _ = children.children(of: "t\(number)") } }
    #expect(children.children(of: "T0").count == 2000)
    #expect(asked < long, "who refers to a table is looked up, not searched for")
  }
}
