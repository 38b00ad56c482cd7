import Foundation
import Glibc
import SQLite
import TestSupport
import Testing

/// `flotilla adopt`: a migration that its tool has marked as half done is settled where the schema tells how far it got.
@Suite struct SettleTests {
  @Test(arguments: HalfDoneFleet.Tool.allCases)
  func `a mark is removed or completed as the schema shows, and the tool's history goes on`(
    tool: HalfDoneFleet.Tool
  ) throws {
    let fleet = try HalfDoneFleet(tool, [.before, .after, .between, .complete])
    let (two, three) = (fleet.version(2), fleet.version(3))
    let before = try (0..<4).map(fleet.bytes)
    let status = try fleet.run("status")
    #expect(status.status == 3 && status.words.contains("flotilla adopt"), "\(status.output)")
    #expect(status.words.contains("the schema is still that of version \(two)"))
    #expect(status.words.contains("the schema is already that of version \(three)"))
    let asked = try fleet.run("adopt")
    #expect(asked.status == 1 && asked.errors.contains("flotilla adopt --yes"), "\(asked.errors)")
    let removed = "the schema is still that of version \(two): the mark is removed, so that migrate runs it"
    let completed = "the schema is already that of version \(three): the mark is completed"
    #expect(asked.words.contains("version \(three) is half done; \(removed)"), "\(asked.output)")
    #expect(asked.words.contains("version \(three) is half done; \(completed)"))
    #expect(asked.words.contains("neither that of version \(two) nor that of version \(three)"))
    #expect(asked.words.contains("has a history: left alone") && asked.words.contains("2 to adopt"))
    #expect(try (0..<4).map(fleet.bytes) == before)

    let content = try (0..<2).map { try Content.rows(of: "items", at: fleet.path($0)) }
    let run = try fleet.run("adopt", "--yes")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(
      run.words.contains("2 installations adopted: 1 at version \(two), 1 at version \(three)"),
      "\(run.output)")
    #expect(try fleet.rows(0) == fleet.applied(2) && fleet.rows(1) == fleet.applied(3))
    #expect(try fleet.bytes(2) == before[2] && fleet.bytes(3) == before[3])
    #expect(try (0..<2).map { try Content.rows(of: "items", at: fleet.path($0)) } == content)
    #expect(fleet.backups.count == 2)
    let records = try fleet.records()
    #expect((records["i0"]?["backup"] as? [String: Any])?["sha256"] != nil)
    #expect("\(records["i1"]?["version_before"] ?? "")" == two && records["i1"]?["error"] is NSNull)
    let error = records["i2"]?["error"] as? [String: Any]
    #expect(error?["code"] as? String == "unknown_version")

    #expect(try fleet.run("--only", "!i2", "drift").status == 0)
    let migrated = try fleet.run("--only", "!i2", "migrate", "--yes")
    #expect(migrated.status == 0, "\(migrated.output)\(migrated.errors)")
    for number in [1, 3] { #expect(try fleet.rows(number) == fleet.applied(4)) }
    #expect(try Set(fleet.rows(0)).isSuperset(of: fleet.applied(4)))
    let drift = try fleet.run("--only", "!i2", "drift", "--deep")
    #expect(drift.status == 0, "\(drift.output)")
  }

  @Test(arguments: HalfDoneFleet.Tool.allCases)
  func `where the schema is neither, --version says which, and the differences are shown`(
    tool: HalfDoneFleet.Tool
  ) throws {
    let fleet = try HalfDoneFleet(tool, [.between, .between])
    let (two, three) = (fleet.version(2), fleet.version(3))
    let before = try (0..<2).map(fleet.bytes)
    let refused = try fleet.run("adopt", "--version", fleet.version(1), "--yes")
    #expect(refused.status == 3, "\(refused.output)\(refused.errors)")
    #expect(refused.words.contains("version \(fleet.version(1)) is not one of the two"), "\(refused.output)")
    #expect(try (0..<2).map(fleet.bytes) == before)
    let removed = try fleet.run("--only", "i0", "adopt", "--version", two, "--yes")
    #expect(removed.status == 0, "\(removed.output)\(removed.errors)")
    #expect(removed.words.contains("unlike version \(two): table tags is unexpected"), "\(removed.output)")
    let completed = try fleet.run("--only", "i1", "adopt", "--version", three, "--yes")
    #expect(completed.status == 0, "\(completed.output)\(completed.errors)")
    #expect(
      completed.words.contains("unlike version \(three): column items.age is missing"), "\(completed.output)")
    #expect(try fleet.rows(0) == fleet.applied(2) && fleet.rows(1) == fleet.applied(3))
    // What is missing is drift now.
    #expect(try fleet.run("drift").status == 4)
  }

  @Test(arguments: HalfDoneFleet.Tool.allCases)
  func `a migration that changes no schema is settled only as somebody says`(
    tool: HalfDoneFleet.Tool
  ) throws {
    let fleet = try HalfDoneFleet(
      tool, [.before, .after], third: "UPDATE items SET note = upper(note);\nUPDATE items SET price = 1;",
      undo: "UPDATE items SET note = lower(note)")
    let before = try (0..<2).map(fleet.bytes)
    let run = try fleet.run("adopt", "--yes")
    #expect(
      run.status == 3 && run.words.contains("it changes no schema, so the schema doesn't tell"),
      "\(run.output)")
    #expect(run.words.contains("adopt --version VERSION"))
    #expect(try (0..<2).map(fleet.bytes) == before && fleet.backups.isEmpty)
    let removed = try fleet.run("--only", "i0", "adopt", "--version", fleet.version(2), "--yes")
    #expect(removed.status == 0 && removed.words.contains("the mark is removed"), "\(removed.output)")
    let completed = try fleet.run("--only", "i1", "adopt", "--version", fleet.version(3), "--yes")
    #expect(completed.status == 0 && completed.words.contains("the mark is completed"), "\(completed.output)")
    #expect(try fleet.rows(0) == fleet.applied(2) && fleet.rows(1) == fleet.applied(3))
    #expect(try fleet.run("migrate", "--yes").status == 0)
    #expect(try Content.value("SELECT count(*) FROM items WHERE note = 'ONE'", at: fleet.path(0)) == 1)
    #expect(try Content.value("SELECT count(*) FROM items WHERE note = 'ONE'", at: fleet.path(1)) == 0)
    #expect(try fleet.run("drift").status == 0)
  }

  @Test func `rows that may have been changed without a trace in the schema leave it open`() throws {
    let fleet = try HalfDoneFleet(
      .sqlx, [.before, .after],
      third: "UPDATE items SET price = 1;\n\(HalfDoneFleet.tags)\nINSERT INTO tags (tag) VALUES ('a');",
      undo: "DROP TABLE tags")
    let before = try (0..<2).map(fleet.bytes)
    let run = try fleet.run("adopt", "--yes")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(
      run.words.contains("of version 2, but doesn't tell whether line 1 of its file ran"),
      "\(run.output)")
    #expect(run.words.contains("of version 3, but doesn't tell whether line 3 of its file ran"))
    #expect(try (0..<2).map(fleet.bytes) == before)
    // What the schema shows can't be contradicted.
    let other = try fleet.run("--only", "i0", "adopt", "--version", "3", "--yes")
    #expect(other.status == 3 && other.words.contains("so it isn't at version 3"), "\(other.output)")
    #expect(try fleet.bytes(0) == before[0])
    #expect(try fleet.run("--only", "i0", "adopt", "--version", "2", "--yes").status == 0)
    #expect(try fleet.run("--only", "i1", "adopt", "--version", "3", "--yes").status == 0)
    #expect(try fleet.rows(0) == fleet.applied(2) && fleet.rows(1) == fleet.applied(3))
  }

  @Test func `where the first migration of golang-migrate did nothing, no row is left`() throws {
    let fleet = try HalfDoneFleet(.golang, [.complete])
    try fleet.change(
      0, "DROP TABLE tags; DROP TABLE items; UPDATE schema_migrations SET version = 1, dirty = 1")
    let run = try fleet.run("adopt", "--yes")
    #expect(run.status == 0 && run.words.contains("still that of version 0"), "\(run.output)\(run.errors)")
    #expect(try fleet.rows(0) == [])
    #expect(try fleet.run("migrate", "--yes").status == 0)
    #expect(try fleet.rows(0) == fleet.applied(4))
  }

  @Test(
    arguments: [
      // The tool stopped while it undid the first migration, or ran one that isn't there.
      (.golang, "UPDATE schema_migrations SET version = -1", "these migrations don't have version -1"),
      (.golang, "UPDATE schema_migrations SET version = 9", "these migrations don't have version 9"),
      (.golang, "UPDATE schema_migrations SET version = 'x'", "has a row that golang-migrate doesn't write"),
      (
        .sqlx, "UPDATE _sqlx_migrations SET success = 0 WHERE version = 2",
        "only the tool can settle several at once"
      ),
      (
        .sqlx, "INSERT INTO _sqlx_migrations SELECT 9, '', '', 1, x'00', 0",
        "these migrations don't have version 9"
      ),
      (
        .sqlx, "CREATE TRIGGER t AFTER UPDATE ON _sqlx_migrations BEGIN DELETE FROM items; END",
        "trigger t on _sqlx_migrations would run"
      ),
    ] as [(HalfDoneFleet.Tool, String, String)])
  func `a history that can't be settled is left alone, also with --version`(
    tool: HalfDoneFleet.Tool, change: String, message: String
  ) throws {
    let fleet = try HalfDoneFleet(tool, [.after])
    try fleet.change(0, change)
    let before = try fleet.bytes(0)
    for words in [["adopt", "--yes"], ["adopt", "--version", "3", "--yes"]] {
      let run = try Program.run(words, in: fleet.folder.path)
      #expect(run.status == 3 && run.words.contains(message), "\(run.output)\(run.errors)")
      #expect(run.words.contains("left alone"))
    }
    #expect(try fleet.bytes(0) == before && fleet.backups.isEmpty)
  }

  @Test func `a lock that yoyo has left is for yoyo to break`() throws {
    let folder = try TemporaryFolder()
    try folder.write("-- depends:\nCREATE TABLE items (id);", to: "migrations/0001.items.sql")
    try folder.write(
      "fleet: y\nmigrations: { path: migrations, format: yoyo }\ninstallations: [{ files: db.sqlite }]\n",
      to: "fleet.yml")
    let path = try folder.database("db.sqlite", "CREATE TABLE a (b); DROP TABLE a;")
    #expect(try Program.run("migrate", "--yes", in: folder.path).status == 0)
    let database = try Connection(path: path, access: .readWrite)
    try database.execute("INSERT INTO yoyo_lock (ctime, pid) VALUES ('2024-01-01', 812)")
    database.close()
    let before = try Content.bytes(path)
    let run = try Program.run("adopt", "--yes", in: folder.path)
    #expect(run.status == 3 && run.words.contains("yoyo break-lock removes it"), "\(run.output)\(run.errors)")
    #expect(try Content.bytes(path) == before)
  }

  @Test func `a migration that atlas migrate set has resolved counts as applied`() throws {
    let fleet = try HalfDoneFleet(.atlas, [.after])
    try fleet.change(0, "UPDATE atlas_schema_revisions SET type = 6 WHERE applied < total")
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try fleet.run("drift").status == 0)
  }

  @Test func `a database that another process keeps locked is settled by the next run`() throws {
    let fleet = try HalfDoneFleet(.flyway, [.before, .after], extra: "rollout: { busy_timeout: 1s }")
    let other = try Connection(path: fleet.path(1), access: .readWrite)
    try other.execute("BEGIN IMMEDIATE")
    let run = try fleet.run("adopt", "--yes")
    #expect(run.status == 3 && run.words.contains("1 failed i1 lock:"), "\(run.output)")
    other.close()
    #expect(try fleet.rows(0) == fleet.applied(2))
    #expect(try fleet.run("adopt", "--yes").status == 0)
    #expect(try fleet.rows(1) == fleet.applied(3))
  }

  @Test(arguments: [HalfDoneFleet.Tool.golang, .prisma])
  func `what a killed run left is marked or settled, and the next one finishes`(
    tool: HalfDoneFleet.Tool
  ) throws {
    let count = 30
    let fleet = try HalfDoneFleet(
      tool, (0..<count).map { $0 % 3 == 0 ? .after : .before }, extra: "rollout: { concurrency: 2 }")
    let marked = try (0..<count).map(fleet.rows)
    let settled = (0..<count).map { fleet.applied($0 % 3 == 0 ? 3 : 2) }
    var killed = 0
    while killed < 4 {
      let started = try Program.start(["adopt", "--yes"], in: fleet.folder.path)
      // A backup appears right before its database is written.
      let backups = fleet.backups.count
      while started.process.isRunning, fleet.backups.count < backups + 3 { usleep(200) }
      Glibc.kill(started.process.processIdentifier, SIGKILL)
      _ = try Program.finish(started)
      guard started.process.terminationReason == .uncaughtSignal else { break }
      killed += 1
      for number in 0..<count {
        let rows = try fleet.rows(number)
        #expect(rows == marked[number] || rows == settled[number], "\(number): \(rows)")
      }
    }
    #expect(killed > 0, "no run was killed before its end")
    let last = try fleet.run("adopt", "--yes")
    #expect(last.status == 0, "\(last.output)\(last.errors)")
    #expect(try (0..<count).map(fleet.rows) == settled)
    #expect(try fleet.run("migrate", "--yes").status == 0)
    #expect(try fleet.run("drift").status == 0)
  }

  @Test func `a host's databases are settled as those here are`() throws {
    let fleet = try HalfDoneFleet(.sqlx, [.before, .after, .between])
    let server = try SSHServer(agent: HostFleet.agent)
    let entries = (0..<3).map { number in
      "  - { id: i\(number), host: 127.0.0.1, port: \(server.port), path: \"\(fleet.path(number))\" }"
    }
    try fleet.configure("ssh: \(server.settings(""))", installations: entries.joined(separator: "\n"))
    let before = try fleet.bytes(2)
    let run = try fleet.run("adopt", "--yes")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.words.contains("2 installations adopted: 1 at version 2, 1 at version 3"), "\(run.output)")
    #expect(try fleet.rows(0) == fleet.applied(2) && fleet.rows(1) == fleet.applied(3))
    #expect(try fleet.bytes(2) == before)
    #expect(fleet.backups.count == 2)
    let restored = try fleet.run("restore", "--run", "last", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    #expect(try fleet.rows(0).last == "3 0" && fleet.rows(1).last == "3 0")
  }
}
