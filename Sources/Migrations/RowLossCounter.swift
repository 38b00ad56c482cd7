internal import SQLite

/// Counts how many rows a migration loses in the tables that it writes, and in those that refer to them.
///
/// It counts each table right before the first statement that may change it.
struct RowLossCounter {
  private let database: Connection
  private var before: [String: Int] = [:]

  init(_ database: Connection) { self.database = database }

  /// Counts the rows of `table`, unless it was counted before or is new in this migration.
  mutating func willWrite(_ table: String, _ tracker: TableTracker) throws(SQLiteError) {
    let table = table.folded
    for origin in tracker.origins(of: table) where before[origin] == nil {
      before[origin] = try Self.count(table, in: database)
    }
  }

  /// The number of rows that a table had before; nil if it wasn't counted.
  func rows(of table: String) -> Int? { before[table] }

  /// The number of lost rows by table. Tables without a loss are left out.
  func losses(_ tracker: TableTracker, present: Set<String>) throws(SQLiteError) -> [String: Int] {
    var losses: [String: Int] = [:]
    for (table, count) in before where count > 0 {
      let name = tracker.name(of: table, among: present)
      let rest = try name.map { name throws(SQLiteError) in try Self.count(name, in: database) } ?? 0
      if rest < count { losses[table] = count - rest }
    }
    return losses
  }

  private static func count(_ table: String, in database: Connection) throws(SQLiteError) -> Int {
    Int(try database.scalar("SELECT count(*) FROM main.\(quoted(table))")?.integer ?? 0)
  }
}
