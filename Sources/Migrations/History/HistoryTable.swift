public import SQLite
public import Schema

/// Where and how a database records the migrations that were applied to it.
///
/// ```swift
/// let table: any HistoryTable = SchemaMigrationsTable()
/// try table.create(in: database)
/// try table.record(migration, milliseconds: 12) { sql, values in try database.execute(sql, values) }
/// let history = try table.read(database)
/// ```
///
/// Only implementations of this protocol know the table's name and columns. They read, create and write the table, and
/// decode its rows from the pages of a file. ``SchemaMigrationsTable`` is that of Flotilla's own format, and
/// ``ToolHistoryTable`` those of other tools. To add one, write the ``MigrationFormat`` that records in it, and a test.
/// See also ``History``.
public protocol HistoryTable: Sendable {
  /// The table's name, in lower case; empty if the history is not in a table.
  var name: String { get }

  /// The names of all tables that belong to the history, in lower case. They are no part of the application's schema,
  /// and are not compared.
  var ownTables: Set<String> { get }

  /// Whether a history is a single version that tells nothing about those before it. A database with another version
  /// is then taken for an older one.
  var hasOnlyLast: Bool { get }

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

  /// Records a migration as applied now.
  ///
  /// - Parameters:
  ///   - migration: the migration, which has a version.
  ///   - milliseconds: how long it took.
  ///   - write: executes one statement with values for its parameters.
  /// - Throws: what `write` throws.
  func record(
    _ migration: Migration, milliseconds: Double, _ write: (_ sql: String, _ values: [Value]) throws -> Void
  ) throws

  /// Deletes the record of one version, so that a test can run the migration again.
  ///
  /// - Throws: `SQLiteError`.
  func removeRecord(of version: MigrationVersion, in database: Connection) throws(SQLiteError)

  /// Computes the checksum that the table has for a file.
  ///
  /// - Parameters:
  ///   - text: the text of the migration's file, which may differ from its present text in the line ends.
  ///   - migration: the migration.
  /// - Returns: the checksum; nil if the table has no checksums.
  func checksum(of text: String, _ migration: Migration) -> String?

  /// Finds where a row of the table that `sql` creates stores its values.
  ///
  /// - Returns: the layout, or nil if only SQLite can read the table.
  func layout(of sql: String) -> (any HistoryRowLayout)?
}

/// Decodes the stored rows of a history table without SQLite.
public protocol HistoryRowLayout: Sendable {
  /// Decodes one row.
  ///
  /// - Returns: the record; nil if only SQLite can read the row.
  func read(_ row: StoredRow) -> RecordedMigration?
}

extension HistoryTable {
  /// Returns false.
  public var hasOnlyLast: Bool { false }

  /// Returns nil.
  public func checksum(of text: String, _ migration: Migration) -> String? { nil }

  /// Returns nil.
  public func layout(of sql: String) -> (any HistoryRowLayout)? { nil }

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
