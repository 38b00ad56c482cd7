public import SQLite
public import Schema

/// The history table `schema_migrations (version, name, applied_at)`, as Ownprem creates it.
public struct SchemaMigrationsTable: HistoryTable {
  /// The table's name, `schema_migrations`.
  public static let name = "schema_migrations"

  static let definition = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
      version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)
    """

  /// Creates the description of the table. A database has only one such table, so there are no options.
  public init() {}

  /// The table's name, `schema_migrations`.
  public var name: String { Self.name }

  /// None: the table is a part of the application's schema, which its migrations may also alter.
  public var ownTables: Set<String> { [] }

  /// Reads the table, provided that it exists and has the columns `version` and `name`.
  public func read(_ database: Connection) throws(SQLiteError) -> History {
    let read = {
      (time: String) throws(SQLiteError) -> [RecordedMigration] in
      let sql = "SELECT version, name, \(time) FROM main.\(Self.name)"
      return try database.rows(sql, atMost: .history(of: Self.name)) { row in
        RecordedMigration(
          MigrationVersion(row.int(0)), row.text(1) ?? "", time: row.text(2).flatMap { Int64($0) })
      }
    }
    do {
      // Nearly all tables have this layout. `applied_at` is not quoted, since SQLite would take a quoted name that
      // isn't a column for a string, and not report an error.
      return History(try read("CASE typeof(applied_at) WHEN 'text' THEN unixepoch(applied_at) END"))
    } catch  where error.code == .error {
      // The table doesn't exist or has other columns.
    }
    let columns = try database.rows("SELECT name FROM pragma_table_xinfo(?, 'main')", [.text(Self.name)]) {
      $0.text(0)?.folded ?? ""
    }
    guard columns.contains("version"), columns.contains("name") else {
      return History(
        recorded: nil, foreign: try ForeignHistory(in: database, apartFrom: [], columns: columns))
    }
    return History(try read("NULL"))
  }

  /// Creates the table exactly as the application does.
  public func create(in database: Connection) throws(SQLiteError) { try database.execute(Self.definition) }

  /// Inserts version and name. `applied_at` gets its default, the current time.
  public func record(
    _ migration: Migration, milliseconds: Double, _ write: (_ sql: String, _ values: [Value]) throws -> Void
  ) throws {
    try write(
      "INSERT INTO main.\(Self.name) (version, name) VALUES (?, ?)",
      [migration.recordedVersion, .text(migration.name)])
  }

  /// Deletes the row of a version.
  public func removeRecord(of version: MigrationVersion, in database: Connection) throws(SQLiteError) {
    try database.execute("DELETE FROM main.\(Self.name) WHERE version = ?", [version.value])
  }

  /// Finds the layout by creating the table in an in-memory database.
  public func layout(of sql: String) -> (any HistoryRowLayout)? { SchemaMigrationsLayout(sql) }
}
