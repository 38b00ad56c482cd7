import Foundation
import TestSupport
import Testing

/// Waves, failures that stop them, and what is there afterwards: history, reports, backups.
@Suite struct RolloutTests {
  /// A fleet in which the installations at `failing` do not fulfil what a migration requires.
  private func fleet(_ count: Int, failing: [Int], extra: String) throws -> SmallFleet {
    let fleet = try SmallFleet(count, extra: extra)
    try fleet.migration(
      "0004_require_name.sql",
      "-- @require query SELECT name <> 'bad' FROM parents : a parent is bad\nSELECT 1;")
    for number in failing { try SmallFleet.change(fleet.path(number), "UPDATE parents SET name = 'bad'") }
    return fleet
  }

  @Test func `a wave with too many failures is the last`() throws {
    let fleet = try fleet(10, failing: [1], extra: "rollout: { waves: [2, 50%, 100%], concurrency: 1 }")
    let run = try fleet.migrate()
    #expect(run.status == 3)
    #expect(run.output.contains("Stopped in wave 1 (2): 1 failed, 0 may. The rest was not begun."))
    let words = run.output.split { $0.isWhitespace }.joined(separator: " ")
    #expect(words.contains("1 migrated · 8 pending · 1 failed"), "\(run.output)")
    #expect(try fleet.versions().count { $0 == [1, 2, 3, 4] } == 1)
    #expect(try fleet.versions()[1] == [1])
    #expect(try fleet.records()["i0001"]?["wave"] as? Int == 1)
    #expect(try fleet.run("history").output.contains("stopped"))
  }

  @Test(arguments: [
    (1, "0", 0), (1, "1", 1), (2, "1", 1), (2, "50%", 1), (2, "49%", 0), (100, "5%", 5), (100, "0.5%", 0),
    (100, "2", 2),
  ])
  func `as many failures as max_failures stop nothing, and one more stops the rollout`(
    size: Int, limit: String, allowed: Int
  ) throws {
    for failing in [allowed, allowed + 1] where failing <= size {
      let fleet = try fleet(
        size + 1, failing: Array(0..<failing),
        extra: "rollout: { waves: [\(size), 100%], max_failures: \(limit), concurrency: 1 }")
      let run = try fleet.migrate()
      #expect(run.status == (failing == 0 ? 0 : 3), "\(run.output)\(run.errors)")
      let isStopped = run.words.contains(
        "Stopped in wave 1 (\(size)): \(failing) failed, \(allowed) may. The rest was not begun.")
      #expect(isStopped == (failing > allowed), "\(run.output)")
      #expect(try SmallFleet.versions(fleet.path(size)) == (failing > allowed ? [1] : [1, 2, 3, 4]))
    }
  }

  @Test func `failures that are allowed stop nothing`() throws {
    let fleet = try fleet(10, failing: [1, 7], extra: "rollout: { waves: [2, 50%, 100%] }")
    let run = try fleet.migrate("--max-failures", "1")
    #expect(run.status == 3)
    #expect(run.output.contains("8 migrated · 2 failed"))
    #expect(try fleet.records()["i0009"]?["wave"] as? Int == 3)
    #expect(!fleet.files.contains { $0.hasSuffix("i0001.sqlite") && $0.contains("backups") })
  }

  @Test func `the report of a past run is the one that was written`() throws {
    let fleet = try SmallFleet(3)
    #expect(try fleet.migrate().status == 0)
    let written = try String(contentsOfFile: fleet.folder.file("report.json"), encoding: .utf8)
    #expect(try fleet.run("report", "--run", "last").output == written)
    let history = try fleet.run("history").output
    #expect(history.contains("migrate  finished  3 migrated"))
    let id = try #require(history.split(separator: " ").first)
    #expect(try fleet.run("report", "--run", String(id)).output == written)
    let other = try fleet.run("report", "--run", "nonsense")
    #expect(other.status == 1)
    #expect(other.errors.contains("there is no run nonsense"))
  }

  @Test func `what a run changed can be taken back, and that too`() throws {
    let fleet = try SmallFleet(4)
    let before = try fleet.paths.map(Content.dump)
    let modes = try fleet.paths.map(Content.mode)
    #expect(try fleet.migrate().status == 0)
    let after = try fleet.paths.map(Content.dump)
    #expect(try fleet.run("backups").output.split(separator: "\n").count == 4)

    let refused = try fleet.run("restore", "--run", "last")
    #expect(refused.status == 1)
    #expect(refused.errors.contains("add --yes"))
    #expect(try fleet.paths.map(Content.dump) == after)

    let restored = try fleet.run("restore", "--run", "last", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    #expect(restored.output.contains("4 installations restored"))
    #expect(try fleet.paths.map(Content.dump) == before)
    #expect(try fleet.paths.map(Content.mode) == modes)

    #expect(try fleet.run("restore", "--run", "last", "--yes").status == 0)
    #expect(try fleet.paths.map(Content.dump) == after)
    #expect(try fleet.run("history").output.split(separator: "\n").count == 3)
  }

  @Test func `one installation can be restored alone`() throws {
    let fleet = try SmallFleet(3)
    #expect(try fleet.migrate().status == 0)
    #expect(try fleet.run("restore", "--run", "last", "--yes", "--only", "i0001").status == 0)
    #expect(try fleet.versions() == [[1, 2, 3], [1], [1, 2, 3]])
  }

  @Test func `a damaged database is restored, and that nothing of it could be saved is told`() throws {
    let fleet = try SmallFleet(2)
    #expect(try fleet.migrate().status == 0)
    let page = try #require(
      try Content.value("SELECT rootpage FROM sqlite_schema WHERE name = 'items'", at: fleet.path(0)))
    var bytes = try Content.bytes(fleet.path(0))
    for offset in 0..<16 { bytes[Int(page - 1) * 4096 + offset] = 0xA5 }
    try Data(bytes).write(to: URL(filePath: fleet.path(0)))
    let run = try fleet.run("restore", "--run", "last", "--yes")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("2 installations restored"))
    #expect(run.output.contains("i0000 was damaged: there is no backup of what was there before"))
    #expect(!run.output.contains("i0001 was damaged"))
    #expect(try fleet.versions() == [[1], [1]])
  }

  @Test func `a backup that was changed is not restored, and the others are`() throws {
    let fleet = try SmallFleet(3)
    #expect(try fleet.migrate().status == 0)
    let backup = try #require(fleet.files.first { $0.contains("backups/") && $0.hasSuffix("i0001.sqlite") })
    let path = fleet.folder.file(backup)
    try Data(try Content.bytes(path) + [0]).write(to: URL(filePath: path))
    let run = try fleet.run("restore", "--run", "last", "--yes")
    #expect(run.status == 3)
    let words = run.output.split { $0.isWhitespace }.joined(separator: " ")
    #expect(words.contains("is not the file that was written"))
    #expect(try fleet.versions() == [[1], [1, 2, 3], [1]])
  }

  @Test func `only so many backups of an installation are kept`() throws {
    let fleet = try SmallFleet(2, extra: "backup: { keep: 2 }")
    for _ in 0..<4 { #expect(try fleet.run("backup").status == 0) }
    #expect(try fleet.run("backups").output.split(separator: "\n").count == 4)
    let files = fleet.files.filter { $0.hasPrefix(".flotilla/backups/") }
    #expect(files.count == 6, "two folders with two files each: \(files)")
  }

  @Test func `a restore that fails doesn't push out the backup that it was to restore`() throws {
    let fleet = try SmallFleet(1, extra: "backup: { keep: 1 }")
    #expect(try fleet.migrate().status == 0)
    let backup = try #require(fleet.files.first { $0.contains("backups/") && $0.hasSuffix(".sqlite") })
    let path = fleet.folder.file(backup)
    let good = try Content.bytes(path)
    try Data(good + [0]).write(to: URL(filePath: path))
    #expect(try fleet.run("restore", "--run", "last", "--yes").status == 3)
    #expect(FileManager.default.fileExists(atPath: path))
    try Data(good).write(to: URL(filePath: path))
    let id = backup.split(separator: "/")[2]
    #expect(try fleet.run("restore", "--run", String(id), "--yes").status == 0)
    #expect(try fleet.versions() == [[1]])
  }

  @Test func `one backup can be restored again and again`() throws {
    let fleet = try SmallFleet(1, extra: "backup: { keep: 1 }")
    #expect(try fleet.migrate().status == 0)
    let id = String(try fleet.run("history").output.prefix { $0 != " " })
    for _ in 0..<3 {
      try SmallFleet.change(fleet.path(0), "UPDATE parents SET name = 'other'")
      let run = try fleet.run("restore", "--run", id, "--yes")
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      #expect(try Content.dump(fleet.path(0)) == Content.dump(fleet.template(0)))
    }
    #expect(try fleet.migrate().status == 0)
    #expect(try fleet.run("backups").output.split(separator: "\n").count == 1)
  }

  @Test func `a backup that a killed run made and didn't note can be restored`() throws {
    let fleet = try SmallFleet(2)
    #expect(try fleet.migrate().status == 0)
    // As if the run had been killed before it wrote its journal.
    let journal = fleet.folder.file(".flotilla/state.sqlite")
    try SmallFleet.change(journal, "DELETE FROM backups")
    try SmallFleet.change(journal, "UPDATE runs SET finished_at = NULL, result = NULL, header = NULL")
    let backup = try #require(fleet.files.first { $0.contains("backups/") && $0.hasSuffix("i0001.sqlite") })
    try Data().write(to: URL(filePath: fleet.folder.file(backup + ".part")))
    let id = String(backup.split(separator: "/")[2])
    let run = try fleet.run("restore", "--run", id, "--yes")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try fleet.versions() == [[1], [1]])
    #expect(!fleet.files.contains { $0.hasSuffix(".part") })
  }
}
