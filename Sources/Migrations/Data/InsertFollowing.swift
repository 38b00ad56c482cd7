internal import SQLite

/// What INSERT does to the rows.
extension QuestionDerivation {
  /// Follows an INSERT of a query's rows.
  ///
  /// - Parameters:
  ///   - range: the query.
  ///   - text: the statement.
  ///   - prefix: the common table expressions before INSERT.
  ///   - table: the table.
  ///   - columns: the columns that the query fills.
  ///   - shape: the table's shape.
  ///   - isChecked: false for a table without constraints.
  /// - Throws: `Untraceable` or `SQLiteError`.
  mutating func insert(
    _ range: Range<Int>, of text: SQLText, prefix: String, into table: String, _ columns: [String],
    _ shape: TableShape, isChecked: Bool
  ) throws {
    guard let before = model.tables[table] else { return }
    var outer = text.outer(range)
    let conflict = outer.first { text.isKeyword("on", at: $0) && text.isKeyword("conflict", at: $0 + 1) }
    let skips = conflict.map { isSkipping(text, $0, shape) } ?? false
    guard conflict == nil || skips, !outer.contains(where: { text.isKeyword("returning", at: $0) }) else {
      throw RowModel.Untraceable(reason: "what its ON CONFLICT or RETURNING does is not followed")
    }
    let range = range.lowerBound..<(conflict ?? range.upperBound)
    outer.removeAll { $0 >= range.upperBound }
    var columns = columns
    // The order in which rows are copied doesn't matter, unless it decides which ones.
    let order = outer.last { text.isKeyword("order", at: $0) && text.isKeyword("by", at: $0 + 1) }
    let isLimited = outer.contains { text.isKeyword("limit", at: $0) }
    let end = isLimited ? range.upperBound : order ?? range.upperBound
    var query = prefix + text.text(range.lowerBound..<end)
    if text.isKeyword("default", at: range.lowerBound) { (columns, query) = ([], "SELECT 1") }
    let select = prefix.isEmpty ? SelectText(text, range) : nil
    let raw = model.name(table, columns, try model.bound(query, mentioning: SQLText(query)))
    var added = TableRows(source: raw, id: before.id)
    added.place = place
    added.used = Set(SQLText(query).tokens.filter(\.isName).map(\.name))
    if let select { try follow(select, columns, into: &added, table) }
    let rawRows = added
    var expressions: [String: SQLText] = [:]
    if let select, select.texts.count == columns.count, !select.hasStar {
      for (column, sql) in zip(columns, select.texts) { expressions[column.folded] = SQLText(sql) }
    }
    try complete(&added, columns, expressions, shape, table)
    var after = added
    if before.source != .empty {
      after = TableRows(source: .unknown("its rows can't be foretold"), id: before.id)
      after.covered = before.covered
      after.used = before.used.union(added.used)
      after.place = place
      let list = shape.columns.filter { !$0.isGenerated }.map { "t.\(identifier($0.name))" }
        .joined(separator: ", ")
      let (old, new) = (try model.from(before.source, as: "t"), try model.from(added.source, as: "t"))
      after.source = model.name(
        table, [],
        (
          "SELECT \(list) FROM \(old.text) UNION ALL SELECT \(list) FROM \(new.text)",
          old.uses.union(new.uses)
        ))
    }
    model.tables[table] = after
    guard isChecked else { return }
    let (writer, rawWriter) = (writer(table, shape, added), self.writer(table, shape, rawRows))
    for column in shape.columns {
      let isGiven = columns.contains { $0.folded == column.name.folded }
      ask(try writer.nulls(column))
      guard isGiven else { continue }
      ask(try rawWriter.mismatches(column))
      ask(try rawWriter.conversions(column))
    }
    for check in shape.checks { ask(try writer.violators(check)) }
    if skips { return lose(table, "line \(place.line) skips rows that conflict") }
    for key in shape.keys {
      if key.index == nil, !columns.contains(where: { $0.folded == shape.rowNumber }) { continue }
      ask(try writer.duplicates(key))
      guard before.source != .empty else { continue }
      if key.expressions.isEmpty, key.condition == nil {
        ask(try writer.conflicts(key, with: before.source))
      } else {
        ask(try self.writer(table, shape, after).duplicates(key))
      }
    }
  }

  /// Whether ON CONFLICT skips the rows that any key would refuse.
  private func isSkipping(_ text: SQLText, _ place: Int, _ shape: TableShape) -> Bool {
    var next = place + 2
    if text.isSymbol("(", at: next), let end = text.closing(next) {
      guard shape.keys.count <= 1 else { return false }
      next = end + 1
    }
    return text.isKeyword("do", at: next) && text.isKeyword("nothing", at: next + 1)
  }

  /// Notes which rows and values are copied from where.
  private mutating func follow(
    _ select: SelectText, _ columns: [String], into rows: inout TableRows, _ table: String
  ) throws {
    guard let base = select.base, let source = model.tables[base] else { return }
    if select.isSingle, !select.isFiltered {
      (rows.whole, rows.covered) = (source.whole, source.covered)
    }
    if select.isSingle, select.isRowByRow { rows.part = source.part }
    if !select.isSingle, case .table(let origin) = source.source {
      joins[rows.id] = (origin, try left(behind: select, of: origin))
    }
    let from = try shape(base)
    let all = from?.columns.map(\.name.folded) ?? []
    let items = select.items.flatMap { item in
      item == .all ? all.map(SelectText.Item.column) : [item]
    }
    if select.items.contains(.all) || select.hasStar { rows.used.formUnion(all) }
    guard items.count == columns.count else { return }
    for (place, (item, column)) in zip(items, columns).enumerated() {
      guard case .column(let name) = item else {
        if items.count == select.texts.count, select.isSingle, select.isRowByRow, all.contains(column.folded)
        {
          try askChanges(select, select.texts[place], column.folded, source, rows.id)
        }
        continue
      }
      rows.affinities[column.folded] = from?.column(name)?.affinity
      rows.columns[column.folded] = source.columns[name]
      if source.converted.contains(name) { rows.converted.insert(column.folded) }
    }
  }

  /// Asks for values of a column that are copied as something else.
  ///
  /// - Parameters:
  ///   - select: the query that copies the rows of one table.
  ///   - value: the expression that takes the place of the column.
  ///   - column: the column, in lower case.
  ///   - source: the rows that are copied.
  ///   - table: the table that is filled.
  /// - Throws: `Untraceable`.
  private mutating func askChanges(
    _ select: SelectText, _ value: String, _ column: String, _ source: TableRows, _ table: Int
  ) throws {
    guard let base = select.base, let origin = source.columns[column], source.source != .empty else { return }
    let old = "\(identifier(select.alias)).\(identifier(column))"
    let query = try model.bound(
      "SELECT \(value) AS new, \(old) AS old \(select.tail)", mentioning: SQLText("\(value) \(select.tail)"))
    let numbers = "('integer', 'real')"
    let sql = """
      SELECT count(*) FROM (\(query.text)) WHERE old IS NOT NULL \
      AND CAST(new AS TEXT) IS NOT CAST(old AS TEXT) COLLATE BINARY \
      AND NOT (typeof(new) IN \(numbers) AND typeof(old) IN \(numbers) AND new IS old)
      """
    ask(
      QuestionWriter.Draft(
        table: table, effect: .loses, changed: TableRows.Origin(table: base, column: column),
        words: { name in
          (
            "value of \(name).\(origin.column), copied as another",
            "values of \(name).\(origin.column), copied as others"
          )
        }, sql: model.complete((sql, query.uses))))
  }

  /// A query for the rows of a table that a join doesn't take; nil if there can't be one.
  private func left(behind select: SelectText, of origin: String) throws -> String? {
    guard select.isRowByRow, !select.addsRows, real[origin]?.hasRowNumber == true else { return nil }
    let taken = "SELECT \(identifier(select.alias)).rowid \(select.tail)"
    guard let query = try? model.bound(taken, mentioning: SQLText(select.tail)) else { return nil }
    return model.complete(
      ("SELECT count(*) FROM \(identifier(origin)) WHERE rowid NOT IN (\(query.text))", query.uses))
  }

  /// Adds the columns that the query doesn't fill, and converts values as the columns' types do.
  private mutating func complete(
    _ rows: inout TableRows, _ columns: [String], _ expressions: [String: SQLText], _ shape: TableShape,
    _ table: String
  ) throws {
    let given = Set(columns.map(\.folded))
    var isSame = true
    var list: [String] = []
    for column in shape.columns where !column.isGenerated {
      let name = column.name.folded
      let value = "\(identifier(table)).\(identifier(column.name))"
      guard given.contains(name) else {
        list.append("\(column.defaultValue.map { "(\($0))" } ?? "NULL") AS \(identifier(column.name))")
        isSame = false
        continue
      }
      let isConverted =
        rows.affinities[name].map { $0 != column.affinity }
        ?? expressions[name].map { Conversion.isNeeded(for: $0, column.affinity) } ?? false
      if isConverted, let stored = Conversion.stored(value, as: column.affinity) {
        list.append("\(stored) AS \(identifier(column.name))")
        rows.converted.insert(name)
        isSame = false
      } else {
        list.append(value)
      }
    }
    guard !isSame else { return }
    let from = try model.from(rows.source, as: table)
    rows.source = model.name(
      table, [], ("SELECT \(list.joined(separator: ", ")) FROM \(from.text)", from.uses))
  }
}
