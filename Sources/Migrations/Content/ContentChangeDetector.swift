internal import SQLite

/// Keeps account of the content of the tables that one migration writes: which values survive with their rows.
///
/// A table is read right before the first statement that may change its rows.
struct ContentChangeDetector {
  private let database: Connection
  private var before: [String: (snapshot: ContentSnapshot, renames: Int, added: Set<String>)] = [:]
  private var seen: Set<String> = []

  init(_ database: Connection) { self.database = database }

  /// Reads `table`, unless it was read, was made by this migration, or has no row.
  mutating func willWrite(_ table: String, _ tracker: TableTracker, _ rows: RowLossCounter) throws {
    let table = table.folded
    for origin in tracker.origins(of: table) where seen.insert(origin).inserted {
      guard let total = rows.rows(of: origin), total > 0 else { continue }
      guard let snapshot = try ContentSnapshot(of: table, total: total, in: database) else { continue }
      before[origin] = (snapshot, tracker.renames, tracker.added(to: origin))
    }
  }

  /// Compares the tables with what they were.
  ///
  /// - Parameters:
  ///   - tracker: where the tables are now.
  ///   - present: the tables that are there now.
  ///   - losing: tables of which rows are gone or may be.
  /// - Returns: what is different now, by table and column.
  /// - Throws: `SQLiteError`.
  func changes(_ tracker: TableTracker, present: Set<String>, losing: Set<String>) throws -> [ContentChange] {
    try before.sorted { $0.key < $1.key }.flatMap { table, known -> [ContentChange] in
      guard let name = tracker.name(of: table, among: present) else { return [] }
      let comparison = try ContentTableComparison(
        database, table, now: name, known.snapshot, isRebuilt: tracker.isReplaced(table),
        hasLost: losing.contains(table),
        column: { column in
          known.added.contains(column) ? nil : tracker.name(of: column, in: table, since: known.renames)
        })
      return try comparison.changes()
    }
  }
}

extension ContentChange {
  /// Whether only a mistake explains it, unless the migration says that it is meant.
  ///
  /// A column that is changed where it stands is the purpose of an UPDATE. A rebuild copies rows, and must not change
  /// what it copies. Keys that are gone can be those of rows that are gone, where rows were deleted and as many came.
  func isSuspicious(isRebuilt: Bool, hasDeletions: Bool) -> Bool {
    switch kind {
    case .emptied, .levelled, .narrowed, .swapped, .moved, .uncompared: true
    case .changed: isRebuilt
    case .renumbered: isRebuilt || hasDeletions
    case .filled: false
    }
  }

  /// What `@changes` has to name for this to be meant: `table.column`, or `table.*` for whole rows.
  var declaration: String { "\(table).\(column ?? "*")" }

  /// Whether a migration means this, which declares to change `declared`.
  func isDeclared(in declared: Set<String>) -> Bool {
    declared.contains("\(table).*") || declared.contains(declaration)
  }
}
