internal import SQLite

/// What a statement does to which table, judged by its first words. Names are in lower case.
enum StatementKind: Hashable {
  case create(table: String)
  case drop(table: String)
  case rename(table: String, to: String)
  case addColumn(table: String)
  case uniqueIndex(String, table: String)
  case insert(table: String)
  case delete(table: String)
  /// A statement that reads and changes nothing.
  case read
  case other
}

/// A statement and its kind.
struct ClassifiedStatement {
  let statement: ScriptStatement
  let kind: StatementKind

  /// Whether it is `DROP TABLE IF EXISTS`, which does nothing if there is no such table.
  var isConditionalDrop: Bool {
    guard case .drop = kind else { return false }
    return statement.tokens.dropFirst(2).first?.isKeyword("if") == true
  }

  /// Whether it is a SELECT or VALUES, with or without leading common table expressions.
  var isQuery: Bool { kind == .read && statement.tokens.first?.isKeyword("pragma") == false }

  init(_ statement: ScriptStatement) {
    self.statement = statement
    var words = Words(statement.tokens[...])
    kind = Self.kind(&words)
  }

  private static func kind(_ words: inout Words) -> StatementKind {
    words.skipCommonTables()
    if words.take("delete") { return words.take("from") ? .delete(table: words.name()) : .other }
    if words.take("drop") {
      guard words.take("table") else { return .other }
      if words.take("if") { _ = words.take("exists") }
      return .drop(table: words.name())
    }
    if words.take("insert") || words.take("replace") {
      if words.take("or") { words.skip() }
      return words.take("into") ? .insert(table: words.name()) : .other
    }
    if words.take("create") { return created(&words) }
    if words.take("alter") { return altered(&words) }
    if words.take("select") || words.take("values") { return .read }
    guard words.take("pragma") else { return .other }
    _ = words.name()
    return words.isEmpty ? .read : .other
  }

  private static func created(_ words: inout Words) -> StatementKind {
    let isUnique = words.take("unique")
    if !isUnique { _ = words.take("temp") || words.take("temporary") || words.take("virtual") }
    guard words.take(isUnique ? "index" : "table") else { return .other }
    if words.take("if") {
      _ = words.take("not")
      _ = words.take("exists")
    }
    let name = words.name()
    guard isUnique else { return .create(table: name) }
    return words.take("on") ? .uniqueIndex(name, table: words.name()) : .other
  }

  private static func altered(_ words: inout Words) -> StatementKind {
    guard words.take("table") else { return .other }
    let table = words.name()
    if words.take("rename") { return words.take("to") ? .rename(table: table, to: words.name()) : .other }
    return words.take("add") ? .addColumn(table: table) : .other
  }

  /// Consumes words from the beginning of a statement.
  private struct Words {
    private var rest: ArraySlice<SQLToken>

    init(_ tokens: ArraySlice<SQLToken>) { rest = tokens }

    mutating func take(_ keyword: String) -> Bool {
      guard rest.first?.isKeyword(keyword) == true else { return false }
      rest = rest.dropFirst()
      return true
    }

    /// Skips `WITH … AS (…)` up to the verb of the statement.
    mutating func skipCommonTables() {
      guard take("with") else { return }
      let verbs = ["delete", "insert", "replace", "select", "update", "values"]
      var depth = 0
      while let token = rest.first, depth > 0 || !verbs.contains(where: token.isKeyword) {
        if token.isSymbol("(") { depth += 1 }
        if token.isSymbol(")") { depth -= 1 }
        skip()
      }
    }

    mutating func skip() { rest = rest.dropFirst() }

    /// Takes the next name, without its schema.
    mutating func name() -> String {
      if rest.dropFirst().first?.isSymbol(".") == true { rest = rest.dropFirst(2) }
      defer { skip() }
      return rest.first?.name ?? ""
    }

    var isEmpty: Bool { rest.isEmpty }
  }
}
