internal import SQLite

/// What a statement does to which table, as far as its first words tell. Names are in lower case.
struct Shape {
  enum Kind: Hashable {
    case create(table: String)
    case drop(table: String)
    case rename(table: String, to: String)
    case addColumn(table: String)
    case uniqueIndex(String, table: String)
    case insert(table: String)
    case delete(table: String)
    /// Reads and changes nothing.
    case read
    case other
  }

  let statement: SQLScript.Statement
  let kind: Kind

  /// Whether it is a SELECT or VALUES, with or without common table expressions before it.
  var isQuery: Bool { kind == .read && statement.tokens.first?.isKeyword("pragma") == false }

  init(_ statement: SQLScript.Statement) {
    self.statement = statement
    var words = Words(statement.tokens[...])
    kind = Self.kind(&words)
  }

  private static func kind(_ words: inout Words) -> Kind {
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

  private static func created(_ words: inout Words) -> Kind {
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

  private static func altered(_ words: inout Words) -> Kind {
    guard words.take("table") else { return .other }
    let table = words.name()
    if words.take("rename") { return words.take("to") ? .rename(table: table, to: words.name()) : .other }
    return words.take("add") ? .addColumn(table: table) : .other
  }

  /// Takes words off the front of a statement.
  private struct Words {
    private var rest: ArraySlice<SQLToken>

    init(_ tokens: ArraySlice<SQLToken>) { rest = tokens }

    mutating func take(_ keyword: String) -> Bool {
      guard rest.first?.isKeyword(keyword) == true else { return false }
      rest = rest.dropFirst()
      return true
    }

    /// Goes past `WITH … AS (…)` to the statement that it is for.
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

    /// The next name, without the schema before it.
    mutating func name() -> String {
      if rest.dropFirst().first?.isSymbol(".") == true { rest = rest.dropFirst(2) }
      defer { skip() }
      return rest.first?.name ?? ""
    }

    var isEmpty: Bool { rest.isEmpty }
  }
}

/// What becomes of the tables within one migration.
struct TableFates {
  private let shapes: [Shape.Kind]

  init(_ statements: [Shape]) { shapes = statements.map(\.kind) }

  /// Whether the migration made the table itself, so that it has no rows that anybody would miss.
  func isMade(_ table: String, before place: Int) -> Bool { shapes[..<place].contains(.create(table: table)) }

  /// The table, by its name before the migration, that has fewer rows after the statement at `place`, a DELETE or a
  /// DROP of `table`; nil where it has not, as when it is rebuilt.
  func loss(from table: String, at place: Int, _ kind: Shape.Kind) -> String? {
    guard !table.hasPrefix("sqlite_") else { return nil }
    var origin = table
    for shape in shapes[..<place].reversed() {
      if shape == .create(table: origin) { return nil }
      guard case .rename(let old, to: origin) = shape else { continue }
      // Rows that were copied into a table's successor are that table's.
      if case .delete = kind, shapes[..<place].contains(.drop(table: origin)) { return origin }
      origin = old
    }
    guard case .drop = kind else { return origin }
    let isRenamed = shapes.contains { if case .rename(_, to: origin) = $0 { true } else { false } }
    let isFilled = shapes.contains(.create(table: origin)) && shapes.contains(.insert(table: origin))
    return isRenamed || isFilled ? nil : origin
  }
}
