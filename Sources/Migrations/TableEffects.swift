internal import SQLite

/// How the statements of one migration affect its tables.
struct TableEffects {
  private let kinds: [StatementKind]

  init(_ statements: [ClassifiedStatement]) { kinds = statements.map(\.kind) }

  /// Whether the migration itself creates the table before the statement at `place`, so that its rows can't be missed.
  func isMade(_ table: String, before place: Int) -> Bool { kinds[..<place].contains(.create(table: table)) }

  /// The names that the statements give to tables, by CREATE TABLE or by RENAME TO.
  var given: Set<String> {
    Set(
      kinds.compactMap { kind in
        switch kind {
        case .create(let table), .rename(_, to: let table): table
        default: nil
        }
      })
  }

  /// The table that loses rows in the statement at `place`, which is a DELETE from or a DROP of `table`.
  ///
  /// - Returns: the table's name before the migration; nil if no rows are lost, for example in a rebuild.
  func loss(from table: String, at place: Int, _ kind: StatementKind) -> String? {
    guard !table.hasPrefix("sqlite_") else { return nil }
    var origin = table
    for earlier in kinds[..<place].reversed() {
      if earlier == .create(table: origin) { return nil }
      guard case .rename(let old, to: origin) = earlier else { continue }
      // If the old table was already dropped, its rows were copied, and the new table now holds them.
      if case .delete = kind, kinds[..<place].contains(.drop(table: origin)) { return origin }
      origin = old
    }
    guard case .drop = kind else { return origin }
    let isRenamed = kinds.contains { if case .rename(_, to: origin) = $0 { true } else { false } }
    let isFilled = kinds.contains(.create(table: origin)) && kinds.contains(.insert(table: origin))
    return isRenamed || isFilled ? nil : origin
  }
}
