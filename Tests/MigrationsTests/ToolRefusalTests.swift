import SQLite
import Schema
import TestSupport
import Testing

@testable import Migrations

/// Files of other tools that can't be run as the tool runs them are refused, with the file and the reason.
@Suite struct ToolRefusalTests {
  private static let up = "CREATE TABLE t (a);\n"
  private static let goose = "-- +goose Up\n\(up)"

  private func fault(_ format: String?, _ files: [String: String]) throws -> MigrationError {
    let files = try Files(files)
    return try #require(#expect(throws: MigrationError.self) { try files.load(as: format) })
  }

  @Test(arguments: [
    ("goose", ["1_a.sql": goose, "2_b.go": "package m"], "2_b.go", "this migration is a program in Go"),
    ("goose", ["1_a.sql": up], "1_a.sql", "'-- +goose Up' is missing"),
    ("goose", ["1_a.sql": "\(up)-- +goose Up\n"], "1_a.sql:2", "statements stand before '-- +goose Up'"),
    ("goose", ["1_a.sql": "-- +goose Down\n\(goose)"], "1_a.sql:1", "'-- +goose Down' stands before"),
    ("goose", ["1_a.sql": "\(goose)\(goose)"], "1_a.sql:3", "there is more than one '-- +goose Up'"),
    (
      "goose", ["1_a.sql": "\(goose) -- +goose Down\n"], "1_a.sql:3",
      "'-- +goose Down' belongs at the beginning"
    ),
    (
      "goose", ["1_a.sql": "-- +goose Up\nSELECT '\n-- +goose Down\n';"], "1_a.sql:3",
      "'-- +goose Down' belongs at"
    ),
    (
      "goose", ["1_a.sql": "-- +goose Up\n/*\n-- +goose Down\n*/"], "1_a.sql:3", "'-- +goose Down' belongs at"
    ),
    (
      "goose", ["1_a.sql": "-- +goose ENVSUB ON\n\(goose)"], "1_a.sql:1",
      "'+goose ENVSUB ON' puts environment"
    ),
    ("goose", ["1_a.sql": "-- +goose Sideways\n\(goose)"], "1_a.sql:1", "goose has no annotation"),
    ("goose", ["0_a.sql": goose], "0_a.sql", "goose's versions are greater than zero"),
    ("sql-migrate", ["1_a.sql": "-- +migrate up\n\(up)"], "1_a.sql:1", "sql-migrate has no annotation"),
    ("sql-migrate", ["1_a.sql": "--+migrate Up\n\(up)"], "1_a.sql:1", "sql-migrate wants exactly one space"),
    (
      "sql-migrate", ["a9.sql": "-- +migrate Up\n", "a10.sql": "-- +migrate Up\n"], "a9.sql",
      "its tool sorts names as text"
    ),
    ("golang-migrate", ["1_a.up.sql": up, "2_b.down.sql": up], "2_b.down.sql", "there is no file .up.sql"),
    (
      "golang-migrate", ["1_a.up.sql": up, "01_b.up.sql": up], "1_a.up.sql",
      "version 1 is taken by 01_b.up.sql"
    ),
    (
      "golang-migrate", ["18446744073709551615_a.up.sql": up], "18446744073709551615_a.up.sql",
      "its number is too large"
    ),
    ("dbmate", ["1_a.sql": "-- migrate:Up\n\(up)"], "1_a.sql:1", "dbmate writes '-- migrate:up'"),
    ("dbmate", ["1_a.sql": "-- migrate:down\n\(up)"], "1_a.sql", "'-- migrate:up' is missing"),
    (
      "dbmate", ["9_a.sql": "-- migrate:up\n", "10_b.sql": "-- migrate:up\n"], "9_a.sql",
      "its tool sorts names as text"
    ),
    ("sqlx", ["1a.sql": up], "1a.sql", "a migration's name is a number, '_' and words"),
    ("diesel", ["1_a/up.sql": up, "2_b/down.sql": up], "2_b", "there is no up.sql in this folder"),
    ("diesel", ["9_a/up.sql": up, "10_b/up.sql": up], "9_a/up.sql", "its tool sorts names as text"),
    ("refinery", ["V1__a.sql": up, "V2__b.rs": "fn"], "V2__b.rs", "this migration is a program in Rust"),
    ("refinery", ["V1.1__a.sql": up], "V1.1__a.sql", "a migration's name is V, a number of at most 32 bits"),
    ("refinery", ["V3000000000__a.sql": up], "V3000000000__a.sql", "a migration's name is V"),
    ("flyway", ["V1__a.sql": up, "R__b.sql": up], "R__b.sql", "this is a repeatable migration of Flyway"),
    ("flyway", ["V1__a.sql": up, "B1__b.sql": up], "B1__b.sql", "this is a baseline migration of Flyway"),
    (
      "flyway", ["V1__a.sql": up, "afterMigrate.sql": up], "afterMigrate.sql", "this is a callback of Flyway"
    ),
    (
      "flyway", ["V1__a.sql": up, "beforeEachMigrate__x.sql": up], "beforeEachMigrate__x.sql",
      "this is a callback"
    ),
    ("flyway", ["V1__a.sql": "CREATE TABLE ${name} (a);"], "V1__a.sql", "it has a placeholder ${…}"),
    (
      "flyway", ["V1__a.sql": up, "V1__a.sql.conf": "shouldExecute=false"], "V1__a.sql.conf",
      "the setting shouldExecute"
    ),
    ("flyway", ["Vx__a.sql": up], "Vx__a.sql", "a migration's name is V, a version"),
    (
      "prisma", ["1_a/migration.sql": up, "1_a/snapshot.json": "{}"], "1_a/snapshot.json",
      "these are migrations of Drizzle 1"
    ),
    (
      "prisma", ["9_a/migration.sql": up, "10_b/migration.sql": up], "9_a/migration.sql",
      "its tool sorts names as text"
    ),
    ("drizzle", ["0000_a.sql": up], "meta/_journal.json", "there is no journal of Drizzle here"),
    ("d1", ["0001_a.sql": up, "schema.sql": up], "schema.sql", "a migration's name is a number"),
    ("d1", ["0001_a.sql": up, "1_b.sql": up], "1_b.sql", "its number is that of"),
    ("yoyo", ["1.sql": up, "2.py": "step()"], "2.py", "this migration is a program in Python"),
    ("yoyo", ["1.sql": up, "post-apply.sql": up], "post-apply.sql", "post-apply files"),
    ("yoyo", ["1.sql": "-- depends: 3\n\(up)"], "1.sql:1", "it depends on 3, which is not there"),
    (
      "yoyo", ["1.sql": "--\n-- depends: 2\n\(up)", "2.sql": up], "1.sql:2",
      "it depends on 2, which comes after it"
    ),
    ("yoyo", ["9.sql": up, "10.sql": up], "9.sql", "its tool sorts names as text"),
    ("user_version", ["schema.sql": up], "schema.sql", "a migration's name begins with its number"),
    ("user_version", ["0_a.sql": up], "0_a.sql", "a migration's name begins with a number from 1 on"),
    ("user_version", ["2_a.sql": "\(up)PRAGMA user_version = 3;"], "2_a.sql:2", "it sets user_version to 3"),
    ("custom", ["1_a.sql": up, "seed.sql": up], "seed.sql", "a migration's name begins with its number"),
  ])
  func `what the tool reads in another way is refused`(
    format: String, files: [String: String], place: String, message: String
  ) throws {
    let error = try fault(format, files)
    #expect("\(error)".hasPrefix("\(place): \(message)"), "\(error)")
  }

  @Test(
    arguments: ["goose", "sql-migrate", "dbmate"],
    ["sqlx", "d1", "user_version", "custom", "yoyo", "refinery"])
  func `a file with the markers of another tool is refused, as its part that undoes would run`(
    other: String, format: String
  ) throws {
    let marker = ["goose": "+goose", "sql-migrate": "+migrate"]
    let text =
      marker[other].map { "-- \($0) Up\n\(Self.up)-- \($0) Down\nDROP TABLE t;" }
      ?? "-- migrate:up\n\(Self.up)-- migrate:down\nDROP TABLE t;"
    let error = try fault(format, [format == "refinery" ? "V1__a.sql" : "1_a.sql": text])
    #expect(error.code == .foreign && error.message.contains("is for \(other)"), "\(error)")
  }

  @Test(
    arguments: [
      (
        "PRAGMA journal_mode = WAL;",
        "PRAGMA journal_mode is not for migrations, as it changes the whole file: set it"
      ),
      (
        "PRAGMA auto_vacuum = FULL;", "PRAGMA auto_vacuum is not for migrations, as it changes the whole file"
      ),
      ("PRAGMA encoding = 'UTF-16';", "PRAGMA encoding is not for migrations, as it changes the whole file"),
      ("PRAGMA page_size = 512;", "PRAGMA page_size is not for migrations, as it changes the whole file"),
      ("PRAGMA writable_schema = ON;", "PRAGMA writable_schema is not for migrations"),
      ("BEGIN;", "BEGIN is not for migrations"), ("COMMIT;", "COMMIT is not for migrations"),
      ("BEGIN; SELECT 1; ROLLBACK;", "BEGIN is not for migrations"),
      ("SAVEPOINT a;", "SAVEPOINT is not for migrations"),
    ], ["sqlx", "flyway"])
  func `what would change the database or end the transaction is refused`(
    statement: (sql: String, message: String), format: String
  ) throws {
    let file = format == "sqlx" ? "1_a.sql" : "V1__a.sql"
    let error = try fault(format, [file: statement.sql])
    #expect(error.code == .forbidden && error.message.hasPrefix(statement.message), "\(error)")
  }

  @Test(arguments: [
    ("delimiter \\n\\n\\n", "is not supported here"), ("checkpoint", "is not supported here"),
    ("txtar", "is not supported here"), ("sum ignore", "is not supported here"),
  ])
  func `what changes how Atlas reads a file is refused`(directive: String, message: String) throws {
    let text = "-- atlas:\(directive)\n\n\(Self.up)"
    let error = try fault(
      "atlas", ["1_a.sql": text, "atlas.sum": ToolFileTests.atlasSum([("1_a.sql", text)])])
    #expect("\(error)".hasPrefix("1_a.sql:1: '-- atlas:") && error.message.contains(message), "\(error)")
  }

  @Test func `sums of Atlas that are not those of the files are refused`() throws {
    let sum = ToolFileTests.atlasSum([("1_a.sql", Self.up)])
    #expect(try Files(["1_a.sql": Self.up, "atlas.sum": sum]).load(as: nil).migrations.count == 1)
    for stale in [
      ["1_a.sql": Self.up + "\n", "atlas.sum": sum],
      ["1_a.sql": Self.up, "2_b.sql": Self.up, "atlas.sum": sum],
      ["1_a.sql": Self.up, "atlas.sum": sum.replacing("h1:", with: "h1:x", maxReplacements: 1)],
      ["1_a.sql": Self.up],
    ] {
      let error = try fault("atlas", stale)
      #expect(error.file == "atlas.sum" && error.message.contains("atlas migrate hash"), "\(error)")
    }
  }

  @Test(arguments: [
    (
      #"{"entries": [{"when": 1, "tag": "0000_a"}, {"when": 2, "tag": "0001_b"}]}"#,
      "0001_b.sql: the journal names"
    ),
    (#"{"entries": []}"#, "0000_a.sql: the journal doesn't name this file"),
    (#"{"dialect": "postgresql", "entries": []}"#, "meta/_journal.json: these migrations are for postgresql"),
    ("{", "meta/_journal.json: there is no journal of Drizzle here"),
  ])
  func `a journal of Drizzle that doesn't agree with the files is refused`(journal: String, message: String)
    throws
  {
    let error = try fault("drizzle", ["0000_a.sql": Self.up, "meta/_journal.json": journal])
    #expect("\(error)".hasPrefix(message), "\(error)")
  }

  @Test func `a journal of Drizzle whose times don't ascend is refused`() throws {
    let journal = #"{"entries": [{"when": 2, "tag": "0000_a"}, {"when": 1, "tag": "0001_b"}]}"#
    let error = try fault(
      "drizzle", ["0000_a.sql": Self.up, "0001_b.sql": Self.up, "meta/_journal.json": journal])
    #expect(error.message.hasPrefix("0001_b is not later than 0000_a"), "\(error)")
  }
}
