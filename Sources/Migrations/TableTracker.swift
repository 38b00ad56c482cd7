internal import SQLite

/// Follows the tables that were there before a migration through its renames and rebuilds. All names are folded.
struct TableTracker {
  /// The tables that were there before the migration.
  let tables: Set<String>
  /// Where a table is now, after ALTER TABLE … RENAME TO.
  private var names: [String: String] = [:]
  /// What a column of such a table is called now, after ALTER TABLE … RENAME COLUMN.
  private var columnNames: [String: [String: String]] = [:]
  /// The columns that such a table got since, by their names at that time.
  private var added: [String: Set<String>] = [:]
  /// Tables of before that were dropped.
  private var dropped: Set<String> = []

  init(_ database: Connection) throws(SQLiteError) { tables = try Self.tables(in: database) }

  static func tables(in database: Connection) throws(SQLiteError) -> Set<String> {
    Set(try database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'") { $0.text(0)?.folded ?? "" })
  }

  /// The names that the table called `table` had before the migration; none for one that the migration made.
  func origins(of table: String) -> [String] {
    let renamed = names.filter { $0.value == table }.map(\.key)
    return (renamed + (names[table] == nil ? [table] : [])).filter(tables.contains)
  }

  /// Notes that a statement drops these tables.
  mutating func drop(_ gone: some Sequence<String>) {
    for table in gone { dropped.formUnion(origins(of: table.folded)) }
  }

  /// Follows `ALTER TABLE … RENAME` and `… ADD COLUMN`.
  mutating func follow(_ statement: SQLScript.Statement) {
    let tokens = statement.tokens
    guard tokens.count >= 5, tokens[0].isKeyword("alter"), tokens[1].isKeyword("table"),
      let place = tokens.indices.dropFirst(3).dropLast().first(where: {
        tokens[$0].isKeyword("rename") || tokens[$0].isKeyword("add")
      })
    else { return }
    let table = tokens[place - 1].name
    if tokens[place].isKeyword("add") {
      guard let column = tokens[(place + 1)...].drop(while: { $0.isKeyword("column") }).first else { return }
      for origin in origins(of: table) { added[origin, default: []].insert(column.name) }
      return
    }
    guard tokens.count > place + 2 else { return }
    if tokens[place + 1].isKeyword("to") {
      let new = tokens[place + 2].name
      for origin in origins(of: table) { names[origin] = new }
      return
    }
    let words = tokens[(place + 1)...].drop { tokens.count > place + 4 && $0.isKeyword("column") }
    guard words.count == 3, let old = words.first?.name, let new = words.last?.name else { return }
    for origin in origins(of: table) {
      let first = columnNames[origin]?.first { $0.value == old }?.key ?? old
      columnNames[origin, default: [:]][first] = new
    }
  }

  /// The name under which a table of before is there now, if it is.
  func name(of table: String, among present: Set<String>) -> String? {
    if present.contains(table) { return table }
    return names[table].flatMap { present.contains($0) ? $0 : nil }
  }

  /// What a column of a table of before is called now.
  func name(of column: String, in table: String) -> String { columnNames[table]?[column] ?? column }

  /// Whether a table of before got this column since.
  func isAdded(_ column: String, to table: String) -> Bool { added[table]?.contains(column) ?? false }

  /// Whether a table of before was dropped, so that one of its name is another one, filled anew.
  func isReplaced(_ table: String) -> Bool { dropped.contains(table) }
}
