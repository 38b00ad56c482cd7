internal import SQLite

/// A fact about a database that can be true or false: the argument of `@when`, `@unless`, `@require` and `@expect`.
///
/// ```swift
/// Condition("column users.email")  // .column(table: "users", column: "email")
/// Condition("query SELECT count(*) > 0 FROM users")
/// Condition("users.email")  // nil
/// ```
///
/// ``Migration/Step`` holds the conditions of a step, ``Migration/Clause`` those of a whole migration. ``Migrator``
/// evaluates them.
public enum Condition: Hashable, Sendable {
  /// `table T`
  case table(String)
  /// `column T.C`
  case column(table: String, column: String)
  /// `index I`
  case index(String)
  /// `trigger X`
  case trigger(String)
  /// `view V`
  case view(String)
  /// `foreign key T.C [on delete …]`, with the action in capitals
  case foreignKey(table: String, column: String, onDelete: String?)
  /// `query SELECT …`: true if the first value is neither NULL nor zero. One SELECT, VALUES or WITH … SELECT.
  case query(String)

  /// Parses a condition.
  ///
  /// - Returns: nil if the text isn't a condition. The caller adds file and line to its error.
  public init?(_ text: String) {
    let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    let path = { (word: String) -> (String, String)? in
      let parts = word.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      return parts.count == 2 && !parts.contains("") ? (parts[0], parts[1]) : nil
    }
    switch (words.first, words.count) {
    case ("table", 2): self = .table(words[1])
    case ("index", 2): self = .index(words[1])
    case ("trigger", 2): self = .trigger(words[1])
    case ("view", 2): self = .view(words[1])
    case ("column", 2):
      guard let (table, column) = path(words[1]) else { return nil }
      self = .column(table: table, column: column)
    case ("query", 2...):
      let query = text.trimmed.dropFirst("query".count).trimmed
      let statements = SQLScript(query).statements
      guard statements.count == 1, ClassifiedStatement(statements[0]).isQuery,
        !statements[0].tokens.contains(where: { $0.kind == .parameter })
      else { return nil }
      self = .query(query)
    case ("foreign", 3...):
      guard words[1] == "key", let (table, column) = path(words[2]) else { return nil }
      guard words.count > 3 else {
        self = .foreignKey(table: table, column: column, onDelete: nil)
        return
      }
      let action = words.dropFirst(5).joined(separator: " ").uppercased()
      let actions = ["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"]
      guard words[3] == "on", words.count > 5, words[4] == "delete", actions.contains(action) else {
        return nil
      }
      self = .foreignKey(table: table, column: column, onDelete: action)
    default: return nil
    }
  }

  /// Whether the condition is true of the database now.
  ///
  /// - Throws: `SQLiteError`, for example if a query doesn't compile or tries to write.
  func holds(in database: Connection) throws(SQLiteError) -> Bool {
    switch self {
    case .table(let name): return try Self.exists("table", name, database)
    case .index(let name): return try Self.exists("index", name, database)
    case .trigger(let name): return try Self.exists("trigger", name, database)
    case .view(let name): return try Self.exists("view", name, database)
    case .column(let table, let column):
      let sql = "SELECT 1 FROM pragma_table_xinfo(?) WHERE name = ? COLLATE NOCASE"
      return try database.scalar(sql, [.text(table), .text(column)]) != nil
    case .foreignKey(let table, let column, let action):
      let sql = """
        SELECT 1 FROM pragma_foreign_key_list(?)
        WHERE "from" = ? COLLATE NOCASE AND on_delete = coalesce(?, on_delete)
        """
      let values: [Value] = [.text(table), .text(column), action.map(Value.text) ?? .null]
      return try database.scalar(sql, values) != nil
    case .query(let sql):
      do {
        return try database.answer(sql)?.isTrue ?? false
      } catch  where error.code.primary == .notAuthorized {
        throw SQLiteError(
          code: error.code, message: "a query in a condition may only read: \(error.message)")
      }
    }
  }

  private static func exists(_ type: String, _ name: String, _ database: Connection) throws(SQLiteError)
    -> Bool
  {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = ? AND name = ? COLLATE NOCASE"
    return try database.scalar(sql, [.text(type), .text(name)]) != nil
  }
}

extension Condition: CustomStringConvertible {
  /// The condition as a migration file writes it.
  public var description: String {
    switch self {
    case .table(let name): "table \(name)"
    case .index(let name): "index \(name)"
    case .trigger(let name): "trigger \(name)"
    case .view(let name): "view \(name)"
    case .column(let table, let column): "column \(table).\(column)"
    case .foreignKey(let table, let column, let action):
      "foreign key \(table).\(column)" + (action.map { " on delete \($0.lowercased())" } ?? "")
    case .query(let sql): "query \(sql)"
    }
  }
}

extension StringProtocol {
  /// The text without white space at either end.
  var trimmed: String {
    var kept = self.drop(while: \.isWhitespace)
    while kept.last?.isWhitespace == true { kept = kept.dropLast() }
    return String(kept)
  }
}
