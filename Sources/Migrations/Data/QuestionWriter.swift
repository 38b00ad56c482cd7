internal import SQLite

/// Writes the questions that the constraints of a table raise about the rows that it gets.
struct QuestionWriter {
  /// A question whose words wait for the final name of their table.
  struct Draft {
    /// The table that the words name.
    let table: Int
    let effect: DataQuestion.Effect
    /// The column, by its name before the migration, whose content a rebuild may not change without declaring it.
    var changed: TableRows.Origin? = nil
    /// The words for one and for several, with the table's name.
    let words: (String) -> (one: String, several: String)
    let sql: String
  }

  let model: RowModel
  /// The current name of the table, in lower case.
  let name: String
  let shape: TableShape
  let rows: TableRows
  /// The shapes of the tables of the database as it is.
  let real: [String: TableShape]

  // MARK: Constraints

  /// NULLs in a column that takes none.
  func nulls(_ column: TableShape.Column) throws -> Draft? {
    guard column.isNotNull, !column.isGenerated, isAsked else { return nil }
    if let origin = rows.columns[column.name.folded], let shape = real[origin.table],
      shape.column(origin.column)?.isNotNull == true || shape.rowNumber == origin.column
    {
      return nil
    }
    let place = try place(of: [column.name])
    return draft("NULL in", "NULLs in", column.name, place, "\(place.columns[0]) IS NULL")
  }

  /// Rows that violate a CHECK.
  func violators(_ check: String) throws -> Draft? {
    let text = SQLText(check)
    let names = Set(text.tokens.filter(\.isName).map(\.name)).filter { shape.column($0) != nil }
    guard isAsked, !isImplied(text, names) else { return nil }
    var from = try model.from(rows.source, as: name)
    let isSame = names.allSatisfy { column in
      rows.columns[column].map { $0.table == rows.whole && $0.column == column } == true
        && !rows.converted.contains(column)
    }
    if let whole = rows.whole, isSame { from = try model.from(.table(whole), as: name) }
    let sql = model.complete(("SELECT count(*) FROM \(from.text) WHERE NOT (\(check))", from.uses))
    return Draft(
      table: rows.id, effect: .fails,
      words: { table in
        ("row of \(table) against CHECK (\(check))", "rows of \(table) against CHECK (\(check))")
      }, sql: sql)
  }

  private func isImplied(_ check: SQLText, _ names: Set<String>) -> Bool {
    let origins = Set(names.compactMap { rows.columns[$0]?.table })
    guard origins.count == 1, let table = origins.first.flatMap({ real[$0] }),
      names.allSatisfy({ rows.columns[$0]?.column == $0 && !rows.converted.contains($0) })
    else { return false }
    let normal = check.tokens.map(\.normal)
    return table.checks.contains { SQLText($0).tokens.map(\.normal) == normal }
  }

  /// Values of a type that a STRICT table, or the number of a row, doesn't take.
  func mismatches(_ column: TableShape.Column) throws -> Draft? {
    let isNumber = column.name.folded == shape.rowNumber
    guard shape.isStrict || isNumber, !column.isGenerated, isAsked else { return nil }
    if let origin = rows.columns[column.name.folded], let table = real[origin.table],
      !rows.converted.contains(column.name.folded)
    {
      let type = table.column(origin.column)?.type
      if table.rowNumber == origin.column, column.affinity != .none { return nil }
      if table.isStrict, type == column.type { return nil }
    }
    let place = try place(of: [column.name])
    let type = isNumber ? "INTEGER" : column.type
    guard let condition = Conversion.mismatch(of: place.columns[0], type) else { return nil }
    let sql = place.sql("\(condition)")
    return Draft(
      table: rows.id, effect: .fails,
      words: { table in
        let subject = "\(table).\(column.name)"
        return ("value of \(subject) that is no \(type)", "values of \(subject) that are no \(type)")
      }, sql: model.complete((sql, place.uses)))
  }

  /// Values from which another type takes something.
  func conversions(_ column: TableShape.Column) throws -> Draft? {
    guard let origin = rows.columns[column.name.folded], isAsked,
      let before = real[origin.table]?.column(origin.column),
      before.affinity != column.affinity || rows.converted.contains(column.name.folded)
    else { return nil }
    let place = try place(of: [column.name])
    guard let condition = Conversion.loss(of: place.columns[0], to: column.affinity) else { return nil }
    let type = column.type.isEmpty ? column.affinity.rawValue : column.type
    return Draft(
      table: rows.id, effect: .loses, changed: origin,
      words: { table in
        let subject = "\(table).\(column.name)"
        return (
          "value of \(subject), changed by type \(type)", "values of \(subject), changed by type \(type)"
        )
      }, sql: model.complete((place.sql(condition), place.uses)))
  }

  /// Rows that a key doesn't distinguish.
  func duplicates(_ key: TableShape.Key) throws -> Draft? {
    guard isAsked, !isImplied(key) else { return nil }
    let names = key.columns.compactMap(\.name)
    // Expressions and conditions name the columns as the table does now.
    let place = try place(of: names, asNamed: !key.expressions.isEmpty || key.condition != nil)
    var columns = place.columns[...]
    var expressions = key.expressions[...]
    let terms = key.columns.map { column -> String in
      guard let name = column.name else { return expressions.popFirst().map { "(\($0))" } ?? "NULL" }
      let term = columns.popFirst() ?? ""
      let isPlain = column.collation == "binary" && name == shape.rowNumber
      return isPlain ? term : "\(term) COLLATE \(column.collation)"
    }
    var conditions = terms.map { "\($0) IS NOT NULL" }
    if let condition = key.condition { conditions.insert("(\(condition))", at: 0) }
    let sql = """
      SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM \(place.from) \
      WHERE \(conditions.joined(separator: " AND ")) GROUP BY \(terms.joined(separator: ", ")) HAVING count(*) > 1)
      """
    let list = names.count == key.columns.count ? names : []
    return Draft(
      table: rows.id, effect: .fails,
      words: { table in
        let subject =
          list.count == 1
          ? "\(table).\(list[0])"
          : list.isEmpty ? "\(table) in \(key.index ?? "")" : "\(table) (\(list.joined(separator: ", ")))"
        return ("duplicate of \(subject)", "duplicates of \(subject)")
      }, sql: model.complete((sql, place.uses)))
  }

  /// Whether the rows already differ by the columns of a key, because they come from a table with such a key.
  private func isImplied(_ key: TableShape.Key) -> Bool {
    guard let part = rows.part, let table = real[part] else { return false }
    return table.keys.contains { known in
      guard known.condition == nil, known.expressions.isEmpty else { return false }
      return known.columns.allSatisfy { column in
        key.columns.contains { new in
          guard let name = new.name, !rows.converted.contains(name),
            rows.columns[name] == TableRows.Origin(table: part, column: column.name ?? "")
          else { return false }
          return column.name == table.rowNumber || new.collation == column.collation
            || new.collation == "binary"
        }
      }
    }
  }

  /// Rows that a table already has, by the columns of a key. `before` are the rows that it has before those of this writer
  /// are added.
  func conflicts(_ key: TableShape.Key, with before: TableRows.Source) throws -> Draft? {
    let names = key.columns.compactMap(\.name)
    guard isAsked, before != .empty, key.expressions.isEmpty, key.condition == nil else { return nil }
    let there = try model.from(before, as: "before")
    let new = try model.from(rows.source, as: "new")
    let terms = key.columns.map { column in
      "before.\(identifier(column.name ?? "")) = new.\(identifier(column.name ?? "")) COLLATE \(column.collation)"
    }
    let sql = """
      SELECT count(*) FROM \(new.text) WHERE EXISTS (SELECT 1 FROM \(there.text) \
      WHERE \(terms.joined(separator: " AND ")))
      """
    let list = names.joined(separator: ", ")
    return Draft(
      table: rows.id, effect: .fails,
      words: { table in
        ("duplicate of \(table) (\(list)) to insert", "duplicates of \(table) (\(list)) to insert")
      }, sql: model.complete((sql, there.uses.union(new.uses))))
  }

  // MARK: Text

  /// Whether there may be rows.
  private var isAsked: Bool { rows.source != .empty }

  struct Place {
    let from: String
    let columns: [String]
    let uses: Set<String>

    func sql(_ condition: String) -> String { "SELECT count(*) FROM \(from) WHERE \(condition)" }
  }

  /// Where to read columns: in the database as it is, if all rows of a table are copied, and otherwise in the query that
  /// makes the rows.
  ///
  /// - Parameters:
  ///   - columns: their names.
  ///   - raw: whether it doesn't matter that their values are converted.
  ///   - asNamed: whether the table must have its present name.
  /// - Returns: the place.
  /// - Throws: `Untraceable` if the rows can't be followed.
  func place(of columns: [String], raw: Bool = false, asNamed: Bool = false) throws -> Place {
    let origins = columns.compactMap { column -> TableRows.Origin? in
      guard raw || !rows.converted.contains(column.folded) else { return nil }
      return rows.columns[column.folded]
    }
    let isWhole = rows.whole != nil && origins.allSatisfy { $0.table == rows.whole }
    if let whole = rows.whole, isWhole, origins.count == columns.count, !asNamed {
      let from = try model.from(.table(whole), as: whole)
      return Place(
        from: from.text, columns: origins.map { "\(identifier(whole)).\(identifier($0.column))" },
        uses: from.uses)
    }
    let from = try model.from(rows.source, as: name)
    return Place(
      from: from.text, columns: columns.map { "\(identifier(name)).\(identifier($0))" }, uses: from.uses)
  }

  private func draft(
    _ one: String, _ several: String, _ column: String, _ place: Place, _ condition: String
  ) -> Draft {
    Draft(
      table: rows.id, effect: .fails,
      words: { table in
        ("\(one) \(table).\(column)", "\(several) \(table).\(column)")
      }, sql: model.complete((place.sql(condition), place.uses)))
  }
}
