internal import SQLite

/// What becomes of the tables within one migration.
struct TableEffects {
  private let kinds: [StatementKind]

  init(_ statements: [ClassifiedStatement]) { kinds = statements.map(\.kind) }

  /// Whether the migration made the table itself, so that it has no rows that anybody would miss.
  func isMade(_ table: String, before place: Int) -> Bool { kinds[..<place].contains(.create(table: table)) }

  /// The table, by its name before the migration, that has fewer rows after the statement at `place`, a DELETE or a
  /// DROP of `table`; nil where it has not, as when it is rebuilt.
  func loss(from table: String, at place: Int, _ kind: StatementKind) -> String? {
    guard !table.hasPrefix("sqlite_") else { return nil }
    var origin = table
    for earlier in kinds[..<place].reversed() {
      if earlier == .create(table: origin) { return nil }
      guard case .rename(let old, to: origin) = earlier else { continue }
      // Rows that were copied into a table's successor are that table's.
      if case .delete = kind, kinds[..<place].contains(.drop(table: origin)) { return origin }
      origin = old
    }
    guard case .drop = kind else { return origin }
    let isRenamed = kinds.contains { if case .rename(_, to: origin) = $0 { true } else { false } }
    let isFilled = kinds.contains(.create(table: origin)) && kinds.contains(.insert(table: origin))
    return isRenamed || isFilled ? nil : origin
  }
}
