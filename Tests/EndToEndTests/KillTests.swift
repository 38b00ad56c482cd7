import Foundation
import Glibc
import SQLite
import TestSupport
import Testing

/// `kill -9` at any moment: every installation is wholly at its old or wholly at its new version.
@Suite(.serialized) struct KillTests {
  static let isTorture = ProcessInfo.processInfo.environment["FLOTILLA_TORTURE"].map { !$0.isEmpty } ?? false

  /// Rows, schema and versions of one state, without the dates at which versions were recorded.
  private struct State: Equatable {
    let versions: [Int64]
    let schema: [String]
    let rows: [String]

    init(_ path: String) throws {
      versions = try SmallFleet.versions(path)
      schema = try Content.dump(path).filter { $0.contains("CREATE ") }
      rows = try Content.rows(of: "items", at: path) + Content.rows(of: "parents", at: path)
    }
  }

  @Test(.timeLimit(.minutes(30)))
  func `a run that is killed leaves every installation at its old or its new version`() throws {
    let (count, rounds) = Self.isTorture ? (200, 50) : (40, 8)
    let fleet = try SmallFleet(count, extra: "backup: { keep: 1 }")
    let old = try State(fleet.template(0))
    let start = ContinuousClock.now
    #expect(try fleet.migrate().status == 0)
    let whole = ContinuousClock.now - start
    let new = try State(fleet.path(0))
    #expect(new.versions == [1, 2, 3] && new.schema != old.schema)
    try fleet.reset()
    var (killed, mixed) = (0, 0)
    for round in 1...rounds {
      let wait = whole * Double.random(in: 0.02...0.98)
      if try kill(fleet, after: wait) { killed += 1 }
      let done = try check(fleet, old, new)
      if done > 0, done < count { mixed += 1 }
      if Self.isTorture {
        print("round \(round) of \(rounds): killed after \(wait), \(done) of \(count) new")
      }
      if done == count { try fleet.reset() }
    }
    #expect(killed > 0, "no run was killed before its end")
    if Self.isTorture {
      print("\(killed) of \(rounds) killed before the end, \(mixed) in the middle of the fleet")
    }
    let last = try fleet.migrate()
    #expect(last.status == 0, "\(last.output)\(last.errors)")
    #expect(try check(fleet, old, new) == count)
    #expect(!fleet.files.contains { $0.hasSuffix(".part") }, "what a killed run began is swept away")
    try checkBackups(fleet, old)
    // With one backup kept of each, what killed runs made and didn't note would be left over.
    #expect(try fleet.run("backups").output.split(separator: "\n").count == backups(fleet).count)
  }

  @Test func `a report that a killed run left unfinished goes, one that is being written stays`() throws {
    let fleet = try SmallFleet(1)
    #expect(try fleet.migrate().status == 0)
    try fleet.folder.write("{", to: ".flotilla/reports/left.json.part")
    try fleet.folder.write("{", to: ".flotilla/reports/written.json.part")
    let file = open(fleet.folder.file(".flotilla/reports/written.json.part"), O_RDWR | O_CLOEXEC)
    defer { close(file) }
    #expect(flock(file, LOCK_EX) == 0)
    #expect(try fleet.migrate().status == 0)
    #expect(fleet.files.filter { $0.hasSuffix(".part") } == [".flotilla/reports/written.json.part"])
  }

  @Test(.timeLimit(.minutes(30)))
  func `a restore that is killed leaves every installation at its old or its new version`() throws {
    let (count, rounds) = Self.isTorture ? (100, 20) : (20, 4)
    let fleet = try SmallFleet(count, extra: "backup: { keep: 100 }")
    let old = try State(fleet.template(0))
    #expect(try fleet.migrate().status == 0)
    let new = try State(fleet.path(0))
    let id = String(try fleet.run("history").output.prefix { $0 != " " })
    var (killed, left) = (0, count)
    for round in 1...rounds {
      let restored = Int.random(in: 1...max(1, left * 3 / 4))
      if try killRestore(fleet, id, after: restored) { killed += 1 }
      let done = try check(fleet, old, new)
      if Self.isTorture {
        print("round \(round) of \(rounds): killed after \(restored) restores, \(done) of \(count) new")
      }
      left = done
      if done == 0 {
        #expect(try fleet.migrate().status == 0)
        left = count
      }
    }
    #expect(killed > 0, "no restore was killed before its end")
    let last = try fleet.run("restore", "--run", id, "--yes")
    #expect(last.status == 0, "\(last.output)\(last.errors)")
    #expect(try check(fleet, old, new) == 0)
    for number in 0..<count {
      #expect(try Content.mode(fleet.path(number)) == Content.mode(fleet.template(number)))
    }
  }

  /// Starts a run and kills it; says whether it was still at work.
  private func kill(
    _ fleet: SmallFleet, _ arguments: [String] = ["migrate", "--yes"], after wait: Duration
  ) throws -> Bool {
    let started = try Program.start(arguments, in: fleet.folder.path)
    let seconds = Double(wait.components.seconds) + Double(wait.components.attoseconds) / 1e18
    Thread.sleep(forTimeInterval: seconds)
    Glibc.kill(started.process.processIdentifier, SIGKILL)
    _ = try Program.finish(started)
    return started.process.terminationReason == .uncaughtSignal
  }

  /// Starts a restore and kills it when that many of its databases are changed; says whether it was still at work.
  private func killRestore(_ fleet: SmallFleet, _ id: String, after number: Int) throws -> Bool {
    let dates = {
      try fleet.paths.map { try FileManager.default.attributesOfItem(atPath: $0)[.modificationDate] as? Date }
    }
    let before = try dates()
    let started = try Program.start(["restore", "--run", id, "--yes"], in: fleet.folder.path)
    while started.process.isRunning, try zip(before, dates()).count(where: { $0 != $1 }) < number {
      usleep(1000)
    }
    Glibc.kill(started.process.processIdentifier, SIGKILL)
    _ = try Program.finish(started)
    return started.process.terminationReason == .uncaughtSignal
  }

  /// Looks at copies of all files, so that the next run meets what the killed one left. Returns how many are new.
  private func check(_ fleet: SmallFleet, _ old: State, _ new: State) throws -> Int {
    let scratch = try TemporaryFolder()
    let copy = scratch.file("db.sqlite")
    var done = 0
    for path in fleet.paths {
      for suffix in ["", "-wal", "-journal"] {
        try? FileManager.default.removeItem(atPath: copy + suffix)
        guard FileManager.default.fileExists(atPath: path + suffix) else { continue }
        try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
      }
      let state = try State(copy)
      #expect(try Content.integrity(copy) == "ok", "\(path)")
      #expect(state == old || state == new, "\(path) is at \(state.versions), neither old nor new")
      if state == new { done += 1 }
      try? FileManager.default.removeItem(atPath: copy + "-shm")
    }
    return done
  }

  private func backups(_ fleet: SmallFleet) -> [String] {
    fleet.files.filter { $0.hasPrefix(".flotilla/backups/") && $0.hasSuffix(".sqlite") }
  }

  private func checkBackups(_ fleet: SmallFleet, _ old: State) throws {
    let backups = backups(fleet)
    #expect(backups.count >= fleet.count)
    for backup in backups {
      let path = fleet.folder.file(backup)
      #expect(try Content.integrity(path) == "ok", "\(backup)")
      #expect(try State(path) == old, "\(backup)")
    }
  }
}
