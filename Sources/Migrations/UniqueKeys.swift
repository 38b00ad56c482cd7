internal import SQLite

/// Determines which new unique indexes can't fail, because their columns contain a key of their table that is unique
/// already.
///
/// The statements of the migration that change the schema run on an empty database, so that SQLite says which columns
/// and collations a key has. Nothing of it is kept.
struct UniqueKeys {
  private let statements: [ClassifiedStatement]
  private let database: Connection

  /// - Parameters:
  ///   - statements: all statements of the migration.
  ///   - database: an empty database with the schema before the migration, in a transaction.
  init(_ statements: [ClassifiedStatement], in database: Connection) {
    self.statements = statements
    self.database = database
  }

  /// A column of a key, with the collation that compares its values; nil for whole numbers, which need none.
  private struct Column: Hashable {
    let name: String
    let collation: String?

    /// Whether values that differ in this column also differ in `other`. No collation distinguishes more than BINARY.
    func isDistinct(in other: Column) -> Bool {
      name == other.name
        && (collation == nil || collation == other.collation || other.collation == "binary")
    }
  }

  /// Whether the rows of the table already are unique by the columns of the CREATE UNIQUE INDEX statement at `place`.
  ///
  /// - Throws: `SQLiteError`.
  func imply(_ place: Int) throws(SQLiteError) -> Bool {
    guard case .uniqueIndex(let index, let table) = statements[place].kind else { return false }
    try database.execute("SAVEPOINT keys")
    defer {
      try? database.execute("ROLLBACK TO keys")
      try? database.execute("RELEASE keys")
    }
    var keys = try self.keys(of: table)
    for statement in statements[..<place] {
      // A statement may fail here because it belongs to a step that is not for an empty database.
      if statement.changesSchema { try? database.execute(statement.statement.sql) }
      // The rows stay unique when an index is dropped, until a statement writes rows or renames something.
      if !statement.isAboutIndex { keys = [] }
      keys += try self.keys(of: table)
    }
    guard (try? database.execute(statements[place].statement.sql)) != nil else { return false }
    let columns = try self.columns(of: index)
    return keys.contains { key in
      key.allSatisfy { column in columns.contains { column.isDistinct(in: $0) } }
    }
  }

  /// The primary key and the unique indexes of a table, except partial indexes and those on expressions.
  private func keys(of table: String) throws(SQLiteError) -> [[Column]] {
    let indexes = try database.rows(
      "SELECT name, origin, partial FROM pragma_index_list(?) WHERE \"unique\"", [.text(table)]
    ) { (name: $0.text(0) ?? "", isPrimary: $0.text(1) == "pk", isPartial: $0.int(2) != 0) }
    var keys: [[Column]] = []
    for index in indexes where !index.isPartial {
      let key = try columns(of: index.name)
      if !key.contains(where: \.name.isEmpty) { keys.append(key) }
    }
    guard !indexes.contains(where: \.isPrimary) else { return keys }
    // A primary key without an index is the row's number.
    let number = try database.rows("SELECT name FROM pragma_table_info(?) WHERE pk = 1", [.text(table)]) {
      Column(name: $0.text(0)?.folded ?? "", collation: nil)
    }
    return number.isEmpty ? keys : keys + [number]
  }

  /// The columns of an index. An expression has an empty name.
  private func columns(of index: String) throws(SQLiteError) -> [Column] {
    try database.rows(
      "SELECT name, coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno", [.text(index)]
    ) { Column(name: $0.text(0)?.folded ?? "", collation: $0.text(1)?.folded ?? "binary") }
  }
}

extension ClassifiedStatement {
  fileprivate var changesSchema: Bool {
    ["create", "alter", "drop"].contains { statement.tokens.first?.isKeyword($0) == true }
  }

  /// Whether it creates or drops an index, or reads.
  fileprivate var isAboutIndex: Bool {
    kind == .read || changesSchema && statement.tokens.prefix(3).contains { $0.isKeyword("index") }
  }
}
