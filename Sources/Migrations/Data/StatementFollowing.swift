internal import SQLite

/// What statements that change the schema do to the rows.
extension QuestionDerivation {
  /// Follows one statement, which was compiled in the copy, and runs it there if it changes the schema.
  mutating func follow(_ text: SQLText, _ prepared: Statement?, _ writes: Writes) throws {
    var handled: Set<String> = []
    let verb = text.first(of: ["insert", "replace", "update", "delete", "select", "values"], in: text.all)
    switch text.tokens.first?.text.folded {
    case "create":
      try prepared?.run()
      handled = Set(try created(text))
    case "alter":
      try altered(text, prepared)
      return
    case "drop":
      try prepared?.run()
      dropped(text)
      handled = Set(writes.dropped.map(\.folded))
    case "pragma", "analyze": try prepared?.run()
    case "insert", "replace", "update", "delete", "with":
      guard let verb else { break }
      handled = try changed(text, verb)
    default: break
    }
    for table in writes.rows.map(\.folded) where !handled.contains(table) {
      lose(table, "line \(place.line) changes its rows in a way that is not followed")
    }
  }

  /// Gives up following the rows of a table.
  mutating func lose(_ table: String, _ reason: String) {
    guard var rows = model.tables[table] else { return }
    // The first reason is the one that helps.
    let isFirst = !reason.contains("can't be foretold")
    rows = TableRows(
      source: .unknown(isFirst ? "the rows of \(table) can't be foretold: \(reason)" : reason), id: rows.id)
    rows.place = place
    model.tables[table] = rows
  }

  /// The shape of a table in the copy, as it is now.
  func shape(_ table: String) throws -> TableShape? { try TableShape(table, in: copy) }

  // MARK: CREATE, DROP

  /// - Returns: the tables whose rows are followed.
  private mutating func created(_ text: SQLText) throws -> [String] {
    var place = text.after(["temp"], from: 1)
    place = text.after(["temporary"], from: place)
    let isUnique = text.isKeyword("unique", at: place)
    let isVirtual = text.isKeyword("virtual", at: place)
    if isUnique || isVirtual { place += 1 }
    let kind = text.tokens.indices.contains(place) ? text.tokens[place].text.folded : ""
    guard let (name, next) = text.name(at: text.after(["if", "not", "exists"], from: place + 1)) else {
      return []
    }
    switch kind {
    case "table" where model.tables[name] == nil:
      var rows = TableRows(source: .empty, id: model.newID())
      rows.place = self.place
      guard !isVirtual, let shape = try shape(name) else {
        rows.source = .unknown("\(name) is a virtual or a temporary table")
        model.tables[name] = rows
        return [name]
      }
      rows.names = shape.columns.map(\.name)
      model.tables[name] = rows
      if text.isKeyword("as", at: next) {
        try insert(
          next + 1..<text.tokens.count, of: text, prefix: "", into: name, shape.columns.map(\.name),
          shape, isChecked: false)
      }
      return [name]
    case "index" where isUnique && text.isKeyword("on", at: next):
      guard let table = text.name(at: next + 1)?.name, let rows = model.tables[table],
        let shape = try shape(table), let key = shape.keys.first(where: { $0.index?.folded == name })
      else { return [] }
      ask(try writer(table, shape, rows).duplicates(key))
    case "view": model.newViews.insert(name)
    default: break
    }
    return []
  }

  func writer(_ table: String, _ shape: TableShape, _ rows: TableRows) -> QuestionWriter {
    QuestionWriter(model: model, name: table, shape: shape, rows: rows, real: real)
  }

  private mutating func dropped(_ text: SQLText) {
    guard let name = text.name(at: text.after(["if", "exists"], from: 2))?.name else { return }
    if text.isKeyword("table", at: 1) {
      if let id = model.tables[name]?.id { (names[id], dropPlaces[id]) = (name, place) }
      model.tables[name] = nil
    } else if text.isKeyword("view", at: 1) {
      model.views[name] = nil
      model.newViews.remove(name)
    }
  }

  // MARK: ALTER TABLE

  private mutating func altered(_ text: SQLText, _ prepared: Statement?) throws {
    guard let (table, next) = text.name(at: 2), let before = try shape(table), var rows = model.tables[table]
    else {
      try prepared?.run()
      return
    }
    let verb = text.tokens[next].text.folded
    if verb == "add" { return try addColumn(text, next, table, before, rows, prepared) }
    if verb == "drop" { try askDroppedColumn(text, next, table, before, rows) }
    try prepared?.run()
    if verb == "rename", text.isKeyword("to", at: next + 1), let new = text.name(at: next + 2)?.name {
      model.tables[table] = nil
      model.tables[new] = rows
      for (view, sql) in model.views where sql.tokens.contains(where: { $0.name == table }) {
        model.newViews.insert(view)
      }
      return
    }
    guard let after = try shape(table) else { return }
    guard rows.source != .empty else {
      rows.names = after.columns.map(\.name)
      model.tables[table] = rows
      return
    }
    if case .unknown = rows.source {
      model.tables[table] = rows
      return
    }
    if verb == "rename" {
      let from = try model.from(rows.source, as: table)
      let names = after.columns.map(\.name)
      rows.source = model.name(table, names, ("SELECT * FROM \(from.text)", from.uses))
      for (old, new) in zip(before.columns, names) where old.name.folded != new.folded {
        rows.columns[new.folded] = rows.columns.removeValue(forKey: old.name.folded)
        if rows.converted.remove(old.name.folded) != nil { rows.converted.insert(new.folded) }
      }
    } else if verb == "drop" {
      let list = after.columns.map { "\(identifier(table)).\(identifier($0.name))" }.joined(separator: ", ")
      let from = try model.from(rows.source, as: table)
      rows.source = model.name(table, [], ("SELECT \(list) FROM \(from.text)", from.uses))
      rows.columns = rows.columns.filter { after.column($0.key) != nil }
    }
    model.tables[table] = rows
  }

  private mutating func askDroppedColumn(
    _ text: SQLText, _ next: Int, _ table: String, _ shape: TableShape, _ rows: TableRows
  ) throws {
    guard let column = text.name(at: text.after(["column"], from: next + 1))?.name,
      shape.column(column)?.isGenerated == false, rows.source != .empty
    else { return }
    try askValues(of: column, in: table, shape, rows)
  }

  /// Asks for the values in a column that goes.
  mutating func askValues(
    of column: String, in table: String, _ shape: TableShape, _ rows: TableRows
  ) throws {
    let place = try writer(table, shape, rows).place(of: [column], raw: true)
    let sql = model.complete((place.sql("\(place.columns[0]) IS NOT NULL"), place.uses))
    ask(
      effect: .loses, noun: "value of \(table).\(column), which is dropped",
      nouns: "values of \(table).\(column), which is dropped", sql: sql)
  }

  private mutating func addColumn(
    _ text: SQLText, _ next: Int, _ table: String, _ before: TableShape, _ known: TableRows,
    _ prepared: Statement?
  ) throws {
    var rows = known
    try prepared?.run()
    guard let after = try shape(table), let column = after.columns.last else { return }
    rows.place = place
    guard rows.source != .empty else {
      rows.names = after.columns.map(\.name)
      model.tables[table] = rows
      return
    }
    if case .unknown = rows.source, Self.emptinessNeeded(text.text(next + 1..<text.tokens.count)) == nil,
      after.checks.count == before.checks.count
    {
      model.tables[table] = rows
      return
    }
    let definition = text.after(["column"], from: next + 1)..<text.tokens.count
    let from = try model.from(rows.source, as: table)
    if let problem = Self.emptinessNeeded(text.text(definition)) {
      let place = try writer(table, before, rows).place(of: [])
      let sql = model.complete(("SELECT count(*) FROM \(place.from)", place.uses))
      ask(
        effect: .fails, noun: "row of \(table): \(problem)", nouns: "rows of \(table): \(problem)", sql: sql)
    }
    var value = column.defaultValue ?? "NULL"
    if column.isGenerated {
      guard let start = definition.first(where: { text.isKeyword("as", at: $0) }),
        let end = text.closing(start + 1)
      else { throw RowModel.Untraceable(reason: "its expression isn't understood") }
      value = text.text(start + 1..<end + 1)
    }
    rows.source = model.name(
      table, [], ("SELECT *, (\(value)) AS \(identifier(column.name)) FROM \(from.text)", from.uses))
    model.tables[table] = rows
    let writer = writer(table, after, rows)
    for check in after.checks.dropFirst(before.checks.count) { ask(try writer.violators(check)) }
  }

  /// Why SQLite adds such a column only to an empty table; nil if it adds it to any.
  ///
  /// A table with one row, made for this purpose, gives the answer.
  private static func emptinessNeeded(_ definition: String) -> String? {
    guard let probe = try? Connection(path: "", access: .memory),
      (try? probe.executeScript("CREATE TABLE probe (one); INSERT INTO probe VALUES (1)")) != nil
    else { return nil }
    defer { probe.close() }
    do throws(SQLiteError) {
      try probe.execute("ALTER TABLE probe ADD \(definition)")
      return nil
    } catch {
      return error.message.folded.hasPrefix("cannot add") ? error.message : nil
    }
  }
}
