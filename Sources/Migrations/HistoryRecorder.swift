public import SQLite
public import Schema

/// Records migrations as applied without running them, or settles one that is marked as half done, for a database
/// whose schema shows what it has.
///
/// ```swift
/// try database.beginTransaction()
/// let history = try HistoryRecorder(database, set.historyTable).record(set.migrations.filter { $0.version ?? 0 <= 7 })
/// if history.version == 7 { try database.commitTransaction() }
/// ```
///
/// The caller begins the transaction, compares the result with what it wanted, and commits or rolls back. See also
/// ``Migrator``, which runs migrations before it records them.
public struct HistoryRecorder {
  private let database: Connection
  private let historyTable: any HistoryTable

  /// Creates a recorder for a database in a transaction.
  public init(_ database: Connection, _ historyTable: any HistoryTable) {
    self.database = database
    self.historyTable = historyTable
  }

  /// Creates the history table and records these migrations, in their order.
  ///
  /// - Returns: the history as it can be read afterwards.
  /// - Throws: `SQLiteError`. The caller must roll back.
  public func record(_ migrations: [Migration]) throws -> History {
    defer { database.endGuard() }
    try historyTable.create(in: database)
    for migration in migrations where migration.version != nil {
      try historyTable.record(migration, milliseconds: 0, run)
    }
    return try historyTable.read(database)
  }

  /// Settles a migration that the history table marks as half done.
  ///
  /// - Parameters:
  ///   - version: the migration's version.
  ///   - isApplied: whether it then counts as applied; otherwise as never begun.
  /// - Returns: the history as it can be read afterwards, and the number of rows that were changed, which must be 1.
  /// - Throws: `SQLiteError`. The caller must roll back.
  public func settle(_ version: MigrationVersion, isApplied: Bool) throws -> (history: History, rows: Int) {
    defer { database.endGuard() }
    var rows = 0
    if let (sql, values) = historyTable.settlement(of: version, isApplied: isApplied) {
      try run(sql, values)
      rows = database.changes
    }
    return (try historyTable.read(database), rows)
  }

  private func run(_ sql: String, _ values: [Value]) throws {
    let (statement, _) = try database.prepareGuarded(sql)
    try statement?.bind(values)
    try statement?.run()
    database.endGuard()
  }
}
