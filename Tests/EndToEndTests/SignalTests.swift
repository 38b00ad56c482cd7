import Foundation
import TestSupport
import Testing

/// SIGINT and SIGTERM: the first lets what has begun come to its end, the second stops at once.
@Suite(.serialized) struct SignalTests {
  /// Starts a slow run, waits until its first installation is migrated and the second is being, then sends the
  /// signals.
  private func interrupted(_ fleet: SmallFleet, _ signals: [Int32]) throws -> ProgramResult {
    let started = try Program.start(
      ["migrate", "--yes", "--concurrency", "1", "--report", "report.json"], in: fleet.folder.path)
    let end = ContinuousClock.now + .seconds(30)
    while try SmallFleet.versions(fleet.path(0)) != [1, 2, 3], ContinuousClock.now < end { usleep(5000) }
    while fleet.backups.count < 2, ContinuousClock.now < end { usleep(5000) }
    for signal in signals {
      kill(started.process.processIdentifier, signal)
      usleep(60_000)
    }
    return try Program.finish(started)
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `one signal ends the run after what has begun, with a report`(signal: Int32) throws {
    let fleet = try SmallFleet(8, slow: 600_000)
    let run = try interrupted(fleet, [signal])
    #expect(run.status == 128 + signal, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("finishing what has begun"))
    #expect(run.output.contains("Interrupted: what had begun was finished, the rest was not begun."))
    let statuses = try fleet.records().values.compactMap { $0["status"] as? String }
    #expect(statuses.count == 8)
    let done = try fleet.versions().count { $0 == [1, 2, 3] }
    #expect(statuses.count { $0 == "migrated" } == done)
    #expect(statuses.count { $0 == "pending" } == 8 - done)
    #expect(done >= 1 && done < 8)
    #expect(try fleet.run("history").output.contains("interrupted"))
    let next = try fleet.migrate()
    #expect(next.status == 0)
    #expect(next.output.contains("\(8 - done) migrated · \(done) current"))
  }

  @Test func `a second signal stops at once and harms nothing`() throws {
    let fleet = try SmallFleet(3, slow: 5_000_000)
    let run = try interrupted(fleet, [SIGINT, SIGTERM])
    #expect(run.status == 143)
    #expect(!run.output.contains("Report"))
    for path in fleet.paths { #expect(try Content.integrity(path) == "ok") }
    #expect(try fleet.versions().allSatisfy { $0 == [1] || $0 == [1, 2, 3] })
    #expect(try fleet.run("history").output.contains("did not end"))
    #expect(try fleet.migrate().status == 0)
    #expect(try fleet.versions() == Array(repeating: [1, 2, 3], count: 3))
  }
}
