import Testing

@testable import Migrations

/// The format of a folder is told from its files, and where two fit, the user is asked.
@Suite struct ToolRecognitionTests {
  @Test(arguments: [
    ("goose", ["1_a.sql": "-- +goose Up\nSELECT 1;", "README.md": ""]),
    ("sql-migrate", ["1_a.sql": "-- +migrate Up\nSELECT 1;"]),
    ("dbmate", ["1_a.sql": "\n-- migrate:up\nSELECT 1;"]),
    ("diesel", ["1_a/up.sql": "SELECT 1;", "1_a/down.sql": ""]), ("flyway", ["V1.1__a.sql": "SELECT 1;"]),
    ("flyway", ["V1__a b.sql": "SELECT 1;"]), ("refinery", ["U1__a.sql": "SELECT 1;"]),
    ("prisma", ["1_a/migration.sql": "SELECT 1;"]),
    ("drizzle", ["meta/_journal.json": #"{"entries": [{"when": 1, "tag": "0"}]}"#, "0.sql": "SELECT 1;"]),
    ("yoyo", ["1_a.sql": "-- depends:\nSELECT 1;"]),
    ("yoyo", ["1_a.sql": "SELECT 1;", "1_a.rollback.sql": ""]),
    ("user_version", ["1.sqm": "SELECT 1;"]), ("flotilla", ["1_a.sql": "SELECT 1;"]),
    ("flotilla", ["1_a.sql": "SELECT '-- a\n+goose Up';"]),
  ])
  func `the files tell the format`(format: String, files: [String: String]) throws {
    #expect(try Files(files).load(as: nil).files.format.name == format)
  }

  @Test(arguments: [
    (["1_a.up.sql": "SELECT 1;"], ["golang-migrate", "sqlx"]),
    (["V1__a.sql": "SELECT 1;"], ["refinery", "flyway"]),
  ])
  func `where two formats fit, the error names both`(files: [String: String], formats: [String]) throws {
    let files = try Files(files)
    let error = try #require(#expect(throws: MigrationError.self) { try files.load(as: nil) })
    #expect(error.code == .format && error.message.contains(formats.joined(separator: " or ")), "\(error)")
    #expect(error.message.contains("format: \(formats[0])"))
    for format in formats {
      #expect(try files.load(as: format).migrations.count == 1)
    }
  }

  @Test func `files for two tools are for none, and their markers are refused`() throws {
    let files = try Files(["1_a.sql": "-- +goose Up\nSELECT 1;", "2_b.sql": "-- migrate:up\nSELECT 1;"])
    let error = try #require(#expect(throws: MigrationError.self) { try files.load(as: nil) })
    #expect(error.code == .foreign && error.message.contains("is for goose"), "\(error)")
  }

  @Test func `a format that doesn't exist is told with the nearest`() throws {
    let files = try Files("SELECT 1;")
    let error = try #require(#expect(throws: MigrationError.self) { try files.load(as: "flywai") })
    #expect(error.message.hasSuffix("did you mean flyway?"), "\(error)")
  }
}
