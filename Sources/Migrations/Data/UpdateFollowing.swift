internal import SQLite

/// What UPDATE and DELETE do to the rows.
extension QuestionDerivation {
  /// Follows a DELETE. `next` is the position after the table.
  mutating func delete(
    _ text: SQLText, _ next: Int, _ prefix: String, from table: String, _ known: TableRows, _ alias: String
  ) throws {
    var rows = known
    rows.place = place
    (rows.whole, rows.covered) = (nil, nil)
    guard next < text.tokens.count else {
      rows = TableRows(source: .empty, id: known.id)
      rows.names = try shape(table)?.columns.map(\.name) ?? []
      rows.place = place
      model.tables[table] = rows
      return
    }
    let range = next + 1..<text.tokens.count
    guard known.source != .empty else { return }
    guard text.isKeyword("where", at: next), prefix.isEmpty,
      text.first(of: ["order", "limit", "returning"], in: range) == nil
    else { throw RowModel.Untraceable(reason: "this DELETE is not followed") }
    let condition = text.text(range)
    let from = try model.from(known.source, as: alias)
    let query = try model.bound(
      "SELECT * FROM \(from.text) WHERE (\(condition)) IS NOT TRUE", mentioning: SQLText(condition), from.uses
    )
    rows.source = model.name(table, [], query)
    model.tables[table] = rows
  }

  /// Follows an UPDATE. `next` is the position of SET.
  mutating func update(
    _ text: SQLText, _ next: Int, _ prefix: String, _ table: String, _ shape: TableShape,
    _ known: TableRows, _ alias: String
  ) throws {
    guard known.source != .empty else { return }
    let rest = next + 1..<text.tokens.count
    let place = text.first(of: ["where"], in: rest)
    guard text.isKeyword("set", at: next), prefix.isEmpty,
      text.first(of: ["from", "order", "limit", "returning"], in: rest) == nil
    else { throw RowModel.Untraceable(reason: "this UPDATE is not followed") }
    var values: [String: String] = [:]
    for part in text.parts(next + 1..<(place ?? text.tokens.count)) {
      guard part.count > 2, text.isSymbol("=", at: part.lowerBound + 1), text.tokens[part.lowerBound].isName
      else { throw RowModel.Untraceable(reason: "this UPDATE is not followed") }
      values[text.tokens[part.lowerBound].name] = text.text(part.lowerBound + 2..<part.upperBound)
    }
    let condition = place.map { text.text($0 + 1..<text.tokens.count) }
    let list = shape.columns.filter { !$0.isGenerated }.map { column -> String in
      let old = "\(identifier(alias)).\(identifier(column.name))"
      guard let value = values[column.name.folded] else { return old }
      let new = condition.map { "CASE WHEN \($0) THEN \(value) ELSE \(old) END" } ?? "(\(value))"
      return "\(new) AS \(identifier(column.name))"
    }
    let from = try model.from(known.source, as: alias)
    let query = try model.bound(
      "SELECT \(list.joined(separator: ", ")) FROM \(from.text)",
      mentioning: SQLText(text.text(next + 1..<text.tokens.count)), from.uses)
    var rows = known
    rows.place = self.place
    rows.source = model.name(table, [], query)
    // The columns convert the new values.
    var isConverted = false
    var converted: [String] = []
    for column in shape.columns where !column.isGenerated {
      let value = "\(identifier(table)).\(identifier(column.name))"
      let expression = values[column.name.folded].map(SQLText.init)
      let isNew = expression.map { Conversion.isNeeded(for: $0, column.affinity) } == true
      let stored = isNew ? Conversion.stored(value, as: column.affinity) : nil
      isConverted = isConverted || stored != nil
      converted.append(stored.map { "\($0) AS \(identifier(column.name))" } ?? value)
    }
    if isConverted {
      let from = try model.from(rows.source, as: table)
      rows.source = model.name(
        table, [], ("SELECT \(converted.joined(separator: ", ")) FROM \(from.text)", from.uses))
    }
    for column in values.keys {
      rows.columns[column] = nil
      rows.converted.remove(column)
    }
    model.tables[table] = rows
    let writer = writer(table, shape, rows)
    for column in shape.columns where values[column.name.folded] != nil {
      let value = SQLText(values[column.name.folded] ?? "").tokens
      let isLiteral = value.count == 1 && [.string, .number].contains(value[0].kind)
      if !isLiteral { ask(try writer.nulls(column)) }
      ask(try writer.mismatches(column))
    }
    let names = { (sql: String) in Set(SQLText(sql).tokens.filter(\.isName).map(\.name)) }
    for check in shape.checks where !names(check).isDisjoint(with: values.keys) {
      ask(try writer.violators(check))
    }
    for key in shape.keys {
      let used = (key.expressions + [key.condition].compactMap(\.self)).flatMap(names)
      let columns = Set(key.columns.compactMap(\.name) + used)
      if !columns.isDisjoint(with: values.keys) { ask(try writer.duplicates(key)) }
    }
  }
}
