import Migrations
import SQLite
import Schema
import TestSupport

/// A folder of migration files and a database in memory to apply them to.
struct Files {
  let folder: TemporaryFolder

  init(_ files: [String: String]) throws {
    folder = try TemporaryFolder()
    for (name, text) in files { try folder.write(text, to: "migrations/\(name)") }
  }

  /// One migration, `0001_change.sql`.
  init(_ text: String) throws { try self.init(["0001_change.sql": text]) }

  func load(baseline: String? = nil, schema: String? = nil) throws(MigrationError) -> MigrationSet {
    try MigrationSet.load(folder: folder.file("migrations"), baseline: baseline, schema: schema)
  }

  /// Loads the files as those of a format; with nil, the format is told from the files.
  func load(as format: String?, table: String? = nil) throws(MigrationError) -> MigrationSet {
    var settings = MigrationFolder(folder.file("migrations"), format: format, table: table)
    if format == "custom" {
      settings.table = "app_version"
      settings.columns = ["version": "num", "checksum": "sum"]
    }
    return try MigrationSet.load(settings)
  }
}

/// A database in memory.
func database(_ sql: String) throws -> Connection {
  let database = try Connection(path: "", access: .memory)
  try database.executeScript(sql)
  return database
}

/// Applies one migration to a database as an upgrade does, in a transaction.
@discardableResult
func apply(_ text: String, to database: Connection) throws -> AppliedMigration {
  let set = try Files(text).load()
  let schema = try Schema(reading: database)
  let migrator = Migrator(database, SchemaMigrationsTable(), referrers: { schema.children(of: $0) })
  let plan = set.plan(for: try SchemaMigrationsTable().read(database))
  var applied: [AppliedMigration] = []
  try database.transaction { applied = try migrator.apply(plan) }
  guard let first = applied.first, applied.count == 1 else { throw SupportError("nothing was applied") }
  return first
}
