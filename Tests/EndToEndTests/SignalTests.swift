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
    try #require(
      waits(30) { try SmallFleet.versions(fleet.path(0)) == [1, 2, 3] && fleet.backups.count >= 2 })
    var errors = ""
    for signal in signals {
      kill(started.process.processIdentifier, signal)
      if errors.isEmpty { errors = try Program.waitForErrors("finishing what has begun", of: started) }
    }
    let run = try Program.finish(started)
    return ProgramResult(status: run.status, output: run.output, errors: errors + run.errors)
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

  /// Waits until a program has worked for that long, in hundredths of a second of its processor's time.
  private func waitForWork(_ process: Process, _ ticks: Int) throws {
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
      let text = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
      let fields = text.split(separator: " ")
      if fields.count > 13, Int(fields[13]) ?? 0 >= ticks { return }
      usleep(5000)
    }
    throw SupportError("the program does not work")
  }

  @Test(
    .timeLimit(.minutes(1)), arguments: [["lint"], ["test"], ["plan"], ["migrate", "--yes"]],
    [SIGINT, SIGTERM])
  func `migrations that don't end are left at the first signal`(command: [String], signal: Int32) throws {
    let fleet = try SmallFleet(1)
    try fleet.migration(
      "0004_endless.sql",
      "CREATE TABLE e AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;"
    )
    let started = try Program.start(command, in: fleet.folder.path)
    try waitForWork(started.process, 50)
    kill(started.process.processIdentifier, signal)
    let run = try Program.finish(started)
    #expect(run.status == 128 + signal, "\(run.output)\(run.errors)")
    #expect(run.output.isEmpty)
    #expect(try fleet.versions() == [[1]])
  }
}
