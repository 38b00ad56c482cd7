import Foundation
import TestSupport
import Testing

/// `rollout.max_lock`: a rollout doesn't begin if the application would have to wait too long.
@Suite struct LockLimitTests {
  private func databases(_ fleet: SmallFleet) throws -> [String: Data] {
    let names = fleet.files.filter { $0.hasPrefix("db/") && !$0.hasSuffix(".flotilla") }
    return try Dictionary(
      uniqueKeysWithValues: names.filter { $0.hasSuffix(".sqlite") }.map {
        ($0, try Data(contentsOf: URL(filePath: fleet.folder.file($0))))
      })
  }

  private func expectUntouched(_ fleet: SmallFleet, _ before: [String: Data]) throws {
    #expect(try databases(fleet) == before)
    #expect(fleet.backups.isEmpty)
    #expect(!fleet.files.contains { $0.contains("rehearsal") })
    #expect(!fleet.files.contains("report.json"))
    #expect(try fleet.run("history").output.contains("migrate") == false)
  }

  @Test func `where writers would wait too long nothing is changed, and the status is 7`() throws {
    let fleet = try SmallFleet(4, slow: 1_000_000)
    try fleet.configure("rollout: { max_lock: 20ms }")
    let before = try databases(fleet)
    let run = try fleet.migrate()
    #expect(run.status == 7, "\(run.output)\(run.errors)")
    #expect(run.output.isEmpty)
    let words = run.errors.split { $0.isWhitespace }.joined(separator: " ")
    for text in [
      "version 1, ", "writers wait about ", ", above max_lock", "writers of i000", " kB", "would wait about ",
      "; rollout.max_lock allows 20 ms → divide the migrations, or raise rollout.max_lock",
      "flotilla: nothing was changed: writers would have to wait longer than rollout.max_lock allows",
    ] { #expect(words.contains(text), "\(text): \(run.errors)") }
    #expect(run.errors.split(separator: "\n").allSatisfy { $0.count <= 100 }, "\(run.errors)")
    try expectUntouched(fleet, before)
    for arguments in [["plan", "--rehearse"], ["plan", "--rehearse", "--check"]] {
      let plan = try Program.run(arguments, in: fleet.folder.path)
      #expect(plan.status == 7 && plan.words.contains("; rollout.max_lock allows 20 ms"), "\(plan.output)")
      #expect(plan.output.hasSuffix("Next, once that is mended: flotilla plan --rehearse\n"))
    }
    #expect(try fleet.run("plan", "--check").status == 5)
    try expectUntouched(fleet, before)
  }

  @Test func `within the limit the rollout begins`() throws {
    let fleet = try SmallFleet(4)
    try fleet.configure("rollout: { max_lock: 10m }")
    let plan = try fleet.run("plan", "--rehearse")
    #expect(plan.status == 0 && plan.words.contains("writers wait about "), "\(plan.output)")
    #expect(!plan.output.contains("max_lock"))
    let run = try fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(!run.errors.contains("Rehearsed") && !fleet.files.contains { $0.contains("rehearsal") })
    #expect(try fleet.versions() == Array(repeating: [1, 2, 3], count: 4))
    // Nothing is pending, so nothing is rehearsed.
    try fleet.configure("rollout: { max_lock: 1ms }")
    #expect(try fleet.migrate().status == 0)
  }

  @Test func `only the selected installations count, and only cohorts with something pending`() throws {
    let fleet = try SmallFleet(3, slow: 1_000_000)
    try SmallFleet.change(fleet.path(1), "CREATE INDEX odd ON parents (name, id)")
    for table in ["items", "parents"] { try SmallFleet.change(fleet.path(1), "DELETE FROM \(table)") }
    try fleet.configure("rollout: { max_lock: 150ms }")
    let before = try databases(fleet)
    let run = try fleet.migrate()
    #expect(run.status == 7 && !run.errors.contains("writers of i0001"), "\(run.errors)")
    #expect(try databases(fleet) == before)
    #expect(try fleet.migrate("--only", "i0001").status == 0)
    #expect(try fleet.versions() == [[1], [1, 2, 3], [1]])
  }

  @Test func `a rehearsal that fails or can't be made is a refusal`() throws {
    let fleet = try SmallFleet(2)
    try fleet.configure("rollout: { max_lock: 10m }")
    try fleet.migration("0004_trim.sql", "DELETE FROM items WHERE id > 10;")
    let before = try databases(fleet)
    let run = try fleet.migrate()
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("0004_trim.sql\n  -- @deletes items\n"), "\(run.errors)")
    #expect(
      run.errors.hasSuffix("nothing was changed: rollout.max_lock asks for a rehearsal, and it failed\n"))
    try expectUntouched(fleet, before)
    try fleet.migration("0004_trim.sql", "-- @deletes items\nDELETE FROM items WHERE id > 10;")
    #expect(try fleet.migrate().status == 0)
  }

  @Test(.needs(.mounts)) func `without room for the copy the rollout doesn't begin`() throws {
    let fleet = try SmallFleet(1, rows: 20_000)
    try fleet.configure("state: small\nrollout: { max_lock: 10m }")
    let before = try databases(fleet)
    let run = try SmallMount.run(fleet, size: "1m", "\"$FLOTILLA\" migrate --yes --no-backup")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("could not be tried") && run.errors.contains("a copy and its journal"))
    #expect(
      run.errors.hasSuffix("nothing was changed: rollout.max_lock asks for a rehearsal, and it failed\n"))
    #expect(try databases(fleet) == before)
    try fleet.configure("state: small")
    let unlimited = try SmallMount.run(fleet, size: "1m", "\"$FLOTILLA\" migrate --yes --no-backup")
    #expect(unlimited.status == 0, "\(unlimited.output)\(unlimited.errors)")
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `a signal during the rehearsal ends the run before anything is changed`(signal: Int32) throws {
    let fleet = try SmallFleet(2, slow: 200_000_000)
    try fleet.configure("rollout: { max_lock: 10m }")
    let before = try databases(fleet)
    let started = try Program.start(["migrate", "--yes"], in: fleet.folder.path)
    try #require(waits(30) { fleet.files.contains { $0.contains("rehearsal/copy") } }, "nothing is copied")
    kill(started.process.processIdentifier, signal)
    let run = try Program.finish(started)
    #expect(run.status == 128 + signal, "\(run.output)\(run.errors)")
    #expect(run.words.contains("2 pending") && run.output.contains("the rest was not begun"), "\(run.output)")
    #expect(try databases(fleet) == before && fleet.backups.isEmpty)
    #expect(!fleet.files.contains { $0.contains("rehearsal") })
  }

  @Test func `databases on hosts are rehearsed there, the largest of a cohort`() throws {
    let host = try HostFleet(3, slow: 1_000_000, extra: "rollout: { max_lock: 20ms }")
    try SmallFleet.change(
      host.fleet.path(2), "INSERT INTO parents (name) VALUES ('\(String(repeating: "x", count: 100_000))')")
    let before = try databases(host.fleet)
    let run = try host.fleet.migrate()
    #expect(run.status == 7 && run.errors.contains("writers of i2 ("), "\(run.output)\(run.errors)")
    #expect(try databases(host.fleet) == before && host.backups.isEmpty)
    try host.configure(extra: "rollout: { max_lock: 10m }")
    #expect(try host.fleet.migrate().status == 0)
    #expect(try host.fleet.records().values.allSatisfy { $0["locked_ms"] is Double })
  }

  @Test(arguments: ["0s", "5", "soon", "-1s"])
  func `a limit that is none is refused`(text: String) throws {
    let fleet = try SmallFleet(1)
    try fleet.configure("rollout: { max_lock: \(text) }")
    let run = try fleet.migrate()
    #expect(run.status == 1 && run.errors.contains("\"rollout.max_lock\" must be "), "\(run.errors)")
  }
}
