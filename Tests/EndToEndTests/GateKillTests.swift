import Foundation
import Glibc
import SQLite
import TestSupport
import Testing

/// `kill -9` while a rollout with gates is in each of its states: it goes on to the same end.
@Suite struct GateKillTests {
  private func fleet(_ waves: String, slow: Int = 0, _ more: String = "") throws -> SmallFleet {
    try SmallFleet(6, slow: slow, extra: "rollout: { waves: [\(waves)], concurrency: 1\(more) }")
  }

  /// Starts a command, kills it once `isReached`, and returns whether it was killed.
  private func kill(_ command: [String], _ fleet: SmallFleet, when isReached: () throws -> Bool) throws {
    let started = try Program.start(command, in: fleet.folder.path)
    let isThere = try waits(30, until: isReached)
    let found = try fleet.run("rollout")
    Glibc.kill(started.process.processIdentifier, SIGKILL)
    let run = try Program.finish(started)
    try #require(isThere, "\(found.output)\(found.errors)\(run.output)\(run.errors)")
    try #require(started.process.terminationReason == .uncaughtSignal, "\(run.output)\(run.errors)")
  }

  private func stands(_ fleet: SmallFleet, _ text: String) throws -> Bool {
    try fleet.run("rollout").words.contains(text)
  }

  private func isNew(_ fleet: SmallFleet, _ numbers: Range<Int>) throws -> Bool {
    try numbers.allSatisfy { try SmallFleet.versions(fleet.path($0)) == [1, 2, 3] }
  }

  private func isOld(_ fleet: SmallFleet, _ numbers: Range<Int>) throws -> Bool {
    try numbers.allSatisfy { try SmallFleet.versions(fleet.path($0)) == [1] }
  }

  /// Expects that everything is done, nothing twice, and every backup is what was there before.
  private func expectDone(_ fleet: SmallFleet) throws {
    #expect(try isNew(fleet, 0..<6))
    #expect(try stands(fleet, "all 3 waves are done"))
    let journal = try Connection(path: fleet.folder.file(".flotilla/state.sqlite"), access: .readOnly)
    defer { journal.close() }
    let twice = try journal.rows(
      "SELECT installation FROM outcomes WHERE status = 'migrated' GROUP BY 1 HAVING count(*) > 1"
    ) { $0.text(0) ?? "" }
    #expect(twice == [])
  }

  @Test func `in a wave`() throws {
    let fleet = try fleet("{ 3, approve: true }, 2, 100%", slow: 3_000_000)
    try kill(["migrate", "--yes"], fleet) { try !isOld(fleet, 0..<1) }
    #expect(try isOld(fleet, 2..<6), "one at a time")
    #expect(try stands(fleet, "wave 1 of 3 (3) is being migrated. "))
    let refused = try fleet.migrate()
    #expect(refused.status == 1 && refused.errors.contains("has not ended"), "\(refused.errors)")
    let run = try fleet.run("rollout", "continue", "--no-wait")
    #expect(run.status == 8, "\(run.output)\(run.errors)")
    #expect(try isNew(fleet, 0..<3) && isOld(fleet, 3..<6))
    #expect(try fleet.run("rollout", "approve").status == 0)
    #expect(try fleet.run("rollout", "continue").status == 0)
    try expectDone(fleet)
  }

  @Test func `in a bake, and while it waits for an approval`() throws {
    let fleet = try fleet("{ 2, bake: 10s, approve: true }, 2, 100%")
    try kill(["migrate", "--yes"], fleet) { try stands(fleet, "wave 1 of 3 (2) bakes. ") }
    #expect(try isNew(fleet, 0..<2) && isOld(fleet, 2..<6))
    try kill(["rollout", "continue"], fleet) { try stands(fleet, "waits for an approval. ") }
    #expect(try isOld(fleet, 2..<6))
    #expect(try fleet.run("rollout", "approve", "--by", "ada").status == 0)
    let run = try fleet.run("rollout", "continue")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try stands(fleet, "approved by ada"))
    try expectDone(fleet)
  }

  @Test func `in a check, and bad checks from before count`() throws {
    let fleet = try fleet("{ 2, bake: 2s, check: [sh, check], every: 60s, failures: 1 }, 2, 100%")
    // The first is bad, the second waits.
    try fleet.folder.write(
      """
      test -e first || { touch first; exit 1; }
      touch second
      for i in $(seq 200); do test -e go && exit 0; sleep 0.1; done
      exit 2
      """, to: "check")
    try kill(["migrate", "--yes"], fleet) { fleet.files.contains("second") }
    #expect(try isOld(fleet, 2..<6))
    try fleet.folder.write("", to: "go")
    let run = try fleet.run("rollout", "continue")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try stands(fleet, ", 1 bad, 0 inconclusive"))
    try expectDone(fleet)
  }

  @Test func `while it is taken back`() throws {
    let fleet = try fleet("{ 2, check: [sh, -c, 'exit 1'] }, 2, 100%", ", on_failure: restore")
    let before = try fleet.paths.map(Content.dump)
    // The restore of the first one, which comes last, waits for this lock.
    let other = try Connection(path: fleet.path(0), access: .readWrite)
    defer { other.close() }
    try fleet.folder.write("touch checked; exit 1", to: "check")
    try fleet.configure(
      "rollout: { waves: [{ 2, check: [sh, check] }, 2, 100%], concurrency: 1, on_failure: restore }")
    try fleet.folder.write(
      "touch checked; for i in $(seq 200); do test -e locked && exit 1; sleep 0.1; done", to: "check")
    try kill(["migrate", "--yes"], fleet) {
      if fleet.files.contains("checked"), !fleet.files.contains("locked") {
        try other.beginTransaction()
        try fleet.folder.write("", to: "locked")
      }
      guard fleet.files.contains("locked") else { return false }
      return try stands(fleet, "is being taken back") && SmallFleet.versions(fleet.path(1)) == [1]
    }
    other.rollback()
    #expect(try SmallFleet.versions(fleet.path(0)) == [1, 2, 3])
    let run = try fleet.run("rollout", "continue")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(try stands(fleet, "it was taken back: 1 check bad"))
    #expect(try fleet.paths.map(Content.dump) == before)
  }
}
