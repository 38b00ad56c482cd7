import Foundation
import SQLite
import TestSupport
import Testing

/// Selections by what a run has recorded: `--only failed:last` and the like.
@Suite struct RunSelectionTests {
  /// A fleet in which `migrate` fails at `failing`, in waves.
  private func fleet(
    _ count: Int, failing: [Int], rollout: String = "max_failures: 9", installations: String? = nil
  ) throws -> SmallFleet {
    let fleet = try SmallFleet(count)
    try fleet.configure(
      "rollout: { concurrency: 1, \(rollout) }", installations: installations ?? "  - { files: db/*.sqlite }")
    try fleet.migration(
      "0004_require_name.sql",
      "-- @require query SELECT name <> 'bad' FROM parents : a parent is bad\nSELECT 1;")
    for number in failing { try SmallFleet.change(fleet.path(number), "UPDATE parents SET name = 'bad'") }
    return fleet
  }

  private func mend(_ fleet: SmallFleet, _ number: Int) throws {
    try SmallFleet.change(fleet.path(number), "UPDATE parents SET name = 'good'")
  }

  private func change(journalOf fleet: SmallFleet, _ sql: String) throws {
    try SmallFleet.change(fleet.folder.file(".flotilla/state.sqlite"), sql)
  }

  private func lastRun(of fleet: SmallFleet) throws -> String {
    String(try #require(try fleet.run("history", "--limit", "1").output.split(separator: " ").first))
  }

  private func refuses(
    _ fleet: SmallFleet, _ pattern: String, _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try fleet.versions()
    let run = try fleet.run("migrate", "--yes", "--only", pattern)
    #expect(run.status == 1, sourceLocation: sourceLocation)
    for word in words {
      #expect(run.errors.contains(word), "\(run.errors)", sourceLocation: sourceLocation)
    }
    #expect(try fleet.versions() == before, sourceLocation: sourceLocation)
  }

  @Test func `what failed in the last run is migrated when it is mended`() throws {
    let fleet = try fleet(5, failing: [1, 3, 4])
    #expect(try fleet.migrate().status == 3)
    let failed = try lastRun(of: fleet)
    // A check is no run that anything failed in.
    #expect(try fleet.run("drift").status == 0)
    for number in [1, 3, 4] { try mend(fleet, number) }
    let run = try fleet.migrate("--only", "failed:last:!i0003")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("flotilla: --only failed:last: 3 installations of run \(failed) (migrate, 2"))
    #expect(try fleet.versions().map(\.count) == [4, 4, 4, 1, 4])
    let report = try fleet.folder.report(
      String(contentsOfFile: fleet.folder.file("report.json"), encoding: .utf8))
    #expect((report["run"] as? [String: Any])?["only"] as? String == "failed:last:!i0003")
    // Nothing failed in that one, so the earlier one has to be named.
    try refuses(fleet, "failed:last", "0 installations of run", "selects no installation")
    #expect(try fleet.run("--only", "i0003:&failed:\(failed)", "migrate", "--yes").status == 0)
    #expect(try fleet.versions()[3].count == 4)
  }

  @Test func `every command takes the selection`() throws {
    let fleet = try fleet(4, failing: [2])
    #expect(try fleet.migrate().status == 3)
    let id = try lastRun(of: fleet)
    let pattern = "failed:\(id)"
    #expect(try fleet.run("status", "--only", pattern).output.contains("small: 1 installation, 4 migrations"))
    #expect(try fleet.run("plan", "--only", pattern).words.contains("1 to migrate"))
    #expect(try fleet.run("drift", "--only", pattern).output.contains("1 as they should be"))
    #expect(try fleet.run("report", "--only", pattern, "--format", "csv").output.contains("i0002"))
    #expect(try fleet.run("backup", "--only", pattern).status == 0)
    #expect(try fleet.run("backups", "--only", "migrated:\(id)").output.split(separator: "\n").count == 3)
    #expect(try fleet.run("restore", "--run", id, "--yes", "--only", "migrated:\(id)[0]").status == 0)
    #expect(try fleet.versions().map(\.count) == [1, 4, 1, 4])
  }

  @Test func `what is not recorded is refused with what to do`() throws {
    let fleet = try fleet(3, failing: [1])
    try refuses(fleet, "failed:last", "there is no run yet")
    #expect(try fleet.run("drift").status == 0)
    try refuses(fleet, "failed:last", "the journal has no run yet, other than checks for drift")
    try refuses(fleet, "pending", "no run has looked at the whole fleet yet", "flotilla migrate")
    try refuses(fleet, "wave:1", "the journal has no rollout yet")
    try refuses(fleet, "failed:00000000000000000000000000", "there is no run", "flotilla history lists them")
    try refuses(
      fleet, "failed", "no installation and no group is called \"failed\"; did you mean failed:last?")
    #expect(try fleet.migrate().status == 3)
    try refuses(fleet, "wave:3", "the last rollout, run ", "had 1 wave")
    try refuses(fleet, "wave:0", "had 1 wave")
    try refuses(fleet, "wave:99999999999999999999", "no installation and no group is called")
    try change(journalOf: fleet, "DELETE FROM outcomes WHERE status = 'failed'")
    try refuses(fleet, "failed:last", "counted 1 failed and recorded 0: the journal is not complete")
    try change(journalOf: fleet, "UPDATE runs SET finished_at = NULL, result = NULL, header = NULL")
    for pattern in ["failed:last", "wave:1", "drifted:last", "i0000:!failed:last"] {
      try refuses(fleet, pattern, "has not come to its end", "flotilla history")
    }
  }

  @Test func `a name that could be meant is refused, and both can be said`() throws {
    let fleet = try fleet(
      4, failing: [1],
      installations: """
          - { path: db/i0000.sqlite, id: zero, groups: [failed, "2"] }
          - { path: db/i0001.sqlite, id: one }
          - { path: db/i0002.sqlite, id: last, groups: [pending] }
          - { path: db/i0003.sqlite, id: "@drifted" }
        """)
    #expect(try fleet.migrate().status == 3)
    try refuses(
      fleet, "failed:last", "a group is called \"failed\"", "write @failed:last", "--only '\"failed\"'")
    try refuses(fleet, "migrated:last", "an installation is called \"last\"")
    try refuses(fleet, "pending", "a group is called \"pending\"")
    try refuses(fleet, "wave:2", "a group is called \"2\"")
    func count(_ pattern: String) throws -> String {
      String(try fleet.run("status", "--only", pattern).output.split(separator: ",")[0])
    }
    #expect(try count("@failed:last") == "small: 1 installation")
    #expect(try count("\"failed\":last") == "small: 2 installations")
    #expect(try count("failed,last") == "small: 2 installations")
    #expect(try count("\"@drifted\"") == "small: 1 installation")
    #expect(try count("@migrated:last") == "small: 3 installations")
    #expect(try count("@migrated:last[1:]:&@wave:1") == "small: 2 installations")
  }

  @Test func `pending and drifted come from a run that looked at everything`() throws {
    let fleet = try fleet(6, failing: [0], rollout: "waves: [2, 100%]")
    #expect(try fleet.migrate().status == 3)
    let stopped = try lastRun(of: fleet)
    try SmallFleet.change(fleet.path(5), "ALTER TABLE items ADD COLUMN extra TEXT")
    // A selection is not everything, and neither has it seen the drift of the others.
    #expect(try fleet.run("migrate", "--yes", "--only", "i0001").status == 0)
    let pending = try fleet.run("status", "--only", "pending")
    #expect(pending.output.contains("small: 5 installations,"), "\(pending.output)")
    #expect(pending.errors.contains("of run \(stopped) (migrate"), "\(pending.errors)")
    #expect(!pending.errors.contains("not in that run"))
    let new = fleet.folder.file("db/new.sqlite")
    try FileManager.default.copyItem(atPath: fleet.path(1), toPath: new)
    let newcomer = try fleet.run("status", "--only", "pending")
    #expect(newcomer.errors.contains("UTC); 1 of the inventory was not in that run"), "\(newcomer.errors)")
    try FileManager.default.removeItem(atPath: new)
    try refuses(fleet, "drifted", "selects no installation")
    #expect(try fleet.run("drift").status == 4)
    let drifted = try fleet.run("status", "--only", "drifted")
    #expect(drifted.output.contains("small: 1 installation,"), "\(drifted.output)")
    #expect(
      drifted.errors.contains("--only drifted: 1 installation of run ") && drifted.errors.contains("(drift, ")
    )
    #expect(try fleet.run("status", "--only", "pending").errors.contains("of run \(stopped) (migrate"))
    // A check that was asked for its records knows what is pending, too.
    #expect(try fleet.run("drift", "--format", "json").status == 4)
    let again = try fleet.run("status", "--only", "pending:&drifted")
    #expect(again.errors.contains("--only pending: 6 installations of run") == false)
    #expect(again.errors.contains("--only pending: ") && again.errors.contains("(drift, "), "\(again.errors)")
    #expect(again.output.contains("small: 1 installation,"))
  }

  @Test func `a wave has the members of the last rollout, or is refused where they are not known`() throws {
    let fleet = try fleet(6, failing: [1], rollout: "waves: [2, 50%, 100%]")
    #expect(try fleet.migrate("--max-failures", "1").status == 3)
    #expect(try fleet.run("migrate", "--yes", "--only", "i0000").status == 0)
    // What has nothing to do is no rollout, so the members are those of the first one.
    let waves = try fleet.records().mapValues { $0["wave"] as? Int }
    for wave in 1...3 {
      let run = try fleet.run("report", "--format", "json", "--only", "wave:\(wave)")
      let list = try #require(try fleet.folder.report(run.output)["installations"] as? [[String: Any]])
      #expect(
        Set(list.map { $0["id"] as? String }) == Set(waves.filter { $0.value == wave }.keys), "\(run.errors)")
    }
    let stopping = try self.fleet(6, failing: [2], rollout: "waves: [2, 2, 100%], max_failures: 0")
    #expect(try stopping.migrate().status == 3)
    let run = try lastRun(of: stopping)
    #expect(try stopping.run("status", "--only", "wave:1").output.contains("small: 2 installations"))
    try refuses(
      stopping, "wave:2", "wave 2 of run \(run)", "has 2 installations", "had come to 1 of them",
      "pending:\(run)")
    #expect(try stopping.run("status", "--only", "pending:\(run)").output.contains("small: 3 installations"))
  }

  @Test func `an installation that the inventory no longer has is named`() throws {
    let fleet = try fleet(4, failing: [1, 2])
    #expect(try fleet.migrate().status == 3)
    try FileManager.default.removeItem(atPath: fleet.path(1))
    let run = try fleet.run("status", "--only", "failed:last")
    #expect(run.errors.contains("--only failed:last: 1 installation of run"), "\(run.errors)")
    #expect(run.errors.contains("the inventory no longer has i0001"))
    #expect(run.output.contains("small: 1 installation,"))
  }

  @Test func `waves in fleet yml know no runs`() throws {
    let fleet = try fleet(2, failing: [], rollout: "waves: ['failed:last', 100%]")
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 1)
    #expect(run.errors.contains("no installation and no group is called \"failed\""), "\(run.errors)")
  }
}
