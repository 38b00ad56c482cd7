import Migrations
import SQLite
import Schema
import TestSupport
import Testing

/// The migrations of the Ownprem fleet.
enum Ownprem {
  static func load() throws -> MigrationSet {
    let folder = "\(Repository.root)/inventory/ownprem"
    return try MigrationSet.load(
      folder: "\(folder)/migrations", baseline: "\(folder)/baseline.sql", schema: "\(folder)/schema.sql")
  }
}

/// What migration 8 does to the routes of services: the stock way, and ours.
@Suite struct OwnpremTests {
  let all = "SELECT count(*) FROM service_routes"
  let withoutService = "SELECT count(*) FROM service_routes WHERE service_id NOT IN (SELECT id FROM services)"
  let withoutServer = """
    SELECT count(*) FROM service_routes JOIN services ON services.id = service_id
    WHERE server_id NOT IN (SELECT id FROM servers)
    """

  func fixture(_ name: String) throws -> Connection {
    let folder = try TemporaryFolder()
    let database = try Connection(path: "", access: .memory)
    try database.copyContent(of: try Connection(path: folder.fixture(name, as: "a.db"), access: .readOnly))
    return database
  }

  @Test(arguments: ["epoch-12", "half-migrated"])
  func `migration 8 the stock way empties the routes of every service`(name: String) throws {
    let database = try fixture(name)
    #expect(try database.scalar(all) == 60)
    #expect(try database.scalar(withoutService) == 4)
    try database.executeScript(Repository.text("Tests/Fixtures/ownprem/stock-migration-8.sql"))
    #expect(try database.scalar("SELECT count(*) FROM services") ?? 0 != 0)
    #expect(try database.scalar(all) == 4)
    #expect(try database.scalar(withoutService) == 4)
  }

  @Test(arguments: ["epoch-12", "half-migrated"])
  func `ours keeps every route but those of services whose server is gone`(name: String) throws {
    let database = try fixture(name)
    let lost = try #require(try database.scalar(withoutServer)?.integer)
    #expect(lost == 6)
    let keep =
      "SELECT group_concat(id) FROM (SELECT r.id FROM service_routes r LEFT JOIN services s ON s.id = service_id WHERE s.id IS NULL OR server_id IN (SELECT id FROM servers) ORDER BY r.id)"
    let kept = try database.scalar(keep)
    let set = try Ownprem.load()
    let schema = try Schema(reading: database)
    let plan = set.plan(for: try SchemaMigrationsTable().read(database))
    var applied: [AppliedMigration] = []
    try database.transaction {
      applied = try Migrator(database, SchemaMigrationsTable(), referrers: { schema.children(of: $0) }).apply(
        plan)
    }
    #expect(try database.scalar(all) == .integer(60 - lost))
    #expect(
      try database.scalar("SELECT group_concat(id) FROM (SELECT id FROM service_routes ORDER BY id)") == kept)
    #expect(applied.first { $0.version == 8 }?.rowsDeleted["service_routes"] == Int(lost))
  }
}
