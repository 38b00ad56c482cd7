import SQLite
import Schema
import Testing

@testable import Migrations

/// The checksums that other tools record, against values that were computed without this program.
@Suite struct ToolChecksumTests {
  private static let text = "CREATE TABLE t (a INTEGER);\n"
  private static let sha256 = "51d0822d5303317da1ab330cc54b509576a95fa6f6419a1e8be084e6fa86c210"

  private static func drizzle(_ tag: String) -> String {
    #"{"entries": [{"idx": 0, "when": 1704067200000, "tag": "\#(tag)", "breakpoints": true}]}"#
  }

  private static let atlasSum = """
    h1:zRt5hkqJ82cAnofEkyH5p6fkipEZmDEm2fyJdKoj46Y=
    0001_init.sql h1:PuI5wgXwKukhgih7VuphlH4hX9FiwcWJ2ZQcz6JYoGo=

    """

  @Test(arguments: [
    (
      "sqlx", "0001_init.sql",
      "4f51a7a1bf962fc60315a70610b0f99a05f9aee97bdb92aa7abe75739ee63325ed79b6f2db90ea9fdb1db7ddcab72338"
    ),
    ("prisma", "0001_init/migration.sql", sha256), ("drizzle", "0001_init.sql", sha256),
    ("custom", "0001_init.sql", sha256), ("flyway", "V1__init.sql", "278413035"),
    ("refinery", "V1__init.sql", "14658379894471992840"),
    ("atlas", "0001_init.sql", "PuI5wgXwKukhgih7VuphlH4hX9FiwcWJ2ZQcz6JYoGo="),
  ])
  func `the checksum of a file is that of the tool`(format: String, file: String, checksum: String) throws {
    var files = [file: Self.text]
    if format == "drizzle" { files["meta/_journal.json"] = Self.drizzle("0001_init") }
    if format == "atlas" { files["atlas.sum"] = Self.atlasSum }
    let set = try Files(files).load(as: format)
    let migration = try #require(set.migrations.first)
    #expect(set.historyTable.checksum(of: migration.text, migration) == checksum)
  }

  @Test(arguments: [
    ("prisma", "9548395e86aa4b3f4f87cbd078e876fc23b559e3688c548f05b176e671a9fe03"), ("flyway", "278413035"),
  ])
  func `line ends count where they count for the tool`(format: String, checksum: String) throws {
    let file = format == "prisma" ? "0001_init/migration.sql" : "V1__init.sql"
    let text = Self.text.replacing("\n", with: "\r\n")
    let set = try Files([file: text]).load(as: format)
    let migration = try #require(set.migrations.first)
    #expect(set.historyTable.checksum(of: migration.text, migration) == checksum)
  }

  @Test(arguments: ["\u{feff}", ""])
  func `a byte order mark doesn't count for Flyway`(mark: String) throws {
    let set = try Files(["V1__init.sql": mark + Self.text]).load(as: "flyway")
    let migration = try #require(set.migrations.first)
    #expect(set.historyTable.checksum(of: migration.text, migration) == "278413035")
  }

  @Test func `yoyo's hash is that of the name`() throws {
    let set = try Files(["0001_init.sql": Self.text]).load(as: "yoyo")
    let database = try database("")
    try database.transaction {
      _ = try Migrator(database, set.historyTable).apply(set.plan(for: History(recorded: nil)))
    }
    #expect(
      try database.scalar("SELECT migration_hash FROM _yoyo_migration")?.text
        == "80d448607e02943553d30e6a2c6d4a83577f3ce023dce3651fe886a405b75d3d")
  }

  @Test func `the sum of a file of Atlas covers the files before it`() throws {
    let files = [("1_a.sql", "SELECT 1;"), ("2_b.sql", "SELECT 2;")].map {
      MigrationFiles.File(name: $0, text: $1)
    }
    let sums = AtlasFormat.sums(of: files).map(\.sum)
    #expect(sums.first == AtlasFormat.sums(of: [files[0]]).first?.sum)
    #expect(sums.last != AtlasFormat.sums(of: [files[1]]).first?.sum)
  }

  @Test(arguments: 0..<17)
  func `SipHash treats every length of the last word alike`(length: Int) {
    // The same bytes in one piece and one by one.
    let bytes = (0..<length).map { UInt8($0) }
    var (whole, pieces) = (SipHash13(), SipHash13())
    whole.update(bytes)
    for byte in bytes { pieces.update([byte]) }
    #expect(whole.finish() == pieces.finish())
  }
}
