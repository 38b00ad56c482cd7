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

  /// The statement that settles a migration which the table marks as half done. It changes exactly one row.
  ///
  /// - Parameters:
  ///   - version: the version that is marked.
  ///   - isApplied: whether the migration then counts as applied; otherwise as never begun.
  /// - Returns: the statement with the values of its parameters; nil if the table has no such marks.
  func settlement(of version: MigrationVersion, isApplied: Bool) -> (sql: String, values: [Value])?

  /// Computes the checksum that the table has for a file.
  ///
  /// - Parameters:
  ///   - text: the text of the migration's file, which may differ from its present text in the line ends.
  ///   - migration: the migration.
  /// - Returns: the checksum; nil if the table has no checksums.
  func checksum(of text: String, _ migration: Migration) -> String?

  /// How the tool compares checksums.
  var checksumRules: ChecksumRules { get }

  /// Finds where a row of the table that `sql` creates stores its values.
  ///
  /// - Returns: the layout, or nil if only SQLite can read the table.
  func layout(of sql: String) -> (any HistoryRowLayout)?

  /// Whether a database without the table is one to which nothing was applied.
  var canBeMissing: Bool { get }

  /// Whether another table in the schema shows that the table belongs to another tool.
  func isContested(in schema: Schema) -> Bool

  /// Returns the history of a database with this `PRAGMA user_version` and without the history of a tool.
  ///
  /// - Parameter userVersion: the number in the header of the file.
  /// - Returns: the history; nil if that number isn't the history.
  func history(userVersion: Int32) -> History?
}

/// How a migration tool compares the recorded checksums with its files.
public struct ChecksumRules: Hashable, Sendable {
  /// Whether the checksum of a file covers all files before it.
  public var isCumulative = false
  /// Whether the tool accepts a file that differs in its line ends only.
  public var toleratesLineEnds = false

  /// Creates the rules of a tool that compares each file as it is.
  public init(isCumulative: Bool = false, toleratesLineEnds: Bool = false) {
    (self.isCumulative, self.toleratesLineEnds) = (isCumulative, toleratesLineEnds)
  }
}

extension HistoryTable {
  /// Returns false.
  public var hasOnlyLast: Bool { false }

  /// Returns nil.
  public func settlement(of version: MigrationVersion, isApplied: Bool) -> (sql: String, values: [Value])? {
    nil
  }

  /// Returns nil.
  public func checksum(of text: String, _ migration: Migration) -> String? { nil }

  /// Each file is compared as it is.
  public var checksumRules: ChecksumRules { ChecksumRules() }

  /// Returns nil.
  public func layout(of sql: String) -> (any HistoryRowLayout)? { nil }

  /// Returns true.
  public var canBeMissing: Bool { true }

  /// Returns false.
  public func isContested(in schema: Schema) -> Bool { false }

  /// Returns nil.
  public func history(userVersion: Int32) -> History? { nil }

  /// The version of a migration whose file must stay as it is, because its checksum is recorded; nil if the file can be
  /// edited.
  public func fixedVersion(of migration: Migration) -> MigrationVersion? {
    migration.version.flatMap { checksum(of: migration.text, migration) == nil ? nil : $0 }
  }

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
