import Foundation
import SQLite
import TestSupport
import Testing

/// The commands that need no database, with the files of other tools.
@Suite struct FormatCommandTests {
  @Test(arguments: MigrationTool.all)
  func `lint and test approve of the files`(tool: MigrationTool) throws {
    let fleet = try FormatFleet(tool)
    try fleet.make(1)
    let lint = try fleet.run("lint")
    #expect(lint.status == 0, "\(lint.output)\(lint.errors)")
    if tool.format != "flotilla" {
      #expect(lint.words.contains("PRAGMA foreign_keys is left out"), "\(lint.output)")
    }
    // An application's own table isn't made by its migrations, so there is nothing to begin a test with.
    guard tool.format != "custom" else { return }
    let test = try fleet.run("test")
    #expect(test.status == 0, "\(test.output)\(test.errors)")
  }

  @Test(arguments: MigrationTool.all)
  func `a new file is refused until it is written, and then applied by Flotilla as by the tool`(
    tool: MigrationTool
  ) throws {
    let fleet = try FormatFleet(tool)
    try fleet.make(2)
    try fleet.make(3)
    let new = try fleet.run("new", "add_age")
    guard !["atlas", "drizzle"].contains(tool.format) else {
      #expect(new.status == 1)
      #expect(
        new.errors.contains(
          tool.format == "atlas" ? "atlas migrate new add_age" : "drizzle-kit generate --name add_age"))
      return
    }
    #expect(new.status == 0, "\(new.errors)")
    let file = "\(fleet.folder.path)/\(new.output.trimmingCharacters(in: .newlines))"
    #expect(try fleet.run("lint").status == 1)
    #expect(try fleet.run("migrate", "--yes").status == 1)

    let text = try String(contentsOfFile: file, encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let added = "ALTER TABLE users ADD COLUMN age INTEGER;"
    let written = lines.map {
      $0.hasPrefix("-- @") ? (lines.first { $0.hasPrefix("-- @") } == $0 ? added : "") : String($0)
    }
    try Data(written.filter { !$0.hasPrefix("-- ALTER") }.joined(separator: "\n").utf8).write(
      to: URL(filePath: file))
    #expect(try tool.pending(fleet.path(2), fleet.migrations) == 3)
    try tool.up(fleet.path(3), fleet.migrations)
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try tool.pending(fleet.path(2), fleet.migrations) == 0)
    let drift = try fleet.run("drift")
    #expect(
      drift.status == 0 && drift.output.contains("2 as they should be"), "\(drift.output)\(drift.errors)")
  }

  @Test(arguments: [MigrationTool.golangMigrate, .sqlx, .refinery, .flyway, .custom])
  func `numbers that begin with zero are versions like others`(tool: MigrationTool) throws {
    let zero = MigrationTool(
      name: tool.name, format: tool.format, settings: tool.settings, table: tool.table,
      files: { scripts in
        let shifted = scripts.map { Script(number: $0.number - 1, name: $0.name, statements: $0.statements) }
        let files = tool.files(shifted).map { file, text in
          (file.replacing("V1.", with: "V").replacing("2024010100000", with: ""), text)
        }
        return Dictionary(files) { $1 }
      })
    let fleet = try FormatFleet(zero)
    for version in 0...4 { try fleet.make(version) }
    let before = try (0...4).map(fleet.content)
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(!run.output.contains("baseline"), "\(run.output)")
    for version in 0...4 { #expect(try zero.pending(fleet.path(version), fleet.migrations) == 0) }
    #expect(try (0...4).map(fleet.content) == before)
    #expect(try fleet.run("drift").status == 0)
  }

  @Test func `what files with recorded checksums don't declare is declared in fleet.yml`() throws {
    let folder = try TemporaryFolder()
    try folder.write("CREATE TABLE items (id INTEGER PRIMARY KEY, note TEXT);", to: "migrations/1_items.sql")
    try folder.write("DELETE FROM items WHERE id > 1;", to: "migrations/2_fewer.sql")
    try folder.write("UPDATE items SET note = NULL;", to: "migrations/3_notes.sql")
    let path = try folder.database("a.sqlite", "CREATE TABLE x (y)")
    let fleet =
      "fleet: x\ninstallations: [{ files: '*.sqlite' }]\nmigrations:\n  path: migrations\n  format: sqlx\n"
    try folder.write(fleet, to: "fleet.yml")
    #expect(try Program.run("migrate", "--yes", "--to", "1", in: folder.path).status == 0)
    try SmallFleet.change(path, "INSERT INTO items (note) VALUES ('a'), ('b'), ('c')")
    let files = try Content.bytes(folder.file("migrations/2_fewer.sql"))
    let failed = try Program.run("migrate", "--yes", in: folder.path)
    #expect(failed.words.contains("'deletes: { 2: [items] }' in fleet.yml"), "\(failed.output)")
    let rehearsed = try Program.run("plan", "--rehearse", in: folder.path)
    let pasted = "    deletes:\n      2: [items]\n    changes:\n      3: [items.note]\n"
    #expect(
      rehearsed.status == 3 && rehearsed.output.contains("fleet.yml\n  migrations:\n" + pasted),
      "\(rehearsed.output)")
    try folder.write(fleet + pasted.replacing("\n  ", with: "\n").dropFirst(2), to: "fleet.yml")
    let again = try Program.run("plan", "--rehearse", in: folder.path)
    #expect(again.status == 0, "\(again.output)\(again.errors)")
    #expect(try Program.run("migrate", "--yes", in: folder.path).status == 0)
    #expect(try Content.bytes(folder.file("migrations/2_fewer.sql")) == files)
    #expect(try IndependentReader.rows("SELECT count(*), count(note) FROM items", at: path) == ["1|0"])
  }
}
