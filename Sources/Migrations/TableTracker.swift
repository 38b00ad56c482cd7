internal import SQLite

/// Follows the tables that existed before a migration through its renames and rebuilds. All names are case-folded.
struct TableTracker {
  /// The tables that existed before the migration.
  let tables: Set<String>
  /// The current names of tables after ALTER TABLE … RENAME TO, by their original names.
  private var names: [String: String] = [:]
  /// Each ALTER TABLE … RENAME COLUMN of an original table, in order.
  private var columnRenames: [(table: String, old: String, new: String)] = []
  /// The columns added to original tables, by their current names.
  private var added: [String: Set<String>] = [:]
  /// The original tables from which rows were deleted.
  private var deleted: Set<String> = []
  /// The original tables that were dropped.
  private var dropped: Set<String> = []

  init(_ tables: Set<String>) { self.tables = tables }

  static func tables(in database: Connection) throws(SQLiteError) -> Set<String> {
    Set(try database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'") { $0.text(0)?.folded ?? "" })
  }

  /// The original names of the table that is now called `table`; empty if the migration created it.
  func origins(of table: String) -> [String] {
    let renamed = names.filter { $0.value == table }.map(\.key)
    return (renamed + (names[table] == nil ? [table] : [])).filter(tables.contains)
  }

  /// Records which tables a statement drops, and from which it may delete rows.
  mutating func note(_ writes: Writes) {
    for table in writes.dropped { dropped.formUnion(origins(of: table.folded)) }
    for table in writes.deleted { deleted.formUnion(origins(of: table.folded)) }
  }

  /// Records the effect of `ALTER TABLE … RENAME` and `… ADD COLUMN`.
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

  /// The current name of an original table; nil if it is gone.
  ///
  /// This is the table's new name if a table of that name exists, otherwise its original name, which a rebuild gives to
  /// its successor.
  func name(of table: String, among present: Set<String>) -> String? {
    if let given = names[table], present.contains(given) { return given }
    return present.contains(table) ? table : nil
  }

  /// How many columns have been renamed so far.
  var renames: Int { columnRenames.count }

  /// The current name of a column that had the name `column` after the first `renames` renames.
  func name(of column: String, in table: String, since renames: Int) -> String {
    columnRenames[renames...].reduce(column) { name, rename in
      rename.table == table && rename.old == name ? rename.new : name
    }
  }

  /// The columns added to an original table, by their current names.
  func added(to table: String) -> Set<String> { added[table] ?? [] }

  /// Whether rows of an original table were deleted, even if others were inserted later.
  func hasDeletions(_ table: String) -> Bool { deleted.contains(table) }

  /// Whether an original table was dropped, so that a table of its name is a new one, filled again.
  func isReplaced(_ table: String) -> Bool { dropped.contains(table) }
}
