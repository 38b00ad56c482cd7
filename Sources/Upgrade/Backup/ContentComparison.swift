internal import SQLite

/// Compares two databases row by row, in the order in which the rows are stored.
struct ContentComparison {
  let one: Connection
  let other: Connection

  /// The first difference, in words; nil if the databases are equal.
  func firstDifference() throws(SQLiteError) -> String? {
    for pragma in ["user_version", "application_id"] {
      let sql = "PRAGMA \(pragma)"
      guard try one.scalar(sql) == other.scalar(sql) else { return pragma }
    }
    let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid"
    guard try equal(schema) else { return "the schema" }
    // Virtual tables keep their rows in ordinary tables, which are compared.
    let tables = try one.rows(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    ) { $0.text(0) ?? "" }
    for table in tables where try !equal(try query(table)) { return "table \(table)" }
    return nil
  }

  /// A query for all columns, and for the row number if the table has one with a usable name.
  private func query(_ table: String) throws(SQLiteError) -> String {
    let columns = try one.rows("SELECT lower(name) FROM pragma_table_xinfo(?)", [.text(table)]) {
      $0.text(0) ?? ""
    }
    let sql = "FROM \(quoted(table)) NOT INDEXED"
    let name = ["_rowid_", "rowid", "oid"].first { !columns.contains($0) }
    let hasRowID = try one.scalar("SELECT wr FROM pragma_table_list(?)", [.text(table)])?.isTrue == false
    guard hasRowID, let name else { return "SELECT * \(sql)" }
    return "SELECT \(name), * \(sql)"
  }

  private func equal(_ sql: String) throws(SQLiteError) -> Bool {
    guard let mine = try one.prepare(sql), let theirs = try other.prepare(sql) else { return false }
    while true {
      let isRow = try mine.step()
      guard try theirs.step() == isRow else { return false }
      guard isRow else { return true }
      guard mine.rowEquals(theirs) else { return false }
    }
  }
}
