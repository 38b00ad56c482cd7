public import SQLite
public import Schema

/// Where and how a database records the migrations that were applied to it.
///
/// Everything that knows the table's name and columns is behind this protocol: reading, creating and writing it, and
/// reading its rows from the pages of a file. ``SchemaMigrationsTable`` is the one implementation so far.
/// A type that conforms is one file, with a line in the ``MigrationFormat`` that records in it, and a test.
public protocol HistoryTable: Sendable {
  /// The table's name, in lower case.
  var name: String { get }

  /// Reads what the database records.
  ///
  /// - Returns: the history. Its `recorded` is nil where the database has no such table; then `foreign` names another
  ///   tool whose history it has, if there is one.
  /// - Throws: `SQLiteError`.
  func read(_ database: Connection) throws(SQLiteError) -> History

  /// Creates the table unless it is there.
  func create(in database: Connection) throws(SQLiteError)

  /// Prepares the statement that records one version as applied now, under the authorizer's guard.
  ///
  /// - Returns: the statement with its values bound, and what it will write, triggers included.
  func prepareRecord(
    of version: MigrationVersion, _ name: String, in database: Connection
  ) throws(SQLiteError) -> (statement: Statement?, writes: Writes)

  /// Takes back the record of one version, so that a test can run the migration again.
  func removeRecord(of version: MigrationVersion, in database: Connection) throws(SQLiteError)

  /// Where a row of the table that `sql` creates stores its values.
  ///
  /// - Returns: the layout, or nil where SQLite has to read the table.
  func layout(of sql: String) -> (any HistoryRowLayout)?
}

/// Reads rows of a history table as they are stored, without SQLite.
public protocol HistoryRowLayout: Sendable {
  /// Reads one row.
  ///
  /// - Returns: version, name and time of recording in seconds since 1970, which is nil where the row tells none; or nil
  ///   where SQLite has to read the row.
  func read(_ row: StoredRow) -> (version: MigrationVersion, name: String, time: Int64?)?
}

extension HistoryTable {
  /// The names of the triggers on the table, temporary ones included.
  func triggers(in database: Connection) throws(SQLiteError) -> [String] {
    try database.rows(
      """
      SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE
      UNION ALL SELECT name FROM sqlite_temp_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE
      """, [.text(name)]
    ) { $0.text(0) ?? "" }
  }
}
