internal import Basics
internal import SQLite

/// Measures the effects of one migration: lost rows, changed content, and AUTOINCREMENT numbers that were set back.
struct MigrationEffects {
  private let database: Connection
  private let historyTable: any HistoryTable
  private var tracker: TableTracker
  private var rows: RowLossCounter
  private var content: ContentChangeDetector
  private let sequences: SequenceCounter
  private var written: Set<String> = []

  /// Takes the state before the migration as the baseline of the comparison.
  ///
  /// - Parameters:
  ///   - database: the database, in the migration's transaction.
  ///   - historyTable: the table whose content is not compared.
  ///   - tables: the database's tables if they are known; nil to read them.
  /// - Throws: `SQLiteError`.
  init(
    _ database: Connection, _ historyTable: any HistoryTable, tables: Set<String>? = nil
  ) throws {
    self.database = database
    self.historyTable = historyTable
    tracker = TableTracker(try tables ?? TableTracker.tables(in: database))
    rows = RowLossCounter(database)
    content = ContentChangeDetector(database)
    sequences = try SequenceCounter(database, tracker.tables)
  }

  /// Records the content of a table, and the row counts of the table and those that refer to it, before it is written.
  mutating func willWrite(_ table: String, of writes: Writes, _ referrers: (String) -> [String]) throws {
    written.insert(table.folded)
    for name in [table] + referrers(table) { try rows.willWrite(name, tracker) }
    let isHistory = table.folded == historyTable.name || historyTable.ownTables.contains(table.folded)
    if writes.rows.contains(table), !isHistory {
      try content.willWrite(table, tracker, rows)
    }
  }

  /// Whether a statement may have changed the table, or its rows.
  func mayHaveWritten(_ table: String) -> Bool { written.contains(table) }

  /// Updates the tracker with a statement that is about to run.
  mutating func follow(_ statement: ScriptStatement, _ writes: Writes) {
    tracker.note(writes)
    tracker.follow(statement)
  }

  /// Compares the database with its state before the migration.
  ///
  /// - Returns: the number of lost rows by table, all other changes, the tables that exist now, and the failure for
  ///   all effects that the migration doesn't declare, or nil if it declares them.
  /// - Throws: `SQLiteError`.
  func settle(
    _ migration: Migration
  ) throws -> (
    losses: [String: Int], changes: [ContentChange], present: Set<String>, undeclared: MigrationFailure?
  ) {
    let present = try TableTracker.tables(in: database)
    let losses = try rows.losses(tracker, present: present)
    let setBack = try sequences.setBack(tracker, present: present)
    let changes = try content.changes(tracker, present: present, losing: migration.deletes.union(losses.keys))
    var report = UndeclaredReport(migration, historyTable)
    report.add(losses: losses)
    report.add(setBack: setBack)
    report.add(
      changes.filter { change in
        change.isSuspicious(
          isRebuilt: tracker.isReplaced(change.table), hasDeletions: tracker.hasDeletions(change.table))
      })
    return (losses, changes, present, report.failure)
  }
}
