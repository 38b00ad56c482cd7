internal import SQLite

/// The parts of a SELECT that tell which rows and columns of a table it copies.
struct SelectText {
  /// Where the value of a result column comes from.
  enum Item: Hashable {
    /// A column of the first table, in lower case.
    case column(String)
    /// All columns of the first table.
    case all
    /// Anything else.
    case expression
  }

  /// The result columns.
  let items: [Item]
  /// The result columns as written, without their names.
  let texts: [String]
  /// The first table of FROM, in lower case; nil if it is a subquery or there is none.
  let base: String?
  /// The name by which the query calls its first table, as written.
  let alias: String
  /// Whether the query takes rows of one table only.
  let isSingle: Bool
  /// Whether it may leave rows out or merge them: WHERE, DISTINCT, GROUP BY, HAVING, LIMIT, or a compound.
  let isFiltered: Bool
  /// Whether each result row belongs to one combination of rows: no DISTINCT, grouping, LIMIT or compound.
  let isRowByRow: Bool
  /// Whether an outer join may add rows without one of the first table.
  let addsRows: Bool
  /// Whether `*` may stand for columns.
  let hasStar: Bool
  /// FROM and everything after it up to ORDER BY, as written.
  let tail: String

  private static let ends: Set = [
    "where", "group", "having", "window", "order", "limit", "union", "intersect", "except",
  ]

  /// Reads a query; nil if it doesn't begin with SELECT, such as VALUES.
  init?(_ text: SQLText, _ range: Range<Int>) {
    guard text.isKeyword("select", at: range.lowerBound) else { return nil }
    var start = range.lowerBound + 1
    let isDistinct = text.isKeyword("distinct", at: start)
    if isDistinct || text.isKeyword("all", at: start) { start += 1 }
    let outer = text.outer(range).filter { $0 >= start }
    hasStar = text.tokens[range].contains { $0.isSymbol("*") }
    let from = outer.first {
      text.isKeyword("from", at: $0) && !text.isKeyword("distinct", at: $0 - 1)
    }
    let compound = outer.first { text.isOne(of: ["union", "intersect", "except"], at: $0) }
    let isMerged = isDistinct || outer.contains { text.isOne(of: ["group", "having", "limit"], at: $0) }
    isRowByRow = !isMerged && compound == nil
    isFiltered = isMerged || compound != nil || outer.contains { text.isKeyword("where", at: $0) }
    guard let from, compound.map({ from < $0 }) ?? true else {
      (items, texts, base, alias, isSingle, tail, addsRows) = ([], [], nil, "", false, "", false)
      return
    }
    let order = outer.first { $0 > from && text.isKeyword("order", at: $0) } ?? range.upperBound
    tail = text.text(from..<order)
    let end = outer.first { $0 > from && text.isOne(of: Self.ends, at: $0) } ?? range.upperBound
    var place = from + 1
    guard place < end, text.tokens[place].kind != .symbol, let table = text.name(at: place) else {
      (items, texts, base, alias, isSingle, addsRows) = ([], [], nil, "", false, false)
      return
    }
    place = text.after(["as"], from: table.next)
    var called = table.name
    let joins: Set = [
      "join", "left", "right", "full", "inner", "cross", "natural", "indexed", "not", "outer", "on", "using",
    ]
    if place < end, text.tokens[place].isName, !text.isOne(of: joins, at: place) {
      called = text.tokens[place].name
      place += 1
    }
    // A table-valued function has arguments.
    let isFunction = text.isSymbol("(", at: place)
    let canBeNull = outer.contains { $0 > from && $0 < end && text.isOne(of: ["right", "full"], at: $0) }
    addsRows = canBeNull
    base = isFunction || compound != nil ? nil : table.name
    alias = called
    isSingle = place >= end && compound == nil
    let single = isSingle
    texts = text.parts(start..<from).map { part in
      let isNamed = part.count > 2 && text.isKeyword("as", at: part.upperBound - 2)
      return text.text(part.lowerBound..<part.upperBound - (isNamed ? 2 : 0))
    }
    items =
      isFunction || canBeNull || compound != nil
      ? []
      : text.parts(start..<from).map { Self.item(text, $0, alias: called, isSingle: single) }
  }

  private static func item(_ text: SQLText, _ range: Range<Int>, alias: String, isSingle: Bool) -> Item {
    var tokens = Array(text.tokens[range])
    if tokens.count > 2, tokens[tokens.count - 2].isKeyword("as") { tokens.removeLast(2) }
    if tokens.count > 2, tokens[1].isSymbol("."), tokens[0].name == alias {
      tokens.removeFirst(2)
    } else if !isSingle {
      return .expression
    }
    if tokens.count == 2, tokens[1].isName { tokens.removeLast() }
    guard tokens.count == 1 else { return .expression }
    if tokens[0].isSymbol("*") { return .all }
    let constants = ["null", "true", "false", "current_timestamp", "current_date", "current_time"]
    guard tokens[0].isName, !constants.contains(where: tokens[0].isKeyword) else { return .expression }
    return .column(tokens[0].name)
  }
}
