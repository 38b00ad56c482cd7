internal import SQLite

/// What statements that change rows do to the rows.
extension QuestionDerivation {
  /// Follows INSERT, UPDATE or DELETE, and returns the tables whose rows are followed. `verb` is the position of the first
  /// word after the common table expressions.
  mutating func changed(_ text: SQLText, _ verb: Int) throws -> Set<String> {
    let prefix = verb > 0 ? text.text(0..<verb) + " " : ""
    var next = verb + 1
    let word = text.tokens[verb].text.folded
    var resolution = word == "replace" ? "replace" : ""
    if text.isKeyword("or", at: next), text.tokens.indices.contains(next + 1) {
      resolution = text.tokens[next + 1].text.folded
      next += 2
    }
    switch word {
    case "insert", "replace": next = text.after(["into"], from: next)
    case "delete": next = text.after(["from"], from: next)
    case "update": break
    default: return []
    }
    guard let target = text.name(at: next), let rows = model.tables[target.name] else { return [] }
    let table = target.name
    guard let shape = try shape(table), !shape.isVirtual else {
      lose(table, "it is a virtual table")
      return [table]
    }
    let resolves = ["ignore", "replace"].contains(resolution)
    guard !resolves, word == "delete" || !shape.resolvesConflicts else {
      lose(table, "line \(place.line) skips or replaces rows that conflict")
      // With one key, a row replaces at most the one that has its place.
      let isHarmless = resolution != "replace" || shape.takesAllBut(oneKey: true)
      if !isHarmless {
        leaveUnasked("what REPLACE removes, and what keeps it from inserting, is not followed")
      }
      return [table]
    }
    do {
      next = target.next
      var alias = table
      if text.isKeyword("as", at: next) { next += 1 }
      if next < text.tokens.count, text.tokens[next].isName,
        !text.isOne(
          of: [
            "set", "where", "values", "select", "with", "default", "not", "indexed", "order", "limit",
            "returning",
          ],
          at: next)
      {
        alias = text.tokens[next].name
        next += 1
      }
      switch word {
      case "delete": try delete(text, next, prefix, from: table, rows, alias)
      case "update": try update(text, next, prefix, table, shape, rows, alias)
      default:
        var columns = shape.columns.filter { !$0.isGenerated }.map(\.name)
        if text.isSymbol("(", at: next), let end = text.closing(next) {
          columns = text.parts(next + 1..<end).compactMap { text.tokens[$0].first?.name }
          next = end + 1
        }
        try insert(
          next..<text.tokens.count, of: text, prefix: prefix, into: table, columns, shape, isChecked: true)
      }
    } catch let error as RowModel.Untraceable {
      let isFirst = !error.reason.contains("can't be foretold")
      lose(table, isFirst ? "line \(place.line): \(error.reason)" : error.reason)
      throw error
    }
    return [table]
  }
}
