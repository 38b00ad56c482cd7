internal import SQLite
public import Schema

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
  /// The value of `PRAGMA user_version` if that is all the evidence there is; nil if there is a table.
  public let userVersion: Int64?

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

  /// Looks for a history in a database that doesn't have the expected history table.
  ///
  /// - Parameters:
  ///   - database: any open database.
  ///   - own: tables that belong to the expected history, in lower case.
  ///   - columns: the columns of the table that has the expected name, in lower case; empty if there is no such table.
  ///   - table: the expected name of the table.
  ///   - knowsUserVersion: whether `PRAGMA user_version` is the expected history.
  /// - Throws: `SQLiteError`.
  init?(
    in database: Connection, apartFrom own: Set<String>, columns: [String],
    of table: String = SchemaMigrationsTable.name, knowsUserVersion: Bool = false
  ) throws(SQLiteError) {
    let names = try database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'") { $0.text(0) ?? "" }
    isInTheWay = !columns.isEmpty
    guard columns.isEmpty else {
      userVersion = nil
      (place, tool) = Self.history(columns, of: table, names)
      return
    }
    for name in names.sorted() where !own.contains(name.folded) {
      if name.folded == SchemaMigrationsTable.name {
        let columns = try database.rows("SELECT name FROM pragma_table_xinfo(?, 'main')", [.text(name)]) {
          $0.text(0)?.folded ?? ""
        }
        userVersion = nil
        (place, tool) = Self.history(columns, of: name, names)
        return
      }
      guard let tool = Self.tables[name.folded] else { continue }
      (place, self.tool, userVersion) = ("table \(name)", tool, nil)
      return
    }
    let version = knowsUserVersion ? 0 : try database.scalar("PRAGMA user_version")?.integer ?? 0
    guard version != 0 else { return nil }
    userVersion = version
    place = "PRAGMA user_version, which is \(version)"
    tool = "the application itself, or a library such as Room or SQLDelight"
  }

  /// Whether another tool may keep its history in a database.
  ///
  /// - Parameters:
  ///   - schema: the database's schema.
  ///   - userVersion: what `PRAGMA user_version` returns.
  /// - Returns: false if it certainly doesn't.
  public static func isPossible(in schema: Schema, userVersion: Int32) -> Bool {
    userVersion != 0
      || ([SchemaMigrationsTable.name] + tables.keys).contains { schema.layout(of: $0) != nil }
  }

  /// Describes a table whose columns tell which tool made it, since several tools use the name `schema_migrations`.
  private static func history(
    _ columns: [String], of table: String, _ names: [String]
  ) -> (place: String, tool: String) {
    let isRails = names.contains { $0.folded == "ar_internal_metadata" }
    let tool =
      switch columns {
      case _ where isRails: "Rails"
      case ["version", "dirty"]: "golang-migrate"
      case ["version"]: "dbmate or Rails"
      case _ where Set(columns).isSuperset(of: ["version", "name"]): "Flotilla, or the application itself"
      default: Self.tables[table.folded] ?? "another tool"
      }
    return ("table \(table) (\(columns.joined(separator: ", ")))", tool)
  }
}
