internal import CSQLite

/// One statement of a script: its text, and its position in the script.
public struct ScriptStatement: Hashable, Sendable {
  /// The text from the first token to the last, without the semicolon.
  public let sql: String
  /// The line of the first token, counted from 1.
  public let line: Int
  /// The tokens, with ranges counted from the start of the script.
  public let tokens: [SQLToken]

  /// The line that contains the byte at `offset` of `sql`.
  public func line(at offset: Int) -> Int {
    line + sql.utf8.prefix(offset).count { $0 == UInt8(ascii: "\n") }
  }
}

/// An SQL text divided into its statements.
///
/// ```swift
/// let script = SQLScript("CREATE TABLE a (b); INSERT INTO a VALUES (1);")
/// for statement in script.statements {
///   print(statement.line, statement.sql)
/// }
/// ```
///
/// See also ``ScriptStatement`` and ``SQLTokenizer``.
public struct SQLScript: Sendable {
  /// The statements, in order.
  public let statements: [ScriptStatement]
  /// Whether the text ends with a semicolon, ignoring space and comments, or has no statement.
  public let isComplete: Bool

  /// Divides `text` at its semicolons. As in `sqlite3_complete`, those in a trigger's body are ignored.
  ///
  /// - Parameters:
  ///   - text: the script, or a part of a file.
  ///   - firstLine: the line of the file on which the text begins.
  public init(_ text: String, firstLine: Int = 1) {
    let bytes = Array(text.utf8)
    var statements: [ScriptStatement] = []
    var current: [SQLToken] = []
    func finish() {
      defer { current = [] }
      guard let first = current.first, let last = current.last else { return }
      let start = first.range.lowerBound
      let line = firstLine + bytes[..<start].count { $0 == UInt8(ascii: "\n") }
      let sql = String(decoding: bytes[start..<last.range.upperBound], as: UTF8.self)
      statements.append(ScriptStatement(sql: sql, line: line, tokens: current))
    }
    for token in SQLTokenizer(text) {
      if token.isSymbol(";"), !Self.isInsideTrigger(current) {
        finish()
      } else {
        current.append(token)
      }
    }
    isComplete = current.isEmpty
    finish()
    self.statements = statements
  }

  /// Whether the tokens are the beginning of a CREATE TRIGGER, which ends with the semicolon after `; END`.
  private static func isInsideTrigger(_ tokens: [SQLToken]) -> Bool {
    guard tokens.first?.isKeyword("create") == true else { return false }
    let afterCreate = tokens.dropFirst().drop { $0.isKeyword("temp") || $0.isKeyword("temporary") }
    guard afterCreate.first?.isKeyword("trigger") == true, tokens.contains(where: { $0.isKeyword("begin") })
    else { return false }
    return !(tokens.suffix(2).first?.isSymbol(";") == true && tokens.last?.isKeyword("end") == true)
  }
}

/// `name` as an SQL identifier, quoted.
public func quoted(_ name: String) -> String {
  "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}

/// `name` as an SQL identifier, in quotes only if it needs them: if it is a keyword, or has other characters than
/// lower-case letters, digits and underscores.
public func identifier(_ name: String) -> String {
  let isPlain = name.utf8.allSatisfy { byte in
    byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
  let startsWithDigit = name.utf8.first.map { $0 < UInt8(ascii: "A") } ?? true
  guard isPlain, !startsWithDigit, sqlite3_keyword_check(name, Int32(name.utf8.count)) == 0 else {
    return quoted(name)
  }
  return name
}
