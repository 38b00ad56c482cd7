internal import SQLite

/// Evidence that another tool keeps the migration history of a database.
///
/// Flotilla doesn't know what that tool has applied, and applying it again can change data twice without an error.
/// Flotilla leaves such a database alone unless a baseline says how to take it over.
public struct ForeignHistory: Hashable, Sendable {
  /// Where the history is: `table goose_db_version`, `PRAGMA user_version`.
  public let place: String
  /// The tool that probably keeps it there.
  public let tool: String
  /// Whether the other tool's table has the name of Flotilla's own history table, so that nothing can be recorded.
  public let isInTheWay: Bool

  /// Tables that only one tool creates, in lower case.
  private static let tables: [String: String] = [
    "alembic_version": "Alembic", "_sqlx_migrations": "sqlx", "goose_db_version": "goose",
    "gorp_migrations": "sql-migrate", "__diesel_schema_migrations": "Diesel",
    "refinery_schema_history": "refinery", "flyway_schema_history": "Flyway",
    "atlas_schema_revisions": "Atlas", "_prisma_migrations": "Prisma", "__drizzle_migrations": "Drizzle",
    "d1_migrations": "wrangler D1", "ar_internal_metadata": "Rails", "django_migrations": "Django",
    "_yoyo_migration": "yoyo", "__efmigrationshistory": "EF Core", "grdb_migrations": "GRDB",
    "kysely_migration": "Kysely", "knex_migrations": "Knex", "sequelizemeta": "Sequelize",
    "_migrations": "PocketBase", "_sqlite_migrations": "sqlite-migrate", "room_master_table": "Room",
    "databasechangelog": "Liquibase", "migrations": "TypeORM or a tool of the application's own",
  ]

  /// Looks for a history in a database that has no table `schema_migrations` with `version` and `name`.
  ///
  /// - Parameters:
  ///   - database: any open database.
  ///   - columns: the columns of its table `schema_migrations`, in lower case; empty if there is no such table.
  /// - Throws: `SQLiteError`.
  init?(in database: Connection, _ columns: [String]) throws(SQLiteError) {
    let names = try database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'") { $0.text(0) ?? "" }
    isInTheWay = !columns.isEmpty
    if !columns.isEmpty {
      place = "table \(SchemaMigrationsTable.name) (\(columns.joined(separator: ", ")))"
      let isRails = names.contains { $0.folded == "ar_internal_metadata" }
      tool =
        isRails
        ? "Rails"
        : columns == ["version", "dirty"]
          ? "golang-migrate" : columns == ["version"] ? "dbmate or Rails" : "another tool"
      return
    }
    for name in names.sorted() {
      guard let tool = Self.tables[name.folded] else { continue }
      (place, self.tool) = ("table \(name)", tool)
      return
    }
    let version = try database.scalar("PRAGMA user_version")?.integer ?? 0
    guard version != 0 else { return nil }
    place = "PRAGMA user_version, which is \(version)"
    tool = "the application itself, or a library such as Room or SQLDelight"
  }
}
