public import SQLite

/// The statements that create the schema of a database again, which a migration program has made.
public struct MadeSchema: Sendable {
  /// The CREATE statements in the order in which the objects were created.
  let statements: [String]

  /// Reads the statements of a database.
  ///
  /// - Throws: `SQLiteError`.
  public init(of database: Connection) throws(SQLiteError) {
    // SQLite creates its own tables and the shadow tables of virtual tables itself.
    statements = try database.rows(
      """
      SELECT s.sql FROM sqlite_schema s
      LEFT JOIN pragma_table_list l ON l.schema = 'main' AND l.name = s.name AND s.type = 'table'
      WHERE s.sql IS NOT NULL AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND coalesce(l.type, '') <> 'shadow'
      ORDER BY s.rowid
      """
    ) { $0.text(0) ?? "" }
  }

  /// Creates the schema in an empty database.
  ///
  /// - Throws: `SQLiteError`.
  func create(in database: Connection) throws(SQLiteError) {
    for statement in statements { try database.execute(statement) }
  }
}
