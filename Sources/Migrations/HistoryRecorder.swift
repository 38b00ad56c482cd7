public import SQLite
internal import Schema

/// Records migrations as applied without running them, for a database whose schema shows that they were.
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
      try historyTable.record(migration, milliseconds: 0) { sql, values in
        let (statement, _) = try database.prepareGuarded(sql)
        try statement?.bind(values)
        try statement?.run()
        database.endGuard()
      }
    }
    return try historyTable.read(database)
  }
}
