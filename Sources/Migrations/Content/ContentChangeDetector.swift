internal import SQLite

/// Detects how one migration changes the content of the tables that it writes.
///
/// It reads each table right before the first statement that may change the table's rows.
struct ContentChangeDetector {
  private let database: Connection
  private var before: [String: (snapshot: ContentSnapshot, renames: Int, added: Set<String>)] = [:]
  private var seen: Set<String> = []

  init(_ database: Connection) { self.database = database }

  /// Reads `table`, unless it was read before, is new in this migration, or is empty.
  mutating func willWrite(_ table: String, _ tracker: TableTracker, _ rows: RowLossCounter) throws {
    let table = table.folded
    for origin in tracker.origins(of: table) where seen.insert(origin).inserted {
      guard let total = rows.rows(of: origin), total > 0 else { continue }
      guard let snapshot = try ContentSnapshot(of: table, total: total, in: database) else { continue }
      before[origin] = (snapshot, tracker.renames, tracker.added(to: origin))
    }
  }

  /// Compares the tables with their content before the migration.
  ///
  /// - Parameters:
  ///   - tracker: knows the current names of the tables.
  ///   - present: the tables that exist now.
  ///   - losing: the tables that have or may have lost rows.
  /// - Returns: the changes by table and column.
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
  /// Whether the change is probably a mistake, unless the migration declares it.
  ///
  /// An UPDATE is meant to change a column in place. A rebuild copies rows and must not change them. If rows were
  /// deleted and as many inserted, missing keys may be those of the deleted rows.
  func isSuspicious(isRebuilt: Bool, hasDeletions: Bool) -> Bool {
    switch kind {
    case .emptied, .levelled, .narrowed, .swapped, .moved, .uncompared: true
    case .changed: isRebuilt
    case .renumbered: isRebuilt || hasDeletions
    case .filled: false
    }
  }

  /// The argument of `@changes` that declares this change: `table.column`, or `table.*` for whole rows.
  var declaration: String { "\(table).\(column ?? "*")" }

  /// Whether a migration that declares to change `declared` covers this change.
  func isDeclared(in declared: Set<String>) -> Bool {
    declared.contains("\(table).*") || declared.contains(declaration)
  }
}
