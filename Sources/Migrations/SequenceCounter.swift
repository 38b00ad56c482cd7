internal import SQLite

/// Detects AUTOINCREMENT numbers that a migration sets back, so that they would be given again.
///
/// A rebuild sets a table's number back to the highest that is in use, and so may a write to `sqlite_sequence`
/// (https://sqlite.org/autoinc.html).
struct SequenceCounter {
  private let database: Connection
  private let before: [String: Int64]

  /// Reads the current numbers of a database with these tables.
  init(_ database: Connection, _ tables: Set<String>) throws(SQLiteError) {
    self.database = database
    before = try Self.read(database, tables)
  }

  private static func read(
    _ database: Connection, _ tables: Set<String>
  ) throws(SQLiteError) -> [String: Int64] {
    guard tables.contains("sqlite_sequence") else { return [:] }
    let rows = try database.rows("SELECT name, seq FROM sqlite_sequence") { row in
      (row.text(0)?.folded ?? "", row.int(1))
    }
    return Dictionary(rows) { max($0, $1) }
  }

  /// The tables whose numbers were set back, with the number before and the number now.
  func setBack(_ tracker: TableTracker, present: Set<String>) throws(SQLiteError) -> [(
    table: String, before: Int64, now: Int64
  )] {
    guard !before.isEmpty else { return [] }
    let after = try Self.read(database, present)
    var found: [(table: String, before: Int64, now: Int64)] = []
    for (table, number) in before.sorted(by: { $0.key < $1.key }) {
      guard let name = tracker.name(of: table, among: present), after[name] ?? 0 < number,
        try counts(name)
      else { continue }
      found.append((table, number, after[name] ?? 0))
    }
    return found
  }

  /// Whether the table uses AUTOINCREMENT.
  private func counts(_ table: String) throws(SQLiteError) -> Bool {
    let sql = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE"
    guard let text = try database.scalar(sql, [.text(table)])?.text else { return false }
    return SQLTokenizer(text).contains { $0.isKeyword("autoincrement") }
  }
}
