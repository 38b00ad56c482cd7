internal import SQLite

/// Parses the parts of a CREATE TABLE that no PRAGMA returns: CHECK, COLLATE, generated columns, AUTOINCREMENT, ON
/// CONFLICT and deferral. (https://sqlite.org/lang_createtable.html)
struct TableText {
  struct Column {
    var collation: String?
    var generated: String?
    /// The conflict clause of NOT NULL; nil if it is ABORT, the default.
    var conflict: String?
    /// The column's definition as written.
    var sql = ""
  }

  /// The columns by name, in lower case.
  var columns: [String: Column] = [:]
  /// The normal forms of all CHECK expressions, those of columns and of the table.
  var checks: [String] = []
  /// The deferral clauses of foreign keys, by their columns in lower case, joined by commas.
  var deferrals: [String: String] = [:]
  /// The conflict clauses of UNIQUE constraints other than ABORT, by their columns in lower case, joined by commas.
  var uniqueConflicts: [String: String] = [:]
  /// The conflict clause of the primary key; nil if it is ABORT, the default.
  var keyConflict: String?
  var hasAutoincrement = false

  init(_ sql: String) {
    let bytes = Array(sql.utf8)
    for part in Self.parts(Array(SQLTokenizer(sql))) {
      guard let first = part.first, let last = part.last else { continue }
      read(part, String(decoding: bytes[first.range.lowerBound..<last.range.upperBound], as: UTF8.self))
    }
  }

  /// The comma-separated parts within the first parentheses.
  static func parts(_ tokens: [SQLToken]) -> [[SQLToken]] {
    var parts: [[SQLToken]] = []
    var current: [SQLToken] = []
    var depth = 0
    for token in tokens {
      if token.isSymbol("(") { depth += 1 }
      if token.isSymbol(")") { depth -= 1 }
      if depth == 1, token.isSymbol(",") {
        parts.append(current)
        current = []
      } else if depth > 1 || (depth == 1 && !(token.isSymbol("(") && current.isEmpty)) || token.isSymbol(")")
      {
        if depth > 0 { current.append(token) }
      }
      if depth == 0, token.isSymbol(")") { break }
    }
    return parts + (current.isEmpty ? [] : [current])
  }

  private mutating func read(_ part: [SQLToken], _ sql: String) {
    guard let first = part.first else { return }
    let starts = ["constraint", "primary", "unique", "check", "foreign"]
    let isConstraint = starts.contains { first.isKeyword($0) }
    var column = Column()
    column.sql = sql
    var names: [String] = isConstraint ? [] : [first.name]
    var index = isConstraint ? 0 : 1
    var constraint = ""
    while index < part.count {
      let token = part[index]
      if token.isKeyword("check") {
        checks.append(Self.normal(Self.parenthesis(part, after: &index)))
      } else if token.isKeyword("collate"), index + 1 < part.count {
        index += 1
        column.collation = part[index].name
      } else if token.isKeyword("as") {
        let expression = Self.normal(Self.parenthesis(part, after: &index))
        let isStored = index + 1 < part.count && part[index + 1].isKeyword("stored")
        column.generated = "(\(expression)) \(isStored ? "STORED" : "VIRTUAL")"
      } else if token.isKeyword("autoincrement") {
        hasAutoincrement = true
      } else if token.isKeyword("conflict"), index + 1 < part.count {
        index += 1
        let clause = "ON CONFLICT \(part[index].text.uppercased())"
        guard clause != "ON CONFLICT ABORT" else { continue }
        switch constraint {
        case "primary": keyConflict = clause
        case "unique": uniqueConflicts[names.joined(separator: ",")] = clause
        case "not": column.conflict = clause
        default: break
        }
      } else if ["primary", "not", "null"].contains(where: { token.isKeyword($0) }) {
        if constraint != "not" || !token.isKeyword("null") { constraint = token.name }
      } else if token.isKeyword("unique") {
        constraint = "unique"
        if isConstraint { names = Self.parts(Array(part[index...])).compactMap { $0.first?.name } }
      } else if token.isKeyword("foreign") {
        index += 1
        names = Self.parenthesis(part, after: &index).filter { !$0.isSymbol(",") }.map(\.name)
      } else if token.isKeyword("deferrable") {
        deferrals[names.joined(separator: ",")] = Self.deferral(part, at: index)
      } else if token.isSymbol("(") {
        index -= 1
        _ = Self.parenthesis(part, after: &index)
      }
      index += 1
    }
    if !isConstraint { columns[first.name] = column }
  }

  /// The deferral clause; nil if the key behaves like a plain one, which is the case unless it is initially deferred.
  private static func deferral(_ part: [SQLToken], at index: Int) -> String? {
    let isNot = index > 0 && part[index - 1].isKeyword("not")
    let rest = part[(index + 1)...].prefix(2)
    let isDeferred = rest.first?.isKeyword("initially") == true && rest.last?.isKeyword("deferred") == true
    return isDeferred && !isNot ? "DEFERRABLE INITIALLY DEFERRED" : nil
  }

  /// The tokens within the parentheses that open after `index`, which is moved to their end.
  private static func parenthesis(_ part: [SQLToken], after index: inout Int) -> [SQLToken] {
    guard index + 1 < part.count, part[index + 1].isSymbol("(") else { return [] }
    let start = index + 2
    var depth = 0
    repeat {
      index += 1
      if part[index].isSymbol("(") { depth += 1 }
      if part[index].isSymbol(")") { depth -= 1 }
    } while depth > 0 && index + 1 < part.count
    return Array(part[min(start, index)..<index])
  }

  /// An expression in normal form, without parentheses around all of it.
  static func normal(_ tokens: [SQLToken]) -> String {
    var tokens = tokens[...]
    while let first = tokens.first, first.isSymbol("("), Self.closes(tokens) {
      tokens = tokens.dropFirst().dropLast()
    }
    return tokens.map(\.normal).joined(separator: " ")
  }

  /// Whether the last token closes the parenthesis that the first token opens.
  private static func closes(_ tokens: ArraySlice<SQLToken>) -> Bool {
    var depth = 0
    for (offset, token) in tokens.enumerated() {
      if token.isSymbol("(") { depth += 1 }
      if token.isSymbol(")") { depth -= 1 }
      if depth == 0 { return offset == tokens.count - 1 }
    }
    return false
  }
}
