import Foundation
import SQLite
import Schema
import TestSupport
import Testing

/// The measure of success: every epoch ends with the schema of a fresh installation and all its rows.
@Suite struct CorpusTests {
  static let upstream = [
    "add_rotated_at_to_secrets", "add_name_expires_to_agent_tokens", "add_network_info_to_servers",
    "add_flags_to_app_registry", "add_used_backup_codes_table", "add_family_id_to_refresh_tokens",
    "add_fk_to_command_log", "add_cascade_to_services_server_id", "consolidate_store_tables",
  ]

  @Test(.enabled(if: !Repository.corpus.isEmpty, "the shared corpus is not beside this checkout"))
  func `all databases of the corpus are upgraded in one run and lose no row`() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.file("db"), withIntermediateDirectories: true)
    for path in Repository.corpus {
      try FileManager.default.copyItem(
        atPath: path, toPath: folder.file("db/\(URL(filePath: path).lastPathComponent)"))
    }
    try upgrade(folder, count: Repository.corpus.count)
  }

  @Test func `all epochs of the fixtures are upgraded in one run and lose no row`() throws {
    let folder = try TemporaryFolder()
    for epoch in Repository.epochs { try folder.fixture(epoch, as: "db/\(epoch).sqlite") }
    try upgrade(folder, count: Repository.epochs.count)
  }

  private func upgrade(_ folder: TemporaryFolder, count: Int) throws {
    try folder.ownpremFleet()
    let paths = try FileManager.default.contentsOfDirectory(atPath: folder.file("db"))
      .filter { $0.hasSuffix(".sqlite") }.map { folder.file("db/\($0)") }
    #expect(paths.count == count)
    let before = try Dictionary(uniqueKeysWithValues: paths.map { ($0, try rows($0)) })

    let run = try Program.run("migrate", "--yes", "--report", "report.json", in: folder.path)
    #expect(run.status == 0, "\(run.output)\(run.errors)")

    let report = try folder.report(String(contentsOfFile: folder.file("report.json"), encoding: .utf8))
    let records = try #require(report["installations"] as? [[String: Any]])
    #expect(records.count == count)
    let fresh = try freshSchema(folder)
    for record in records {
      let path = try #require(record["path"] as? String)
      try check(path, record, before: before[path] ?? [:], fresh)
    }

    let bytes = try Dictionary(
      uniqueKeysWithValues: paths.map { ($0, try Data(contentsOf: URL(filePath: $0))) })
    let again = try Program.run("migrate", "--yes", in: folder.path)
    #expect(again.status == 0)
    #expect(again.output.contains("\(count) current"))
    for path in paths {
      #expect(try Data(contentsOf: URL(filePath: path)) == bytes[path], "\(path) was written again")
    }
  }

  private func check(
    _ path: String, _ record: [String: Any], before: [String: Int64], _ fresh: Schema
  ) throws {
    let database = try Connection(path: path, access: .readOnly)
    let recorded = try database.rows(
      "SELECT name FROM schema_migrations WHERE version < 10 ORDER BY version"
    ) { $0.text(0) ?? "" }
    #expect(recorded == Self.upstream, "\(path)")
    let rule = try #require(IgnoreRule("table store_*"))
    #expect(fresh.differences(in: try Schema(reading: database, ignoring: [rule])) == [], "\(path)")
    #expect(try database.scalar("PRAGMA integrity_check") == "ok")
    var deleted: [String: Int64] = [:]
    for applied in record["applied"] as? [[String: Any]] ?? [] {
      for (table, count) in applied["rows_deleted"] as? [String: Int64] ?? [:] {
        deleted[table, default: 0] += count
      }
    }
    let after = try rows(path)
    for (table, count) in before {
      #expect((after[table] ?? 0) >= count - (deleted[table] ?? 0), "\(table) of \(path)")
    }
  }

  private func freshSchema(_ folder: TemporaryFolder) throws -> Schema {
    let path = try folder.database("fresh.db", try Repository.text("inventory/ownprem/schema.sql"))
    return try Schema(reading: try Connection(path: path, access: .readOnly))
  }

  private func rows(_ path: String) throws -> [String: Int64] {
    let database = try Connection(path: path, access: .readOnly)
    let tables = try database.rows(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    ) { $0.text(0) ?? "" }
    return try Dictionary(
      uniqueKeysWithValues: tables.map { table in
        (table, try database.scalar("SELECT count(*) FROM \(quoted(table))")?.integer ?? 0)
      })
  }
}
