public import SQLite
public import Schema

/// The history table of a migration program. It is only read, since the program itself writes it.
public struct ProgramHistoryTable: HistoryTable {
  /// What the history is read from.
  let kind: ProgramHistory
  private let ignored: [IgnoreRule]
  private let custom: MigrationProgram.CustomTable?

  /// Describes the history of a program; nil if its format is unknown.
  ///
  /// - Parameters:
  ///   - program: the program, whose format says where it records what it has applied.
  ///   - ignored: the objects that don't count where the schema's fingerprint is the version.
  public init?(_ program: MigrationProgram, ignoring ignored: [IgnoreRule] = []) {
    guard let kind = ProgramHistory(rawValue: program.format) else { return nil }
    (self.kind, self.ignored, custom) = (kind, ignored, program.custom)
  }

  private var table: (name: String, version: String, others: Set<String>)? {
    switch kind {
    case .django: ("django_migrations", "app || '.' || name", [])
    case .alembic: ("alembic_version", "version_num", [])
    case .rails: ("schema_migrations", "version", ["ar_internal_metadata"])
    case .entityFramework: ("__EFMigrationsHistory", "MigrationId", ["__efmigrationslock"])
    case .kysely: ("kysely_migration", "name", ["kysely_migration_lock"])
    case .knex: ("knex_migrations", "name", ["knex_migrations_lock"])
    case .grdb: ("grdb_migrations", "identifier", [])
    case .sqliteMigrate: ("_sqlite_migrations", "migration_set || '.' || name", [])
    case .custom: custom.map { ($0.table, quoted($0.version), []) }
    case .userVersion, .schema: nil
    }
  }

  /// The table's name, in lower case; empty if the history is not in a table.
  public var name: String { table?.name.folded ?? "" }

  /// The history table, and further tables of the program.
  public var ownTables: Set<String> { table.map { $0.others.union([$0.name.folded]) } ?? [] }

  /// Whether a history is a single version that tells nothing about those before it.
  public var hasOnlyLast: Bool { kind == .alembic || kind == .schema || kind == .userVersion }

  /// Reads the versions that the program has recorded.
  public func read(_ database: Connection) throws(SQLiteError) -> History {
    guard let table else { return try readWithoutTable(database) }
    let isThere = try database.scalar(
      "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE", [.text(table.name)])
    guard isThere != nil else {
      let foreign = try ForeignHistory(in: database, apartFrom: ownTables, columns: [])
      return History(recorded: nil, foreign: foreign)
    }
    let sql = "SELECT \(table.version) FROM main.\(quoted(table.name))"
    let rows = try database.rows(sql, atMost: .history(of: table.name)) { row in
      RecordedMigration(MigrationVersion(row.text(0) ?? ""), row.text(0) ?? "")
    }
    return History(rows, obstacle: try lock(in: database))
  }

  private func readWithoutTable(_ database: Connection) throws(SQLiteError) -> History {
    if kind == .userVersion {
      let number = try database.scalar("PRAGMA user_version")?.integer ?? 0
      guard number != 0 else { return History(recorded: nil) }
      return History([RecordedMigration(MigrationVersion(number), "\(number)")])
    }
    let schema = try Schema(reading: database, ignoring: ignored)
    guard schema.count > 0 else { return History(recorded: nil) }
    let version = schema.fingerprint.short
    return History([RecordedMigration(MigrationVersion(version), version)])
  }

  /// Why a lock of the program prevents work; nil if there is none.
  private func lock(in database: Connection) throws(SQLiteError) -> String? {
    let query: String? =
      switch kind {
      case .entityFramework: "SELECT 1 FROM main.__EFMigrationsLock"
      case .kysely: "SELECT 1 FROM main.kysely_migration_lock WHERE is_locked"
      case .knex: "SELECT 1 FROM main.knex_migrations_lock WHERE is_locked"
      default: nil
      }
    guard let query else { return nil }
    do {
      guard try database.scalar(query) != nil else { return nil }
    } catch  where error.code == .error {
      return nil  // There is no such table.
    }
    return "the migration program holds its lock, or has crashed with it: remove the row if nothing runs"
  }

  /// Does nothing: the program creates its table itself.
  public func create(in database: Connection) throws(SQLiteError) {}

  /// Does nothing: the program records its migrations itself.
  public func record(
    _ migration: Migration, milliseconds: Double, _ write: (_ sql: String, _ values: [Value]) throws -> Void
  ) throws {}

  /// Does nothing.
  public func removeRecord(of version: MigrationVersion, in database: Connection) throws(SQLiteError) {}
}
