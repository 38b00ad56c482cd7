import Foundation
import SQLite
import TestSupport
import Testing

/// What a run that was killed left is told by the next command, whichever it is.
@Suite struct RecoveryTests {
  @Test func `backups that a killed run did not come to note are listed, and can be restored`() throws {
    let fleet = try SmallFleet(3)
    #expect(try fleet.migrate().status == 0)
    let state = fleet.folder.file(".flotilla")
    let run = try #require(try FileManager.default.contentsOfDirectory(atPath: "\(state)/backups").first)
    // As a kill leaves it, which came before anything was noted, or as a power cut that took the journal.
    for ending in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: "\(state)/state.sqlite\(ending)")
    }
    let listed = try fleet.run("backups")
    #expect(listed.status == 0, "\(listed.errors)")
    let lines = listed.output.split(separator: "\n")
    #expect(lines.count == 3 && lines.allSatisfy { $0.hasPrefix(run) && $0.contains("version 1") })
    let restored = try fleet.run("restore", "--run", "last", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    for place in 0..<3 {
      let versions = try IndependentReader.rows(
        "SELECT version FROM schema_migrations", at: fleet.path(place))
      #expect(versions == ["1"])
    }
  }

  @Test func `backups are listed while another flotilla works, and what may be missing is said`() throws {
    let fleet = try SmallFleet(1)
    #expect(try fleet.migrate().status == 0)
    let file = open(fleet.folder.file(".flotilla/lock"), O_RDWR | O_CLOEXEC)
    defer { close(file) }
    #expect(flock(file, LOCK_EX) == 0)
    let listed = try fleet.run("backups")
    #expect(listed.status == 0 && listed.output.split(separator: "\n").count == 1)
    #expect(listed.errors.contains("in use by another flotilla") && listed.errors.contains("missing here"))
  }

  @Test func `a condition that would end the transaction changes nothing, and lint tells it`() throws {
    let fleet = try SmallFleet(2)
    try fleet.migration(
      "0004_do_harm.sql",
      "-- @when query COMMIT\nUPDATE items SET note = 'x';\n-- @always\nDELETE FROM items;\n")
    for command in ["lint", "plan"] {
      let result = try fleet.run(command)
      #expect(result.status == 1)
      let text = result.output + result.errors
      #expect(text.contains("0004_do_harm.sql:1") && text.contains("one SELECT, VALUES"), "\(text)")
    }
    #expect(try fleet.migrate().status == 1)
    #expect(try IndependentReader.rows("SELECT count(*) FROM items", at: fleet.path(0)) == ["200"])
  }

  @Test func `a backup is kept where a part of a failed upgrade was committed`() throws {
    let fleet = try SmallFleet(2)
    #expect(try fleet.migrate().status == 0)
    try fleet.migration("0004_compact.sql", "-- @transaction none\nVACUUM;\n-- @expect query SELECT 0\n")
    #expect(try fleet.migrate("--max-failures", "9").status == 3)
    let kept = try fleet.run("backups").output.split(separator: "\n").filter { $0.contains("version 3") }
    #expect(kept.count == 2, "\(kept)")
  }

  @Test(arguments: [
    ("-- +goose Up\nCREATE TABLE a (b);\n-- +goose Down\nDROP TABLE a;\n", 1, "goose"),
    ("-- migrate:up\nCREATE TABLE a (b);\n-- migrate:down\nDROP TABLE a;\n", 1, "dbmate"),
    ("CREATE TABLE a (b);\n\n-- +migrate Down\nDROP TABLE a;\n", 3, "sql-migrate"),
    ("CREATE TABLE a (b);\n--> statement-breakpoint\nCREATE TABLE c (d);\n", 2, "Drizzle"),
    ("CREATE TABLE a (b); -- migrate:down\nDROP TABLE a;\n", 1, "dbmate"),
    ("-- no-transaction\nCREATE TABLE a (b);\n", 1, "sqlx"),
  ])
  func `the part of another tool's file that undoes it does not run`(text: String, line: Int, tool: String)
    throws
  {
    let fleet = try SmallFleet(1)
    try fleet.migration("0004_foreign.sql", text)
    for command in ["lint", "test", "plan"] {
      let result = try fleet.run(command)
      #expect(result.status == 1, "\(command)")
      let told = result.output + result.errors
      #expect(told.contains("0004_foreign.sql:\(line)") && told.contains("for \(tool)"), "\(told)")
    }
    #expect(try fleet.migrate().status == 1)
    #expect(try SmallFleet.versions(fleet.path(0)) == [1])
  }

  @Test func `words like another tool's in a text are no instruction`() throws {
    let fleet = try SmallFleet(1)
    try fleet.migration("0004_texts.sql", "INSERT INTO parents VALUES (9, '-- migrate:down', 1);\n")
    #expect(try fleet.migrate().status == 0)
  }

  @Test func `a database of another tool is told apart by every command, and can be backed up`() throws {
    let fleet = try SmallFleet(1)
    try FileManager.default.removeItem(atPath: fleet.path(0))
    try fleet.folder.database(
      String(fleet.path(0).dropFirst(fleet.folder.path.count + 1)),
      "CREATE TABLE schema_migrations (version uint64, dirty bool); CREATE TABLE items (id INTEGER PRIMARY KEY);"
    )
    for result in [try fleet.run("status"), try fleet.run("plan"), try fleet.migrate()] {
      #expect(result.status == 3)
      #expect(result.words.contains("golang-migrate"), "\(result.output)")
      #expect(!result.output.contains("no such column"))
    }
    let backup = try fleet.run("backup")
    #expect(backup.status == 0, "\(backup.output)\(backup.errors)")
    #expect(try fleet.run("backups").output.contains("untracked"))
    let restored = try fleet.run("restore", "--run", "last", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
  }
}
