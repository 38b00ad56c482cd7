internal import SQLite

/// Keeps account of the rows of the tables that one migration writes, and of those that refer to them.
///
/// A table is counted right before the first statement that may change it, which is when nothing has yet.
struct RowAccount {
  private let database: Connection
  /// The tables that were there before the migration, in lower case.
  private let tables: Set<String>
  private var before: [String: Int] = [:]
  /// Where a table's rows are now, after ALTER TABLE … RENAME TO.
  private var names: [String: String] = [:]

  init(_ database: Connection) throws(SQLiteError) {
    self.database = database
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table'"
    tables = Set(try database.rows(sql) { $0.text(0)?.folded ?? "" })
  }

  /// Counts `table`, unless it was counted or made by this migration.
  mutating func willWrite(_ table: String) throws(SQLiteError) {
    let table = table.folded
    for origin in origins(of: table) where tables.contains(origin) && before[origin] == nil {
      before[origin] = try count(table)
    }
  }

  /// The earlier names of a table, and its name where no other table had it before.
  private func origins(of table: String) -> [String] {
    names.filter { $0.value == table }.map(\.key) + (names[table] == nil ? [table] : [])
  }

  /// Follows a table through `ALTER TABLE old RENAME TO new`.
  mutating func follow(_ statement: SQLScript.Statement) {
    let tokens = statement.tokens
    guard tokens.count >= 6, tokens[0].isKeyword("alter"), tokens[1].isKeyword("table"),
      let place = tokens.indices.dropFirst(3).dropLast(2).first(where: {
        tokens[$0].isKeyword("rename") && tokens[$0 + 1].isKeyword("to")
      })
    else { return }
    let old = tokens[place - 1].name
    let new = tokens[place + 2].name
    for origin in origins(of: old) { names[origin] = new }
  }

  /// How many rows are gone, by table; tables without a loss are left out.
  func losses() throws(SQLiteError) -> [String: Int] {
    let present = Set(
      try database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'") { $0.text(0)?.folded ?? "" })
    var losses: [String: Int] = [:]
    for (table, count) in before where count > 0 {
      let name = present.contains(table) ? table : names[table] ?? table
      let rest = present.contains(name) ? try self.count(name) : 0
      if rest < count { losses[table] = count - rest }
    }
    return losses
  }

  private func count(_ table: String) throws(SQLiteError) -> Int {
    Int(try database.scalar("SELECT count(*) FROM main.\(quoted(table))")?.integer ?? 0)
  }
}
