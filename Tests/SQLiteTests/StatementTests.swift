import SQLite
import TestSupport
import Testing

@Suite struct StatementTests {
  let database: Connection

  init() throws { database = try Connection(path: "", access: .memory) }

  @Test func `values come back as they were bound`() throws {
    let values: [Value] = [
      .null, 7, .integer(.min), .real(0.1), "", "a\u{0}b", "日本", .blob([]), .blob([0, 255]),
    ]
    let sql = "SELECT " + values.map { _ in "?" }.joined(separator: ", ")
    let rows = try database.rows(sql, values) { row in values.indices.map(row.value) }
    #expect(rows == [values])
  }

  @Test(arguments: [
    (Value.null, false), (0, false), (1, true), (-1, true), (.real(0), false), (.real(0.5), true),
    ("", false),
    ("no", false), ("1", true), ("0", false), (.blob([1]), false), (.blob([0x31]), true),
  ])
  func `truth is as SQLite has it`(value: Value, expected: Bool) throws {
    #expect(value.isTrue == expected)
    #expect(try database.scalar("SELECT CASE WHEN ? THEN 1 ELSE 0 END", [value]) == (expected ? 1 : 0))
  }

  @Test(arguments: [
    "1abc", "0x10", "inf", "nan", " 2", "-3", "+", "- 1", ".5", "..5", "0.0.1", "000", "0e5", "00.10",
    "\t\n7", "é1", "1é",
  ])
  func `the truth of a text is as SQLite has it`(text: String) throws {
    let expected = try database.scalar("SELECT CASE WHEN ? THEN 1 ELSE 0 END", [.text(text)])
    #expect(.integer(Value.text(text).isTrue ? 1 : 0) == expected)
  }

  @Test func `nothing but comments is no statement`() throws {
    #expect(try database.prepare(" -- nothing\n/* at all */ ") == nil)
    #expect(try database.scalar("") == nil)
    #expect(try database.rows("") { $0.int(0) } == [])
  }

  @Test func `a name in quotes survives what is in it`() throws {
    let name = #"a "b" c"#
    try database.execute("CREATE TABLE \(quoted(name)) (a)")
    #expect(try database.scalar("SELECT name FROM sqlite_schema") == .text(name))
  }
}
