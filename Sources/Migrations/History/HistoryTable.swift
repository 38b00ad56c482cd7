public import SQLite
public import Schema

/// Where and how a database records the migrations that were applied to it.
///
/// ```swift
/// let table: any HistoryTable = SchemaMigrationsTable()
/// try table.create(in: database)
/// let (statement, _) = try table.prepareRecord(of: 7, "add_email", in: database)
/// try statement?.run()
/// let history = try table.read(database)
/// ```
///
/// Only implementations of this protocol know the table's name and columns. They read, create and write the table, and
/// decode its rows from the pages of a file. ``SchemaMigrationsTable`` is the only implementation so far. To add one,
/// write a conforming type in a file of its own, the ``MigrationFormat`` that records in it, and a test. See also
/// ``History``.
public protocol HistoryTable: Sendable {
  /// The table's name, in lower case.
  var name: String { get }

  /// Reads what the database records.
  ///
  /// - Returns: the history. If the database has no such table, `recorded` is nil, and `foreign` names the other tool
  ///   whose history the database has, if any.
  /// - Throws: `SQLiteError`.
  func read(_ database: Connection) throws(SQLiteError) -> History

  /// Creates the table if it doesn't exist.
  ///
  /// - Throws: `SQLiteError`.
  func create(in database: Connection) throws(SQLiteError)

  /// Prepares the statement that records one version as applied now, under the authorizer's guard.
  ///
  /// - Returns: the statement with its values bound, and what it will write, triggers included.
  /// - Throws: `SQLiteError`.
  func prepareRecord(
    of version: MigrationVersion, _ name: String, in database: Connection
  ) throws(SQLiteError) -> (statement: Statement?, writes: Writes)

  /// Deletes the record of one version, so that a test can run the migration again.
  ///
  /// - Throws: `SQLiteError`.
  func removeRecord(of version: MigrationVersion, in database: Connection) throws(SQLiteError)

  /// Finds where a row of the table that `sql` creates stores its values.
  ///
  /// - Returns: the layout, or nil if only SQLite can read the table.
  func layout(of sql: String) -> (any HistoryRowLayout)?
}

/// Decodes the stored rows of a history table without SQLite.
public protocol HistoryRowLayout: Sendable {
  /// Decodes one row.
  ///
  /// - Returns: version, name, and the time of recording in seconds since 1970, or nil for the time if the row has
  ///   none; nil if only SQLite can read the row.
  func read(_ row: StoredRow) -> (version: MigrationVersion, name: String, time: Int64?)?
}

extension HistoryTable {
  /// The names of the triggers on the table, temporary triggers included.
  func triggers(in database: Connection) throws(SQLiteError) -> [String] {
    try database.rows(
      """
      SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE
      UNION ALL SELECT name FROM sqlite_temp_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE
      """, [.text(name)]
    ) { $0.text(0) ?? "" }
  }
}
