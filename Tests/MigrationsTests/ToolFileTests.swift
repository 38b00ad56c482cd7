import SQLite
import Schema
import TestSupport
import Testing

@testable import Migrations

/// What each format makes of the files of its tool.
@Suite struct ToolFileTests {
  private static let up = "CREATE TABLE t (a);\n"
  private static let down = "DROP TABLE t;\n"
  private static let journal =
    #"{"dialect": "sqlite", "entries": [{"when": 1, "tag": "0000_b"}, {"when": 2, "tag": "0001_a"}]}"#

  private func statements(_ set: MigrationSet) -> [String] {
    set.migrations.flatMap(\.steps).flatMap(\.statements).map(\.sql)
  }

  @Test(arguments: [
    ("goose", ["1_a.sql": "-- +goose Up\n\(up)-- +goose Down\n\(down)"]),
    ("goose", ["1_a.sql": "-- a comment\n\n-- +goose Up\r\n\(up)-- +goose Down\r\n\(down)"]),
    (
      "goose",
      ["1_a.sql": "-- +goose up\n-- +goose StatementBegin\n\(up)-- +goose StatementEnd\n-- +goose down\n"]
    ),
    ("sql-migrate", ["1_a.sql": "-- +migrate Up\n\(up)-- +migrate Down\n\(down)"]),
    ("sql-migrate", ["a.sql": "-- +migrate Down\n\(down)-- +migrate Up\n\(up)"]),
    ("golang-migrate", ["1_a.up.sql": up, "1_a.down.sql": down]),
    ("golang-migrate", ["1_.up.sqlite": up, "1_.down.sqlite": down]),
    ("dbmate", ["1_a.sql": "-- migrate:up\n\(up)-- migrate:down\n\(down)"]),
    ("dbmate", ["1a.sql": "--migrate:up foo:bar\n\(up)--  migrate:down\n\(down)"]),
    ("dbmate", ["1.sql": "-- migrate: nothing\n-- migrate:up\n\(up)\n-- migrate:down\n"]),
    ("sqlx", ["1_a.up.sql": up, "1_a.down.sql": down]), ("sqlx", ["1_a.sql": up]),
    ("diesel", ["2024-01-01-000000_a/up.sql": up, "2024-01-01-000000_a/down.sql": down]),
    ("refinery", ["V1__a.sql": up, "README.md": "-"]), ("refinery", ["sub/U1__a.sql": up]),
    ("flyway", ["V1__a.sql": up, "U1__a.sql": down]), ("flyway", ["sub/V1_1__a_b.sql": up]),
    ("prisma", ["1_a/migration.sql": up, "migration_lock.toml": "provider = \"sqlite\""]),
    ("d1", ["0001_a.sql": up]), ("yoyo", ["1.a.sql": up, "1.a.rollback.sql": down]),
    ("user_version", ["1_a.sql": up, "1_a.down.sql": down]), ("user_version", ["1.sqm": up]),
    ("custom", ["V0001.Name.up.sql": up, "V0001.Name.down.sql": down]), ("custom", ["0000-a.sql": up]),
  ])
  func `only the part that upgrades is run`(format: String, files: [String: String]) throws {
    let set = try Files(files).load(as: format)
    #expect(statements(set) == ["CREATE TABLE t (a)"])
    #expect(set.migrations.flatMap(\.notes).isEmpty)
  }

  @Test func `a file of dbmate can have several pairs`() throws {
    let text = """
      -- migrate:up
      CREATE TABLE t (a);
      -- migrate:down
      DROP TABLE t;
      -- migrate:up
      CREATE TABLE u (a);
      -- migrate:down
      DROP TABLE u;
      """
    let set = try Files(["1_a.sql": text]).load(as: "dbmate")
    #expect(statements(set) == ["CREATE TABLE t (a)", "CREATE TABLE u (a)"])
    #expect(set.migrations.flatMap(\.steps).flatMap(\.statements).map(\.line) == [2, 6])
  }

  @Test func `Drizzle's markers separate statements, and its journal tells the order`() throws {
    let set = try Files([
      "meta/_journal.json": Self.journal,
      "0000_b.sql": "CREATE TABLE t (a)--> statement-breakpoint\nCREATE TABLE u (a);",
      "0001_a.sql": "CREATE TABLE v (a);--> statement-breakpoint\n", "meta/0000_snapshot.json": "{}",
    ]).load(as: nil)
    #expect(statements(set) == ["CREATE TABLE t (a)", "CREATE TABLE u (a)", "CREATE TABLE v (a)"])
    #expect(set.migrations.map(\.version) == [1, 2] && set.migrations.map(\.name) == ["0000_b", "0001_a"])
  }

  @Test(arguments: [
    ("goose", "00012_add_x.sql", "12", "add_x"), ("sql-migrate", "12-add.sql", "12-add.sql", "add"),
    ("golang-migrate", "000012_add_x.up.sql", "12", "add_x"), ("dbmate", "012_add.sql", "012", "add"),
    ("sqlx", "20240101_add_x.sql", "20240101", "add x"),
    ("diesel", "2024-01-02-000000_add_x/up.sql", "20240102000000", "add_x"),
    ("diesel", "00000000000000_diesel_initial_setup/up.sql", "00000000000000", "diesel_initial_setup"),
    ("refinery", "V12__add_x.sql", "12", "add_x"), ("flyway", "V1_2__add_x.sql", "1.2", "add x"),
    ("flyway", "V01.02__add.sql", "01.02", "add"),
    ("prisma", "2024_add_x/migration.sql", "2024_add_x", "add_x"),
    ("d1", "0012_add_x.sql", "0012_add_x.sql", "add_x"),
    ("yoyo", "0012.add-x.sql", "0012.add-x", "0012.add-x"),
    ("user_version", "12_add.sql", "12", "add"), ("user_version", "12.sqm", "13", "12.sqm"),
    ("custom", "V0012.Add X.sql", "12", "Add X"),
  ])
  func `version and name are those of the tool`(format: String, file: String, version: String, name: String)
    throws
  {
    let marker = ["goose": "-- +goose Up\n", "sql-migrate": "-- +migrate Up\n", "dbmate": "-- migrate:up\n"]
    let set = try Files([file: (marker[format] ?? "") + "SELECT 1;"]).load(as: format)
    #expect(set.migrations.first?.version?.description == version)
    #expect(set.migrations.first?.name == name)
  }

  @Test(arguments: [
    ("goose", "1_a.sql", "-- +goose NO TRANSACTION\n-- +goose Up\n"),
    ("sql-migrate", "1_a.sql", "-- +migrate Up notransaction\n"),
    ("dbmate", "1_a.sql", "-- migrate:up transaction:false\n"), ("sqlx", "1_a.sql", "-- no-transaction\n"),
    ("diesel", "1_a/up.sql", ""), ("flyway", "V1__a.sql", ""),
    ("yoyo", "1_a.sql", "-- transactional: false\n"),
    ("atlas", "1_a.sql", "-- atlas:txmode none\n\n"),
  ])
  func `a file runs outside a transaction if its tool would do so and it can't run in one`(
    format: String, file: String, marker: String
  ) throws {
    func load(_ sql: String) throws -> Migration {
      var files = [file: marker + sql]
      if format == "diesel" { files["1_a/metadata.toml"] = "run_in_transaction = false\n" }
      if format == "flyway" { files["V1__a.sql.conf"] = "executeInTransaction=false\n" }
      if format == "atlas" { files["atlas.sum"] = Self.atlasSum([("1_a.sql", marker + sql)]) }
      return try #require(try Files(files).load(as: format).migrations.first)
    }
    #expect(try load("VACUUM;").runsOutsideTransaction)
    let ordinary = try load("CREATE TABLE t (a);")
    #expect(!ordinary.runsOutsideTransaction)
    #expect(
      ordinary.notes.map(\.message).contains {
        $0.hasPrefix("the file says that it runs outside a transaction")
      })
  }

  /// The content of `atlas.sum`.
  static func atlasSum(_ files: [(String, String)]) -> String {
    AtlasFormat.summary(of: files.map { MigrationFiles.File(name: $0, text: $1) })
  }

  @Test(arguments: [
    ("1_a.sql", "PRAGMA foreign_keys = OFF;\nCREATE TABLE t (a);\nPRAGMA foreign_keys=on;", [1, 3]),
    (
      "1_a.sql", "BEGIN TRANSACTION;\nPRAGMA defer_foreign_keys = ON;\nCREATE TABLE t (a);\nCOMMIT;",
      [1, 2, 4]
    ),
    ("1_a.sql", "begin immediate; CREATE TABLE t (a); end transaction;", [1, 1]),
    (
      "1_a.sql", "PRAGMA main.foreign_keys(0); BEGIN; CREATE TABLE t (a); COMMIT; BEGIN; COMMIT;",
      [1, 1, 1, 1, 1]
    ),
  ])
  func `what only arranges transactions and foreign keys is left out with a note`(
    file: String, sql: String, lines: [Int]
  ) throws {
    let set = try Files([file: sql]).load(as: "sqlx")
    #expect(statements(set) == ["CREATE TABLE t (a)"])
    let notes = try #require(set.migrations.first?.notes)
    #expect(notes.map(\.line) == lines)
    #expect(notes.allSatisfy { $0.message.contains("is left out: ") })
  }

  @Test func `a directive above the first marker counts`() throws {
    let set = try Files([
      "1_a.sql": "-- @deletes t\n-- +goose Up\nDELETE FROM t;\n-- +goose Down\n-- @deletes u\n"
    ])
    .load(as: nil)
    #expect(set.migrations.first?.deletes == ["t"])
  }

  @Test func `PRAGMA legacy_alter_table holds until the end of its file`() throws {
    let rename = "ALTER TABLE p RENAME TO old_p; CREATE TABLE p (id INTEGER PRIMARY KEY); DROP TABLE old_p;"
    let set = try Files([
      "1_a.sql": "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id));",
      "2_b.sql": "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON;\n\(rename)",
      "3_c.sql":
        "CREATE TABLE q (id INTEGER PRIMARY KEY); CREATE TABLE d (q REFERENCES q (id)); ALTER TABLE q RENAME TO r;",
    ]).load(as: "sqlx")
    let database = try database("")
    try database.transaction {
      _ = try Migrator(database, set.historyTable).apply(set.plan(for: History(recorded: nil)))
    }
    let sql = try database.rows("SELECT sql FROM sqlite_schema WHERE name IN ('c', 'd')") { $0.text(0) ?? "" }
    #expect(sql == ["CREATE TABLE c (p REFERENCES p (id))", "CREATE TABLE d (q REFERENCES \"r\" (id))"])
    #expect(
      set.migrations[1].notes.map(\.message).contains(
        "PRAGMA legacy_alter_table holds until the end of this file"))
  }
}
