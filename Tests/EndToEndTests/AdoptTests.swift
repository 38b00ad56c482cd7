import Foundation
import Glibc
import SQLite
import TestSupport
import Testing

/// `flotilla adopt`: databases without a history get the one that their schema shows.
@Suite struct AdoptTests {
  @Test func `twenty databases at five versions are told apart, recorded, and have no drift`() throws {
    let fleet = try UntrackedFleet((0..<20).map { $0 / 4 + 1 })
    #expect(try fleet.run("status").status == 3)
    let before = try fleet.paths.map { try Content.bytes($0) }
    let content = try fleet.paths.map(UntrackedFleet.content)
    let asked = try fleet.run("adopt")
    #expect(asked.status == 1 && asked.errors.contains("flotilla adopt --yes"), "\(asked.errors)")
    for version in 1...5 { #expect(asked.output.contains("equal to version \(version)\n")) }
    #expect(asked.words.contains("i16, i17, i18, i19 record 1–5") && asked.words.contains("20 to adopt"))
    #expect(try fleet.paths.map { try Content.bytes($0) } == before)
    #expect(try fleet.run("history").output.contains("There are no runs."))

    let run = try fleet.run("adopt", "--yes")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.words.contains("20 installations adopted: 4 at version 1, 4 at version 2"), "\(run.output)")
    #expect(try fleet.recorded() == fleet.versions.map(UntrackedFleet.full))
    #expect(try fleet.paths.map(UntrackedFleet.content) == content)
    let drift = try fleet.run("drift")
    #expect(drift.status == 0 && drift.output.contains("20 as they should be"), "\(drift.output)")
    #expect(try fleet.run("migrate", "--yes").status == 0)
    #expect(try fleet.recorded() == Array(repeating: [1, 2, 3, 4, 5], count: 20))
    #expect(try fleet.run("drift", "--deep").status == 0)
  }

  @Test func `a run is recorded, reported, and can be undone`() throws {
    let fleet = try UntrackedFleet([1, 3, 5])
    let content = try fleet.paths.map(Content.dump)
    #expect(try fleet.run("adopt", "--yes").status == 0)
    let history = try fleet.run("history").output
    #expect(history.contains("adopt  finished") && history.contains("1 current, 2 pending"), "\(history)")
    let records = try fleet.records()
    for (number, version) in [1, 3, 5].enumerated() {
      let record = try #require(records[fleet.id(number)])
      #expect(record["version_before"] is NSNull && record["version_after"] as? Int == version)
      #expect((record["backup"] as? [String: Any])?["sha256"] != nil && record["error"] is NSNull)
    }
    let id = String(history.prefix { $0 != " " })
    let restored = try fleet.run("restore", "--run", id, "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    #expect(try fleet.paths.map(Content.dump) == content)
    #expect(try fleet.recorded() == [nil, nil, nil])
  }

  @Test func `a database between two versions, and one like none, are told and left alone`() throws {
    let fleet = try UntrackedFleet([1, 1, 5, 2])
    try fleet.make(1, at: 1, "ALTER TABLE parents ADD COLUMN age INTEGER;")
    try fleet.make(2, at: 5, "DROP INDEX idx_items_parent; CREATE TABLE extra (a);")
    let before = try fleet.paths.map { try Content.bytes($0) }
    let run = try fleet.run("adopt", "--yes")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.words.contains("between versions 1 and 2: 1 difference"), "\(run.output)")
    #expect(run.words.contains("unlike version 2: index idx_parents_age is missing"))
    #expect(run.words.contains("like no version, nearest 5: 2 differences"))
    #expect(run.words.contains("unlike version 5: table extra is unexpected"))
    #expect(try fleet.recorded() == [[1], nil, nil, [1, 2]])
    for number in [1, 2] { #expect(try Content.bytes(fleet.path(number)) == before[number]) }
    #expect(fleet.backups.count == 2)
    let error = try #require(try fleet.records()[fleet.id(1)]?["error"] as? [String: Any])
    #expect(error["code"] as? String == "unknown_version")
    #expect((error["message"] as? String)?.contains("index idx_parents_age is missing") == true)
  }

  @Test func `where several versions have the same schema, somebody has to say which`() throws {
    let fleet = try UntrackedFleet([5, 4])
    try fleet.folder.write("UPDATE items SET note = upper(note);", to: "migrations/0006_shout.sql")
    try fleet.folder.write("-- @transaction none\nVACUUM;", to: "migrations/0007_compact.sql")
    let before = try Content.bytes(fleet.path(0))
    let run = try fleet.run("adopt", "--yes")
    #expect(run.status == 3)
    #expect(run.words.contains("equal to versions 5, 6 and 7 (6 and 7 change no"), "\(run.output)")
    #expect(run.words.contains("adopt --version VERSION"))
    #expect(try Content.bytes(fleet.path(0)) == before)
    #expect(try fleet.recorded() == [nil, [1, 2, 3, 4]])
    let other = try fleet.run("adopt", "--version", "4", "--yes")
    #expect(other.status == 3 && other.words.contains("so version 4 is not recorded"), "\(other.output)")
    #expect(try Content.bytes(fleet.path(0)) == before)
    let chosen = try fleet.run("adopt", "--version", "6", "--yes")
    #expect(chosen.status == 0, "\(chosen.output)\(chosen.errors)")
    #expect(chosen.words.contains("has a history: left alone"))
    #expect(try fleet.recorded() == [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4]])
    #expect(try fleet.run("--only", fleet.id(0), "drift").status == 0)
  }

  @Test func `a version that the user names is recorded with the differences shown`() throws {
    let fleet = try UntrackedFleet([4, 3])
    try fleet.make(0, at: 4, "DROP INDEX idx_parents_age;")
    let refused = try fleet.run("adopt", "--version", "4")
    #expect(refused.status == 1 && refused.errors.contains("there is no terminal to ask on"))
    #expect(refused.words.contains("unlike version 4: index idx_parents_age is missing"), "\(refused.output)")
    #expect(try fleet.recorded() == [nil, nil])
    let run = try fleet.run("adopt", "--version", "4", "--yes")
    // The other one is at version 3, which its schema tells.
    #expect(run.status == 3 && run.words.contains("so version 4 is not recorded"), "\(run.output)")
    #expect(run.words.contains("unlike version 4: index idx_parents_age is missing"))
    #expect(try fleet.recorded() == [[1, 2, 3, 4], nil])
    let drift = try fleet.run("drift")
    #expect(drift.words.contains("index idx_parents_age"), "\(drift.output)")
    let unknown = try fleet.run("adopt", "--version", "9", "--yes")
    #expect(unknown.status == 1 && unknown.errors.contains("the latest is 5"))
  }

  @Test func `a database that another process keeps locked fails, and the others are adopted`() throws {
    let fleet = try UntrackedFleet([1, 2, 3], extra: "rollout: { busy_timeout: 1s }")
    let other = try Connection(path: fleet.path(1), access: .readWrite)
    try other.execute("BEGIN IMMEDIATE")
    let run = try fleet.run("adopt", "--yes")
    #expect(run.status == 3)
    #expect(
      run.words.contains("1 failed i01 lock:"), "\(run.output)")
    let error = try fleet.records()[fleet.id(1)]?["error"] as? [String: Any]
    #expect(error?["code"] as? String == "busy")
    other.close()
    #expect(try fleet.recorded() == [[1], nil, [1, 2, 3]])
    #expect(try fleet.run("adopt", "--yes").status == 0)
    #expect(try fleet.recorded() == [[1], [1, 2], [1, 2, 3]])
  }

  @Test func `another tool's history is never written over, and a version in the header is told`() throws {
    let fleet = try UntrackedFleet([1, 1, 1, 1])
    for number in [0, 2] { try fleet.make(number, at: 1, "CREATE TABLE goose_db_version (version_id);") }
    try fleet.make(1, at: 1, "PRAGMA user_version = 12;")
    let before = try fleet.paths.map { try Content.bytes($0) }
    let run = try fleet.run("adopt", "--yes")
    #expect(run.status == 3)
    #expect(run.words.contains("(goose)") && run.words.contains("name its format in fleet.yml"))
    #expect(run.words.contains("its PRAGMA user_version is 12"), "\(run.output)")
    for number in [0, 2] { #expect(try Content.bytes(fleet.path(number)) == before[number]) }
    #expect(try fleet.recorded() == [nil, [1], nil, [1]])
    #expect(try Content.value("PRAGMA user_version", at: fleet.path(1)) == 12)
    let forced = try fleet.run("adopt", "--version", "1", "--yes")
    #expect(forced.status == 3 && forced.words.contains("(goose)"))
    for number in [0, 2] { #expect(try Content.bytes(fleet.path(number)) == before[number]) }
  }

  @Test func `a new database is left to migrate, and one with a history is left alone`() throws {
    let fleet = try UntrackedFleet([0, 5])
    #expect(try fleet.run("adopt", "--yes").status == 0)
    let before = try fleet.paths.map { try Content.bytes($0) }
    let run = try fleet.run("adopt", "--version", "3", "--yes")
    #expect(run.status == 0 && run.output.contains("Nothing to adopt."), "\(run.output)")
    #expect(run.words.contains("left to flotilla migrate") && run.words.contains("has a history: left alone"))
    #expect(try fleet.paths.map { try Content.bytes($0) } == before)
    #expect(try fleet.run("migrate", "--yes").status == 0)
    #expect(try fleet.recorded() == [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]])
  }

  @Test func `a signal ends the run after what has begun, and the rest is as before`() throws {
    let fleet = try UntrackedFleet([1, 2, 3, 4])
    let other = try Connection(path: fleet.path(1), access: .readWrite)
    try other.execute("BEGIN IMMEDIATE")
    let started = try Program.start(["adopt", "--yes", "--concurrency", "1"], in: fleet.folder.path)
    try #require(waits(30) { try UntrackedFleet.recorded(fleet.path(0)) != nil })
    kill(started.process.processIdentifier, SIGTERM)
    _ = try Program.waitForErrors("finishing what has begun", of: started)
    other.close()
    let run = try Program.finish(started)
    #expect(run.status == 143, "\(run.output)")
    #expect(run.output.contains("Interrupted: what had begun was finished, the rest was not begun."))
    let recorded = try fleet.recorded()
    #expect(recorded[0] == [1] && recorded[2] == nil && recorded[3] == nil)
    let records = try fleet.records()
    #expect(records.count == 4)
    let error = records[fleet.id(3)]?["error"] as? [String: Any]
    #expect(error?["code"] as? String == "unknown_history")
    #expect(try fleet.run("adopt", "--yes").status == 0)
    #expect(try fleet.recorded() == fleet.versions.map(UntrackedFleet.full))
  }

  @Test func `what a killed run left is whole or untouched, and the next one finishes`() throws {
    let fleet = try UntrackedFleet((0..<40).map { $0 % 5 + 1 }, extra: "rollout: { concurrency: 2 }")
    let content = try fleet.paths.map(UntrackedFleet.content)
    var killed = 0
    while try fleet.recorded().contains(nil), killed < 6 {
      let done = try fleet.recorded().count { $0 != nil }
      let started = try Program.start(["adopt", "--yes"], in: fleet.folder.path)
      // A backup appears right before its database is written.
      let backups = fleet.backups.count
      while started.process.isRunning, fleet.backups.count < backups + 3 { usleep(200) }
      Glibc.kill(started.process.processIdentifier, SIGKILL)
      _ = try Program.finish(started)
      if started.process.terminationReason == .uncaughtSignal { killed += 1 }
      let now = try fleet.recorded()
      #expect(now.count { $0 != nil } >= done)
      for (recorded, version) in zip(now, fleet.versions) {
        #expect(recorded == nil || recorded == UntrackedFleet.full(version))
      }
      #expect(try fleet.paths.map(UntrackedFleet.content) == content)
    }
    #expect(killed > 0, "no run was killed before its end")
    let last = try fleet.run("adopt", "--yes")
    #expect(last.status == 0, "\(last.output)\(last.errors)")
    #expect(try fleet.recorded() == fleet.versions.map(UntrackedFleet.full))
    #expect(try fleet.run("drift").status == 0)
    // Killed runs made backups that they had no time to record.
    #expect(try fleet.run("backups").output.split(separator: "\n").count == fleet.backups.count)
  }

  @Test func `a host's databases are adopted as those here are`() throws {
    let fleet = try UntrackedFleet([2, 5, 1])
    try fleet.make(2, at: 1, "ALTER TABLE parents ADD COLUMN age INTEGER;")
    let server = try SSHServer(agent: HostFleet.agent)
    let entries = fleet.paths.enumerated().map { number, path in
      "  - { id: \(fleet.id(number)), host: 127.0.0.1, port: \(server.port), path: \"\(path)\" }\n"
    }
    try fleet.folder.write(
      "fleet: small\nmigrations: migrations\nssh: \(server.settings(""))\ninstallations:\n\(entries.joined())",
      to: "fleet.yml")
    let before = try Content.bytes(fleet.path(2))
    let run = try fleet.run("adopt", "--yes")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.words.contains("between versions 1 and 2") && run.words.contains("equal to version 5"))
    #expect(run.words.contains("2 installations adopted: 1 at version 2, 1 at version 5"), "\(run.output)")
    #expect(try fleet.recorded() == [[1, 2], [1, 2, 3, 4, 5], nil])
    #expect(try Content.bytes(fleet.path(2)) == before)
    #expect(fleet.backups.count == 2 && fleet.backups.allSatisfy { $0.hasPrefix("db/.flotilla/") })
    let restored = try fleet.run("restore", "--run", "last", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    #expect(try fleet.recorded() == [nil, nil, nil])
  }
}
