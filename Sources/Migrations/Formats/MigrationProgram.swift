/// A program that migrates one database by itself, such as Django's `manage.py migrate`.
///
/// ```swift
/// var program = MigrationProgram(["python3", "manage.py", "migrate"], in: "/srv/app")
/// program.environment = ["DATABASE": "{path}"]
/// program.format = "django"
/// ```
///
/// It is only ever run on private copies. `{path}` in its arguments and its environment stands for the copy.
public struct MigrationProgram: Hashable, Sendable, Codable {
  /// The program's name, looked up in PATH, or its path, followed by its arguments.
  public var arguments: [String]
  /// Additional variables of its environment.
  public var environment: [String: String] = [:]
  /// The folder in which it runs; absolute.
  public var folder: String
  /// What may be lost, in lower case: `table` for its rows, `table.column` for a column with what it holds.
  public var deletes: Set<String> = []
  /// The name of the ``ProgramHistory``.
  public var format = ProgramHistory.schema.rawValue
  /// The table and the column in which an application of its own way records versions, for the format `custom`.
  public var custom: CustomTable?

  /// A table of an application that has a row for each version.
  public struct CustomTable: Hashable, Sendable, Codable {
    /// The table's name.
    public let table: String
    /// The column with the version.
    public let version: String

    /// Creates the description of a table.
    public init(table: String, version: String) { (self.table, self.version) = (table, version) }
  }

  /// Creates a program.
  public init(_ arguments: [String], in folder: String) {
    (self.arguments, self.folder) = (arguments, folder)
  }

  /// Whether something tells the program which database to migrate.
  public var knowsPath: Bool { (arguments + environment.values).contains { $0.contains(Self.placeholder) } }

  /// The arguments for the database at `path`.
  public func arguments(for path: String) -> [String] {
    arguments.map { $0.replacing(Self.placeholder, with: path) }
  }

  /// The additional variables for the database at `path`.
  public func environment(for path: String) -> [String: String] {
    environment.mapValues { $0.replacing(Self.placeholder, with: path) }
  }

  /// A text that is the same for equal programs, in every process.
  var canonicalText: String {
    let parts =
      arguments + ["", folder, format, custom?.table ?? "", custom?.version ?? ""]
      + environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } + [""] + deletes.sorted()
    return parts.map { "\($0.utf8.count) \($0)" }.joined(separator: "\n")
  }

  private static let placeholder = "{path}"
}

/// Where a migration program records what it has applied.
public enum ProgramHistory: String, CaseIterable, Sendable {
  /// Django: `django_migrations`. A version is the app's label, a point, and the migration's name.
  case django
  /// Alembic: `alembic_version`, which has only the last version.
  case alembic
  /// Rails: `schema_migrations`.
  case rails
  /// EF Core: `__EFMigrationsHistory`.
  case entityFramework = "ef"
  /// Kysely: `kysely_migration`.
  case kysely
  /// Knex: `knex_migrations`.
  case knex
  /// GRDB: `grdb_migrations`.
  case grdb
  /// sqlite-migrate: `_sqlite_migrations`. A version is the set's name, a point, and the migration's name.
  case sqliteMigrate = "sqlite-migrate"
  /// `PRAGMA user_version`.
  case userVersion = "user_version"
  /// A table of the application, ``MigrationProgram/custom``.
  case custom
  /// Nowhere: the fingerprint of the schema is the version.
  case schema
}
