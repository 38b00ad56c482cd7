internal import SQLite

/// Queries about what a column's type does to the values that it takes.
enum Conversion {
  /// A condition for values of `value` that a column of this affinity would store as something from which the value
  /// can't be told any more, such as `'007'` as 7; nil if there are none.
  ///
  /// A comparison with a CAST AS NUMERIC converts text as the column would, if it looks like a number
  /// (https://sqlite.org/datatype3.html, 4.2).
  static func loss(of value: String, to affinity: TableShape.Affinity) -> String? {
    let text =
      "\(isNumericText(value)) AND CAST(CAST(\(value) AS NUMERIC) AS TEXT) <> \(value) COLLATE BINARY"
    switch affinity {
    case .integer, .numeric: return text
    case .real:
      return
        "(\(text) OR typeof(\(value)) = 'integer' AND CAST(CAST(\(value) AS REAL) AS INTEGER) <> \(value))"
    case .text: return "typeof(\(value)) = 'real' AND CAST(CAST(\(value) AS TEXT) AS REAL) <> \(value)"
    case .none: return nil
    }
  }

  /// What a column of this affinity stores for `value`; nil if it stores every value as it is.
  static func stored(_ value: String, as affinity: TableShape.Affinity) -> String? {
    switch affinity {
    case .integer, .numeric:
      "CASE WHEN \(isNumericText(value)) THEN CAST(\(value) AS NUMERIC) "
        + "WHEN typeof(\(value)) = 'real' AND \(value) = CAST(\(value) AS INTEGER) THEN CAST(\(value) AS INTEGER) "
        + "ELSE \(value) END"
    case .real:
      "CASE WHEN \(isNumericText(value)) OR typeof(\(value)) = 'integer' THEN CAST(\(value) AS REAL) "
        + "ELSE \(value) END"
    // The result of CAST is compared as the column is.
    case .text: "CAST(\(value) AS TEXT)"
    case .none: nil
    }
  }

  /// Whether an expression can have values that a column of this affinity stores as others.
  static func isNeeded(for expression: SQLText, _ affinity: TableShape.Affinity) -> Bool {
    let tokens = expression.tokens
    guard affinity != .none, let first = tokens.first else { return false }
    if tokens.count == 1, first.isKeyword("null") { return false }
    let isNumber = tokens.allSatisfy { $0.kind == .number || $0.isSymbol("-") || $0.isSymbol("+") }
    if affinity.isNumeric { return !isNumber || affinity == .real }
    let texts: Set = [
      "lower", "upper", "trim", "substr", "replace", "printf", "format", "hex", "date", "datetime",
    ]
    let isText =
      tokens.allSatisfy { $0.kind == .string } || tokens.contains { $0.isSymbol("||") }
      || texts.contains(first.text.folded)
    return !isText
  }

  /// A condition for values that a column of a STRICT table, or the number of a row, doesn't take; nil if it takes all.
  ///
  /// - Parameters:
  ///   - value: the value.
  ///   - type: one of the types of STRICT tables, in capitals.
  /// - Returns: the condition.
  static func mismatch(of value: String, _ type: String) -> String? {
    let condition: String? =
      switch type {
      case "INT", "INTEGER": "typeof(\(value)) = 'blob' OR \(value) <> CAST(\(value) AS INTEGER)"
      case "REAL": "typeof(\(value)) = 'blob' OR \(value) <> CAST(\(value) AS NUMERIC)"
      case "TEXT": "typeof(\(value)) = 'blob'"
      case "BLOB": "typeof(\(value)) NOT IN ('null', 'blob')"
      default: nil
      }
    return condition
  }

  private static func isNumericText(_ value: String) -> String {
    "typeof(\(value)) = 'text' AND \(value) = CAST(\(value) AS NUMERIC)"
  }
}
