internal import SQLite

/// Keeps account of the rows of the tables that one migration writes, and of those that refer to them.
///
/// A table is counted right before the first statement that may change it, which is when nothing has yet.
struct RowLossCounter {
  private let database: Connection
  private var before: [String: Int] = [:]

  init(_ database: Connection) { self.database = database }

  /// Counts `table`, unless it was counted or made by this migration.
  mutating func willWrite(_ table: String, _ tracker: TableTracker) throws(SQLiteError) {
    let table = table.folded
    for origin in tracker.origins(of: table) where before[origin] == nil {
      before[origin] = try Self.count(table, in: database)
    }
  }

  /// How many rows a table had, if it was counted.
  func rows(of table: String) -> Int? { before[table] }

  /// How many rows are gone, by table; tables without a loss are left out.
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
