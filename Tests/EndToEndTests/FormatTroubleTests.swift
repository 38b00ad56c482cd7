import Foundation
import SQLite
import TestSupport
import Testing

/// Histories of other tools that Flotilla must leave alone, and files that are no longer what was applied.
@Suite struct FormatTroubleTests {
  /// Runs `migrate`, expects that it refuses the database at version 2 with this code, and leaves its bytes.
  private func expectRefusal(
    _ fleet: FormatFleet, _ code: String, _ texts: String..., location: SourceLocation = #_sourceLocation
  ) throws {
    let bytes = try Content.bytes(fleet.path(2))
    let run = try fleet.run("migrate", "--yes", "--report", "report.json")
    #expect(run.status == 3, "\(run.output)\(run.errors)", sourceLocation: location)
    let failure = try fleet.failure(2)
    #expect(failure.code == code, "\(failure)", sourceLocation: location)
    for text in texts where !text.isEmpty {
      #expect(failure.message.contains(text), "\(failure)", sourceLocation: location)
    }
    #expect(try Content.bytes(fleet.path(2)) == bytes, sourceLocation: location)
    #expect(fleet.backups.isEmpty, sourceLocation: location)
  }

  @Test(arguments: [
    (
      MigrationTool.golangMigrate, "UPDATE schema_migrations SET version = 3, dirty = 1",
      "version 3 is half done",
      "the schema is still that of version 2"
    ),
    (
      .golangMigrate, "UPDATE schema_migrations SET dirty = 1", "version 2 is half done",
      "the schema is already that of version 2"
    ),
    (
      .sqlx, "UPDATE _sqlx_migrations SET success = 0 WHERE description = 'create posts'", "success is 0",
      "the schema is already that of version 20240101000002"
    ),
    (
      .flyway,
      """
      INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, installed_by,
        execution_time, success) VALUES (3, '1.3', 'add email', 'SQL', 'V1.3__add_email.sql', '', 1, 0)
      """, "version 1.3 is half done", "the schema is still that of version 1.2"
    ),
    (
      .prisma, "UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '%create_posts'",
      "version 20240101000002_create_posts is half done", "the schema is already that of version"
    ),
    (
      .atlas, "UPDATE atlas_schema_revisions SET total = 5 WHERE description = 'create_posts'",
      "Atlas ran 1 of its 5 statements", "the schema is already that of version 20240101000002"
    ),
    (.yoyo, "INSERT INTO yoyo_lock (pid) VALUES (4711)", "yoyo holds its lock (process 4711)", ""),
    (
      .sqlx, "UPDATE _sqlx_migrations SET success = 0 WHERE version % 2 = 0; DROP INDEX posts_author",
      "the schema is neither that of version 20240101000001 nor that of version 20240101000002", ""
    ),
    (
      .goose, "INSERT INTO goose_db_version (version_id, is_applied) VALUES ('x', 1)",
      "a row that goose doesn't write", ""
    ),
  ])
  func `a mark that the tool left of half-done work stops the upgrade`(
    tool: MigrationTool, mark: String, reason: String, state: String
  ) throws {
    let fleet = try FormatFleet(tool)
    try fleet.make(2)
    for statement in mark.split(separator: "; ") { try SmallFleet.change(fleet.path(2), String(statement)) }
    try expectRefusal(fleet, "unfinished_history", reason, state)
    let status = try fleet.run("status")
    #expect(status.words.contains(reason), "\(status.output)")
  }

  /// The tool that made a database, and another one as which it is read. Nothing tells the table of an application's own
  /// from its other tables.
  private static let pairs = MigrationTool.tabular.filter { $0.format != "custom" }.flatMap { owner in
    [MigrationTool.sqlx, .flotilla, .golangMigrate, .userVersion].filter { $0.format != owner.format }.map {
      (owner, $0)
    }
  }

  @Test(arguments: pairs)
  func `a database with the history of another tool is refused`(owner: MigrationTool, tool: MigrationTool)
    throws
  {
    let fleet = try FormatFleet(tool)
    let other = try FormatFleet(owner)
    try other.make(2)
    try FileManager.default.copyItem(atPath: other.path(2), toPath: fleet.path(2))
    try expectRefusal(fleet, "foreign_history", "another tool keeps its history")
  }

  @Test(arguments: MigrationTool.tabular.filter { $0.format != "custom" })
  func `a database whose user_version is set is refused without the format's own history`(tool: MigrationTool)
    throws
  {
    let fleet = try FormatFleet(tool)
    try fleet.folder.database("db/at2.sqlite", "CREATE TABLE films (a); PRAGMA user_version = 3;")
    try expectRefusal(fleet, "foreign_history", "PRAGMA user_version, which is 3")
  }

  @Test(arguments: MigrationTool.tabular)
  func `a history table that is gone is not taken for that of a new database`(tool: MigrationTool) throws {
    let fleet = try FormatFleet(tool)
    try fleet.make(2)
    try SmallFleet.change(fleet.path(2), "DROP TABLE \(try #require(tool.table))")
    let isOwn = tool.format == "custom"
    try expectRefusal(
      fleet, isOwn ? "unfinished_history" : "unknown_history",
      isOwn ? "there is no table app_version" : "has table posts")
  }

  @Test(arguments: MigrationTool.tabular.filter { $0.format != "custom" })
  func `a trigger on the history table is refused`(tool: MigrationTool) throws {
    let table = try #require(tool.table)
    let fleet = try FormatFleet(tool)
    try fleet.make(2)
    try SmallFleet.change(
      fleet.path(2), "CREATE TRIGGER x AFTER INSERT ON \(table) BEGIN DELETE FROM users; END")
    try expectRefusal(fleet, "history_trigger", "trigger x on \(table)")
  }

  @Test(arguments: MigrationTool.all)
  func `a database that is ahead of the files is left alone`(tool: MigrationTool) throws {
    let fleet = try FormatFleet(tool)
    try fleet.make(5)
    let bytes = try Content.bytes(fleet.path(5))
    let run = try fleet.run("migrate", "--yes", "--report", "report.json")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try fleet.failure(5).code == "ahead")
    #expect(try Content.bytes(fleet.path(5)) == bytes)
  }

  private static let checked: [MigrationTool] = [
    .sqlx, .refinery, .flyway, .atlas, .prisma, .drizzle, .custom,
  ]

  /// Changes the text of the second migration's file.
  private func change(_ fleet: FormatFleet, _ edit: (String) -> String) throws {
    let files = fleet.tool.files(Script.all)
    let name = try #require(
      files.keys.first { $0.contains("create_posts") && !$0.contains("down") && !$0.hasPrefix("U") })
    try fleet.folder.write(edit(files[name] ?? ""), to: "migrations/\(name)")
    try fleet.tool.finish(fleet.migrations)
  }

  @Test(arguments: checked)
  func `a file that is no longer what was applied is told by drift`(tool: MigrationTool) throws {
    let fleet = try FormatFleet(tool)
    try fleet.make(3)
    #expect(try fleet.run("drift").status == 0)
    try change(fleet) { $0 + "CREATE TABLE more (a);\n" }
    let drift = try fleet.run("drift", "--format", "json")
    #expect(drift.status == 4, "\(drift.output)\(drift.errors)")
    let changed = try fleet.differences(in: drift).filter { $0.kind == "migration_changed" }
    #expect(changed.count == 1 && changed.first?.actual == "a file with other content", "\(changed)")
    #expect(changed.first?.severity == "error")
    if tool.format != "drizzle" {
      #expect(throws: SupportError.self) { try tool.pending(fleet.path(3), fleet.migrations) }
    }
  }

  @Test(arguments: checked)
  func `line ends that have changed are told as such, and are an error where the tool compares them`(
    tool: MigrationTool
  ) throws {
    let fleet = try FormatFleet(tool)
    try fleet.make(3)
    let toCRLF = tool.format != "flyway"
    try change(fleet) { toCRLF ? $0.replacing("\n", with: "\r\n") : $0.replacing("\r\n", with: "\n") }
    let drift = try fleet.run("drift", "--format", "json")
    let changed = try fleet.differences(in: drift).filter { $0.kind == "migration_changed" }
    let accepts = (try? tool.pending(fleet.path(3), fleet.migrations)) != nil
    #expect(drift.status == (accepts ? 0 : 4), "\(drift.output)\(drift.errors)")
    // Flyway's checksum leaves line ends out.
    guard tool.format != "flyway" else { return #expect(changed.isEmpty) }
    #expect(changed.map(\.actual) == ["the same file with other line ends"], "\(changed)")
    #expect(changed.map(\.severity) == [accepts ? "warning" : "error"])
  }
}
