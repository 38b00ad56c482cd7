internal import SQLite

/// Follows the tables that were there before a migration through its renames and rebuilds. All names are folded.
struct TableTracker {
  /// The tables that were there before the migration.
  let tables: Set<String>
  /// Where a table is now, after ALTER TABLE … RENAME TO.
  private var names: [String: String] = [:]
  /// Each ALTER TABLE … RENAME COLUMN of such a table, in order.
  private var columnRenames: [(table: String, old: String, new: String)] = []
  /// The columns that such a table got since, by their names now.
  private var added: [String: Set<String>] = [:]
  /// Tables of before of which rows were deleted.
  private var deleted: Set<String> = []
  /// Tables of before that were dropped.
  private var dropped: Set<String> = []

  init(_ tables: Set<String>) { self.tables = tables }

  static func tables(in database: Connection) throws(SQLiteError) -> Set<String> {
    Set(try database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'") { $0.text(0)?.folded ?? "" })
  }

  /// The names that the table called `table` had before the migration; none for one that the migration made.
  func origins(of table: String) -> [String] {
    let renamed = names.filter { $0.value == table }.map(\.key)
    return (renamed + (names[table] == nil ? [table] : [])).filter(tables.contains)
  }

  /// Notes what a statement drops, and where it may delete rows.
  mutating func note(_ writes: Writes) {
    for table in writes.dropped { dropped.formUnion(origins(of: table.folded)) }
    for table in writes.deleted { deleted.formUnion(origins(of: table.folded)) }
  }

  /// Follows `ALTER TABLE … RENAME` and `… ADD COLUMN`.
  mutating func follow(_ statement: ScriptStatement) {
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
      columnRenames.append((origin, old, new))
      if added[origin]?.remove(old) != nil { added[origin]?.insert(new) }
    }
  }

  /// The name under which a table of before is there now, if it is: the one that it was given, or, where that is gone,
  /// the name that it had, which its successor has then.
  func name(of table: String, among present: Set<String>) -> String? {
    if let given = names[table], present.contains(given) { return given }
    return present.contains(table) ? table : nil
  }

  /// How many columns were renamed so far.
  var renames: Int { columnRenames.count }

  /// What a column of a table of before is called now that had this name after so many renames.
  func name(of column: String, in table: String, since renames: Int) -> String {
    columnRenames[renames...].reduce(column) { name, rename in
      rename.table == table && rename.old == name ? rename.new : name
    }
  }

  /// The columns that a table of before got since, by their names now.
  func added(to table: String) -> Set<String> { added[table] ?? [] }

  /// Whether rows of a table of before were deleted, whatever came in their place.
  func hasDeletions(_ table: String) -> Bool { deleted.contains(table) }

  /// Whether a table of before was dropped, so that one of its name is another one, filled anew.
  func isReplaced(_ table: String) -> Bool { dropped.contains(table) }
}
