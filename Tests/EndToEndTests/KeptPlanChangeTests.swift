import Foundation
import SQLite
import TestSupport
import Testing

/// What has changed between `plan --output` and `migrate --plan` is left as it is.
@Suite struct KeptPlanChangeTests {
  private func plan(_ fleet: SmallFleet, expecting status: Int32 = 0) throws {
    let run = try fleet.run("plan", "--output", "plan.json")
    #expect(run.status == status, "\(run.output)\(run.errors)")
  }

  /// Migrates by the plan, expects only `changed` to fail as changed, and returns the message.
  private func migrate(
    _ fleet: SmallFleet, changed: String = "i0001", sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    let run = try fleet.migrate("--plan", "plan.json", "--max-failures", "9")
    #expect(run.status == 3, "\(run.output)\(run.errors)", sourceLocation: sourceLocation)
    let records = try fleet.records()
    for (id, record) in records where id != changed {
      #expect(
        record["status"] as? String == "migrated", "\(id) \(record["error"] ?? "")",
        sourceLocation: sourceLocation)
    }
    let record = try #require(records[changed], sourceLocation: sourceLocation)
    #expect(record["status"] as? String == "failed", sourceLocation: sourceLocation)
    let error = try #require(record["error"] as? [String: Any], sourceLocation: sourceLocation)
    #expect(error["code"] as? String == "changed", "\(error)", sourceLocation: sourceLocation)
    #expect(record["backup"] is NSNull, sourceLocation: sourceLocation)
    return error["message"] as? String ?? ""
  }

  @Test(arguments: [
    ("INSERT INTO schema_migrations (version, name) VALUES (2, 'add_age')", "it records 2 add_age"),
    ("INSERT INTO schema_migrations (version, name) VALUES (0, 'other')", "it records 0 other"),
    ("DELETE FROM schema_migrations", "it no longer records 1 create_tables"),
    (
      "UPDATE schema_migrations SET name = 'renamed'",
      "it records 1 renamed, and no longer records 1 create_tables"
    ),
    ("DROP TABLE schema_migrations", "it has no history any more"),
    ("ALTER TABLE items ADD COLUMN extra TEXT", "its schema is another one"),
    ("CREATE TRIGGER t AFTER INSERT ON items BEGIN SELECT 1; END", "its schema is another one"),
  ])
  func `a change before the run leaves the database alone`(_ sql: String, _ reason: String) throws {
    let fleet = try SmallFleet(3)
    try plan(fleet)
    try SmallFleet.change(fleet.path(1), sql)
    let before = try Content.bytes(fleet.path(1))
    let message = try migrate(fleet)
    #expect(message == "it is no longer as it was when the plan was made: \(reason)")
    #expect(try Content.bytes(fleet.path(1)) == before)
    // It isn't a change to be overlooked by trying again.
    #expect(try fleet.migrate("--plan", "plan.json").output.contains("2 current · 1 failed"))
  }

  @Test func `rows of the application are no change`() throws {
    let fleet = try SmallFleet(2)
    try plan(fleet)
    try SmallFleet.change(fleet.path(1), "INSERT INTO parents (name) VALUES ('four')")
    let run = try fleet.migrate("--plan", "plan.json")
    #expect(run.status == 0, "\(run.output)")
  }

  @Test(
    arguments: [
      ("ALTER TABLE items ADD COLUMN extra TEXT", "its schema is another one"),
      ("INSERT INTO schema_migrations (version, name) VALUES (2, \"add_age\")", "it records 2 add_age"),
      (
        "ALTER TABLE parents ADD COLUMN age INTEGER; "
          + "INSERT INTO schema_migrations (version, name) VALUES (2, \"add_age\")", "it records 2 add_age"
      ),
    ], [true, false])
  func `a change between the look and the lock is found under the lock`(
    _ change: (String, String), _ hasBackup: Bool
  ) throws {
    let fleet = try SmallFleet(
      3,
      extra: """
        hooks:
          before: [sh, -c, 'case $FLOTILLA_INSTALLATION_PATH in *0001*) sqlite3 "$FLOTILLA_INSTALLATION_PATH" "$SQL";; esac']
          after: [sh, -c, 'echo $FLOTILLA_STATUS >> after']
        """)
    try plan(fleet)
    let run = try Program.run(
      ["migrate", "--yes", "--report", "report.json", "--plan", "plan.json", "--max-failures", "9"]
        + (hasBackup ? [] : ["--no-backup"]),
      in: fleet.folder.path, environment: ["SQL": change.0])
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    let record = try #require(try fleet.records()["i0001"])
    let error = try #require(record["error"] as? [String: Any])
    #expect(error["code"] as? String == "changed", "\(error)")
    #expect((error["message"] as? String)?.hasSuffix(change.1) == true, "\(error)")
    #expect(record["backup"] is NSNull)
    let expected = fleet.template(1) + ".copy"
    try FileManager.default.copyItem(atPath: fleet.template(1), toPath: expected)
    for statement in change.0.split(separator: ";") {
      try SmallFleet.change(expected, String(statement).replacing("\"", with: "'"))
    }
    // The times in the history differ.
    let others = { (path: String) in
      try Content.dump(path).filter { !$0.hasPrefix("schema_migrations ") }
    }
    #expect(try others(fleet.path(1)) == others(expected))
    #expect(try SmallFleet.versions(fleet.path(1)) == SmallFleet.versions(expected))
    // The application is started again.
    let after = try String(contentsOfFile: fleet.folder.file("after"), encoding: .utf8)
    #expect(after.split(separator: "\n").sorted() == ["failed", "migrated", "migrated"])
  }

  @Test func `a change after the look is found before a hook runs`() throws {
    // When the first one is done, the second one is changed.
    let fleet = try SmallFleet(
      2,
      extra: """
        rollout: { concurrency: 1 }
        hooks:
          before: [sh, -c, 'echo $FLOTILLA_INSTALLATION_PATH >> before']
          after: [sh, -c, 'sqlite3 "$NEXT" "ALTER TABLE items ADD COLUMN extra"']
        """)
    try plan(fleet)
    let run = try Program.run(
      ["migrate", "--yes", "--plan", "plan.json"], in: fleet.folder.path, environment: ["NEXT": fleet.path(1)]
    )
    #expect(run.status == 3 && run.words.contains("its schema is another one"), "\(run.output)\(run.errors)")
    #expect(run.words.contains("flotilla plan --output"))
    #expect(try fleet.versions() == [[1, 2, 3], [1]])
    let before = try String(contentsOfFile: fleet.folder.file("before"), encoding: .utf8)
    #expect(before == fleet.path(0) + "\n")
  }

  @Test func `a database that is gone, or elsewhere, or no longer in the inventory has changed`() throws {
    let fleet = try SmallFleet(3)
    let entries = (0..<3).map { "  - { id: i000\($0), path: db/i000\($0).sqlite }" }
    try fleet.configure("", installations: entries.joined(separator: "\n"))
    try plan(fleet)
    try FileManager.default.moveItem(atPath: fleet.path(1), toPath: fleet.folder.file("moved.sqlite"))
    #expect(try migrate(fleet).contains("no longer as it was when the plan was made: "))
    try fleet.reset()
    try FileManager.default.moveItem(atPath: fleet.path(1), toPath: fleet.folder.file("there.sqlite"))
    try fleet.configure(
      "",
      installations: [entries[0], "  - { id: i0001, path: there.sqlite }", entries[2]].joined(separator: "\n")
    )
    #expect(
      try migrate(fleet).hasSuffix(
        "the plan has it at \(fleet.path(1)), and the inventory now says \(fleet.folder.file("there.sqlite"))"
      ))
    #expect(try SmallFleet.versions(fleet.folder.file("there.sqlite")) == [1])
    try FileManager.default.removeItem(atPath: fleet.folder.file("there.sqlite"))
    try fleet.reset()
    try fleet.configure("", installations: [entries[0], entries[2]].joined(separator: "\n"))
    #expect(try migrate(fleet).hasSuffix("the inventory no longer has it"))
    #expect(try SmallFleet.versions(fleet.path(1)) == [1])
  }

  @Test func `what could not be looked at when the plan was made is left alone`() throws {
    let fleet = try SmallFleet(4)
    let whole = try Content.bytes(fleet.path(1))
    try Data("no database".utf8).write(to: URL(filePath: fleet.path(1)))
    try SmallFleet.change(fleet.path(2), "INSERT INTO schema_migrations (version, name) VALUES (99, 'newer')")
    let made = try fleet.run("plan", "--output", "plan.json")
    #expect(made.status == 3)
    #expect(made.output.contains("Plan  plan.json, for 4 installations; 2 of them would be left alone"))
    // It is whole again. But nobody has agreed to what would be done to it.
    try Data(whole).write(to: URL(filePath: fleet.path(1)))
    // Without a terminal the plan is shown, and nothing is done.
    let shown = try fleet.run("migrate", "--plan", "plan.json")
    #expect(shown.status == 1 && shown.errors.contains("there is no terminal to ask on"), "\(shown.errors)")
    #expect(shown.errors.contains("the plan leaves it alone; when it was made:"), "\(shown.errors)")
    let run = try fleet.migrate("--plan", "plan.json")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.words.contains("2 migrated · 2 left alone"), "\(run.output)")
    #expect(run.words.contains("the plan leaves it alone; when it was made: "))
    #expect(try Content.bytes(fleet.path(1)) == whole)
    let records = try fleet.records()
    #expect(records["i0001"]?["status"] as? String == "skipped")
    #expect((records["i0001"]?["error"] as? [String: Any])?["code"] as? String == "not_a_database")
    #expect((records["i0002"]?["error"] as? [String: Any])?["code"] as? String == "ahead")
  }

  @Test func `a database without a history is one in the plan, too`() throws {
    let fleet = try SmallFleet(3)
    for number in 0..<2 { try SmallFleet.change(fleet.path(number), "DROP TABLE schema_migrations") }
    try fleet.migration("0001_create_tables.sql", "CREATE TABLE others (id INTEGER PRIMARY KEY);")
    try fleet.migration("0002_add_age.sql", "SELECT 1;")
    try fleet.migration("0003_add_cascade.sql", "SELECT 1;")
    try plan(fleet)
    try SmallFleet.change(
      fleet.path(1),
      "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT, applied_at TEXT)")
    let run = try fleet.migrate("--plan", "plan.json", "--max-failures", "9")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.words.contains("it has a history now"))
    #expect(try fleet.versions() == [[1, 2, 3], [], [1, 2, 3]])
  }
}
