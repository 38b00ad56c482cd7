import SQLite
import TestSupport
import Testing

@Suite struct SQLScriptTests {
  func statements(_ text: String) -> [String] { SQLScript(text).statements.map(\.sql) }
  func tokens(_ text: String) -> [String] { SQLTokenizer(text).map(\.text) }

  @Test(arguments: [
    ("SELECT 'a; b", "'a; b"), ("SELECT \"a; b", "a; b"), ("SELECT [a; b", "a; b"), ("SELECT `a; b", "a; b"),
    ("SELECT x'ab; b", "x'ab; b"),
  ])
  func `an unterminated literal takes the rest of the text`(text: String, last: String) {
    let script = SQLScript(text)
    #expect(script.statements.map(\.sql) == [text])
    #expect(script.statements.first?.tokens.last?.text == last)
    #expect(!script.isComplete)
  }

  @Test(arguments: [
    "", " \n\t", "-- a", "-- a\n", "/* a", "/*", "/*/", ";;;", " ; -- ;\n ; /* ; */", "\u{feff}",
  ])
  func `what holds no statement has none`(text: String) { #expect(statements(text) == []) }

  @Test(arguments: [
    "SELECT ';', \"a;b\", [c;d], `e;f`, 'it''s; so', \"x\"\";\"",
    "SELECT 1 -- ; not here\n + /* ; nor; here */ 2",
    "CREATE TABLE end (a)", "CREATE TABLE trigger (\"begin\")", "SELECT CASE a WHEN 1 THEN 2 END",
    "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT CASE WHEN 1 THEN 2 END; DELETE FROM b; END",
    "CREATE TEMP TRIGGER IF NOT EXISTS t BEFORE UPDATE OF a, b ON c WHEN CASE WHEN 1 THEN 1 ELSE 0 END BEGIN UPDATE c SET a = 'END;'; END",
    "create temporary trigger \"begin\" after delete on a begin select 1; -- end;\n end",
    "SELECT '日本; 語', \"naïve;\"",
  ])
  func `semicolons inside a statement don't end it`(sql: String) {
    #expect(statements("\(sql);\n\(sql)  ;SELECT 1") == [sql, sql, "SELECT 1"])
    #expect(SQLScript(sql + ";").isComplete && !SQLScript(sql).isComplete)
  }

  @Test func `statements end where SQLite ends them`() throws {
    let script =
      try Repository.text("Tests/Fixtures/ownprem/epoch-14.sql")
        + """
        CREATE TRIGGER a AFTER INSERT ON users BEGIN SELECT CASE 1 WHEN 1 THEN ';' END; DELETE FROM users; END;
        CREATE TEMP TRIGGER b AFTER DELETE ON main.users WHEN old.id = 'BEGIN;' BEGIN /* END; */ SELECT 1; END;
        SELECT ';' -- ;
        , "a;" FROM (SELECT 1 AS [a;]);
        """
    let database = try Connection(path: "", access: .memory)
    let statements = SQLScript(script).statements
    #expect(statements.count > 60)
    for statement in statements { try database.execute(statement.sql) }
    #expect(try database.scalar("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'") == 1)
  }

  @Test func `lines are counted through literals, comments, multi-byte text and both line ends`() {
    let text = "-- é\n\nSELECT '日\n本';\r\n/* a\r\nb */ SELECT\r\n  2;SELECT 3"
    let script = SQLScript(text, firstLine: 10)
    #expect(script.statements.map(\.line) == [12, 15, 16])
    #expect(script.statements[0].line(at: 0) == 12)
    #expect(script.statements[0].line(at: script.statements[0].sql.utf8.count - 1) == 13)
    #expect(script.statements[1].line(at: 9999) == 16)
  }

  @Test func `each kind of token is told apart`() {
    let text = "a \"b\" [c] `d` 'e' 1 .5 1e-3 0x1F X'00' ?1 :n @n $n (<>"
    let kinds: [SQLToken.Kind] =
      [.word, .quotedName, .quotedName, .quotedName, .string] + Array(repeating: .number, count: 4) + [.blob]
      + Array(repeating: .parameter, count: 4) + [.symbol, .symbol]
    #expect(SQLTokenizer(text).map(\.kind) == kinds)
  }

  @Test(arguments: [
    ("a<=b", ["a", "<=", "b"]), ("a->>'b'", ["a", "->>", "'b'"]), ("a->'b'", ["a", "->", "'b'"]),
    ("a||b==c", ["a", "||", "b", "==", "c"]), ("1-2", ["1", "-", "2"]), ("1--2", ["1"]),
    ("a.b", ["a", ".", "b"]),
    ("1.5e+3+2", ["1.5e+3", "+", "2"]), ("0x1E+5", ["0x1E", "+", "5"]), ("0X1E+5", ["0X1E", "+", "5"]),
    ("'a''b'", ["'a''b'"]), ("\"a\"\"b\"", ["a\"b"]), ("[a]]b", ["a", "]", "b"]), ("x 'a'", ["x", "'a'"]),
    ("/**/a/***/b", ["a", "b"]), ("a/*/b*/c", ["a", "c"]), ("naïve 日本", ["naïve", "日本"]),
    ("\u{feff}a", ["a"]), ("a$1", ["a$1"]),
  ])
  func `text is cut as SQLite cuts it`(text: String, expected: [String]) { #expect(tokens(text) == expected) }

  @Test func `ranges are in bytes`() {
    let text = "SELECT 'é', ü FROM x"
    let bytes = Array(text.utf8)
    let parts = SQLTokenizer(text).map { String(decoding: bytes[$0.range], as: UTF8.self) }
    #expect(parts == ["SELECT", "'é'", ",", "ü", "FROM", "x"])
  }

  @Test func `a quoted keyword is a name, and names compare as SQLite compares them`() {
    let tokens = Array(SQLTokenizer("END \"END\" 'It''s' ÄA"))
    #expect(tokens.map { $0.isKeyword("end") } == [true, false, false, false])
    #expect(tokens.map(\.name) == ["end", "end", "it's", "Äa"])
  }

  @Test func `line comments are known, and what only looks like one is not`() {
    var tokenizer = SQLTokenizer("-- a\nSELECT '\n-- b\n' /*\n-- c\n*/ -- d")
    while tokenizer.next() != nil {}
    #expect(tokenizer.lineComments == [0, 32])
  }
}
