internal import SQLite
internal import Schema

/// What the migrations lose, and which rows refer to nothing afterwards.
extension QuestionDerivation {
  /// Asks for the rows and values that a migration loses, by the same rule as the proof after it: each table that was
  /// there before must have as many rows after it.
  mutating func askLosses(of migration: Migration, since before: RowModel, _ tracker: TableTracker) throws {
    let present = try TableTracker.tables(in: copy)
    for (table, old) in before.tables.sorted(by: { $0.key < $1.key }) where old.source != .empty {
      let successor = tracker.name(of: table, among: present)
      guard let successor, let new = model.tables[successor] else {
        try at(dropPlaces[old.id] ?? place) { try $0.askDropped(table, old, migration) }
        continue
      }
      guard new != old else { continue }
      let line = new.place.file.isEmpty ? place : new.place
      try at(line) { try $0.askRows(of: table, old, before, in: successor, new, migration, tracker) }
    }
  }

  private func effect(_ table: String, _ migration: Migration) -> DataQuestion.Effect {
    migration.deletes.contains(table) ? .loses : .refused
  }

  private mutating func askDropped(_ table: String, _ old: TableRows, _ migration: Migration) throws {
    guard table != historyTable.name, !historyTable.ownTables.contains(table) else { return }
    let isCopied = old.whole != nil && model.tables.values.contains { $0.covered == old.whole }
    let effect = effect(table, migration)
    guard !isCopied || effect == .refused else { return }
    do {
      let from = try model.from(old.source, as: table)
      let ending = isCopied ? ", which are copied into a table of another name" : ""
      ask(
        effect: effect, noun: "row of \(table)\(ending)", nouns: "rows of \(table)\(ending)",
        sql: model.complete(("SELECT count(*) FROM \(from.text)", from.uses)))
    } catch let error as RowModel.Untraceable {
      leaveUnasked(error.reason)
    }
  }

  private mutating func askRows(
    of table: String, _ old: TableRows, _ before: RowModel, in successor: String, _ new: TableRows,
    _ migration: Migration, _ tracker: TableTracker
  ) throws {
    do {
      if old.whole == nil || new.covered != old.whole {
        if case .unknown = new.source, !tracker.isReplaced(table), !tracker.hasDeletions(table) { return }
        let topic = "rows of \(table) in \(migration.file)"
        let effect = effect(table, migration)
        let words = ("row of \(table), left behind", "rows of \(table), left behind")
        let (one, other) = (try model.from(old.source, as: table), try model.from(new.source, as: successor))
        let empty = new.source == .empty
        let sql =
          empty
          ? "SELECT count(*) FROM \(one.text)"
          : "SELECT max(0, (SELECT count(*) FROM \(one.text)) - (SELECT count(*) FROM \(other.text)))"
        ask(
          effect: effect, noun: words.0, nouns: words.1,
          sql: model.complete((sql, empty ? one.uses : one.uses.union(other.uses))), topic: topic)
        if let join = joins[new.id], join.table == old.whole {
          guard let sql = join.sql else {
            throw RowModel.Untraceable(reason: "which rows of \(table) its query leaves behind can't be told")
          }
          ask(effect: .loses, noun: words.0, nouns: words.1, sql: sql, topic: topic)
        }
      }
      if case .unknown = new.source { return }
      guard new.id != old.id, let shape = try shape(successor) else { return }
      for column in old.columns.keys.sorted() {
        guard !new.used.contains(tracker.name(of: column, in: table, since: 0)) else { continue }
        try askValues(of: column, in: table, shape, old)
      }
    } catch let error as RowModel.Untraceable {
      leaveUnasked(error.reason)
    }
  }

  // MARK: Foreign keys

  /// Asks for rows that refer to nothing when all migrations have run.
  mutating func askReferences() throws {
    for (child, rows) in model.tables.sorted(by: { $0.key < $1.key }) where rows.source != .empty {
      guard let shape = try shape(child) else { continue }
      if let mismatch = mismatch(of: child) {
        let line = shape.references.compactMap { model.tables[$0.parent]?.place }.last { !$0.file.isEmpty }
        at(line ?? place) {
          $0.ask(
            effect: .fails, noun: "\(mismatch): the parent has no suitable key any more", nouns: "", sql: "")
        }
        continue
      }
      for reference in shape.references {
        guard let known = isKnown(reference, of: child, rows) else { continue }
        let parent = model.tables[reference.parent]
        let line = known ? parent?.place ?? place : rows.place
        try at(line.file.isEmpty ? place : line) { derivation in
          do {
            try derivation.askOrphans(reference, of: child, shape, rows, isKnown: known)
          } catch let error as RowModel.Untraceable {
            derivation.leaveUnasked(error.reason)
          }
        }
      }
    }
  }

  /// Why SQLite can't check the foreign keys of a table any more; nil if it can, or never could.
  private func mismatch(of child: String) -> String? {
    let fault = { (database: Connection) -> String? in
      do throws(SQLiteError) {
        _ = try database.scalar("PRAGMA foreign_key_check(\(quoted(child)))")
        return nil
      } catch {
        return error.code.primary == .error ? error.message : nil
      }
    }
    guard let now = fault(copy), fault(original) != now else { return nil }
    return now
  }

  /// Whether a foreign key was there before; nil if it can't be violated anew.
  private func isKnown(_ reference: TableShape.Reference, of child: String, _ rows: TableRows) -> Bool? {
    let same = { (table: String, columns: [String]) in
      real[table]?.references.contains {
        $0.parent == reference.parent && $0.targets == reference.targets && $0.columns == columns
      } == true
    }
    let origins = reference.columns.compactMap { rows.columns[$0] }
    let parent = model.tables[reference.parent]
    let keys = reference.targets.isEmpty ? real[reference.parent]?.primaryKey ?? [] : reference.targets
    let isParentKept =
      parent?.covered == reference.parent
      && keys.allSatisfy {
        parent?.columns[$0] == TableRows.Origin(table: reference.parent, column: $0)
          && parent?.converted.contains($0) == false
      }
    if isParentKept, origins.count == reference.columns.count, let table = origins.first?.table,
      origins.allSatisfy({ $0.table == table }), rows.converted.isDisjoint(with: reference.columns),
      same(table, origins.map(\.column))
    {
      return nil
    }
    return same(child, reference.columns)
  }

  private mutating func askOrphans(
    _ reference: TableShape.Reference, of child: String, _ shape: TableShape, _ rows: TableRows, isKnown: Bool
  ) throws {
    let place = try writer(child, shape, rows).place(of: reference.columns)
    let parentShape = try self.shape(reference.parent)
    let targets = reference.targets.isEmpty ? parentShape?.primaryKey ?? [] : reference.targets
    let parent = model.tables[reference.parent]?.source
    // A value is compared as the parent's column would store it. A column of a query doesn't say that by itself.
    var values = place.columns.map { "+\($0)" }
    if case .query? = parent {
      for (index, (column, target)) in zip(reference.columns, targets).enumerated() {
        guard let affinity = parentShape?.column(target)?.affinity, affinity != shape.column(column)?.affinity
        else { continue }
        values[index] = Conversion.stored(place.columns[index], as: affinity) ?? values[index]
      }
    }
    let now = try orphans(place, targets, parent, values)
    var query = (text: "SELECT count(*) \(now.text)", uses: now.uses)
    if isKnown, let table = real[child] {
      // Only values that refer to nothing more often than before are the migrations' doing.
      let old = try writer(child, table, Self.unchanged(child)).place(of: reference.columns)
      let parent = real[reference.parent]
      let before = try orphans(
        old, reference.targets.isEmpty ? parent?.primaryKey ?? [] : targets,
        parent == nil ? nil : .table(reference.parent), old.columns.map { "+\($0)" })
      let keys = reference.columns.indices.map { "k\($0)" }
      let list = { (columns: [String]) in
        zip(columns, keys).map { "\($0) AS \($1)" }.joined(separator: ", ")
      }
      query = (
        "SELECT coalesce(sum(n), 0) FROM (SELECT sum(d) AS n FROM (SELECT \(list(place.columns)), 1 AS d "
          + "\(now.text) UNION ALL SELECT \(list(old.columns)), -1 \(before.text)) "
          + "GROUP BY \(keys.map { "\($0), typeof(\($0))" }.joined(separator: ", ")) HAVING n > 0)",
        now.uses.union(before.uses)
      )
    }
    let columns = reference.columns.joined(separator: ", ")
    let subject = reference.columns.count == 1 ? "\(child).\(columns)" : "\(child) (\(columns))"
    ask(
      effect: .fails, noun: "orphan of \(subject), without a row of \(reference.parent)",
      nouns: "orphans of \(subject), without rows of \(reference.parent)", sql: model.complete(query))
  }

  /// The rows of a table of the database as it is.
  private static func unchanged(_ table: String) -> TableRows { TableRows(source: .table(table), id: 0) }

  /// FROM and WHERE for the rows that refer to nothing. The `+` removes the value's own affinity, as SQLite does when it
  /// checks foreign keys.
  private func orphans(
    _ place: QuestionWriter.Place, _ targets: [String], _ parent: TableRows.Source?, _ values: [String]
  ) throws -> (text: String, uses: Set<String>) {
    var uses = place.uses
    var conditions = place.columns.map { "\($0) IS NOT NULL" }
    if let parent, parent != .empty {
      let from = try model.from(parent, as: "parent")
      let pairs = zip(targets, values).map { "parent.\(identifier($0)) = \($1)" }
      conditions.append(
        "NOT EXISTS (SELECT 1 FROM \(from.text) WHERE \(pairs.joined(separator: " AND ")))")
      uses.formUnion(from.uses)
    }
    return ("FROM \(place.from) WHERE \(conditions.joined(separator: " AND "))", uses)
  }
}
