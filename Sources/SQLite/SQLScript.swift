/// One statement of a script: its text, and its position in the script.
public struct ScriptStatement: Hashable, Sendable {
  /// Its text, from its first token to its last, without the semicolon.
  public let sql: String
  /// The line of its first token, counted from 1.
  public let line: Int
  /// Its tokens, with ranges counted from the start of the script.
  public let tokens: [SQLToken]

  /// The line on which the byte at `offset` of `sql` stands.
  public func line(at offset: Int) -> Int {
    line + sql.utf8.prefix(offset).count { $0 == UInt8(ascii: "\n") }
  }
}

/// SQL text cut into its statements.
public struct SQLScript: Sendable {
  /// The statements, in order.
  public let statements: [ScriptStatement]
  /// Whether the last statement ends with a semicolon, or there is none.
  public let isComplete: Bool

  /// Cuts `text` at its semicolons; those inside a trigger's body don't count, as in `sqlite3_complete`.
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

  /// A trigger ends with a semicolon that follows `; END`.
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
