import Foundation
import SQLite
import TestSupport
import Testing

/// What was done is told, whatever becomes of the journal, the report, its folder or standard output.
@Suite struct BookkeepingTests {
  /// Runs the program with a standard output whose reader is gone already.
  private func unread(
    _ fleet: SmallFleet, _ arguments: String, environment: String = ""
  ) throws -> ProgramResult {
    try Program.shell(
      """
      mkfifo unread && exec 3<>unread && exec 4>unread && exec 3<&- && rm unread
      \(environment) "$FLOTILLA" \(arguments) >&4 4>&-
      """, in: fleet.folder.path)
  }

  /// Has the journal refuse a change, as a full disk would.
  private func refuse(_ change: String, _ fleet: SmallFleet) throws {
    try SmallFleet.change(
      fleet.folder.file(".flotilla/state.sqlite"),
      "CREATE TRIGGER full BEFORE \(change) BEGIN SELECT RAISE(ABORT, 'no room'); END")
  }

  /// A fleet whose state folder is there, with a receiver for its reports.
  private func fleet(_ count: Int, _ receiver: Receiver, extra: String = "") throws -> SmallFleet {
    let fleet = try SmallFleet(
      count,
      extra:
        "report: { url: \"\(receiver.url)/status/200\" }\nrollout: { max_failures: 9, concurrency: 1 }\n\(extra)"
    )
    _ = try fleet.run("drift")
    return fleet
  }

  /// The size of the report that arrived, where it arrived whole.
  private func arrived(_ receiver: Receiver) throws -> Int? {
    let ids = try receiver.ids()
    guard ids.count == 1, let body = try receiver.requests(ids[0]).first?.body else {
      return nil
    }
    return body.missing == 0 ? body.expanded : nil
  }

  // MARK: Standard output

  @Test func `a reader that goes away costs migrate neither summary nor upload nor status`() throws {
    let receiver = try Receiver()
    let fleet = try fleet(3, receiver)
    try Data().write(to: URL(filePath: fleet.path(1)))
    let run = try unread(fleet, "migrate --yes --report report.json")
    #expect(run.status == 3, "\(run.errors)")
    #expect(run.errors.contains("standard output can't be written: Broken pipe"))
    #expect(run.errors.contains("1 failed  i0001"))
    #expect(run.errors.contains("2 migrated · 1 failed, in"))
    #expect(run.errors.contains("delivered to 127.0.0.1"))
    #expect(run.errors.ranges(of: "can't be written").count == 1, "\(run.errors)")
    #expect(try fleet.records().count == 3)
    #expect(try arrived(receiver) != nil)
    #expect(try fleet.run("history").output.contains("migrate  finished"))
  }

  @Test func `all went well but nobody reads: 3 where databases were changed, 1 where not`() throws {
    let fleet = try SmallFleet(2)
    #expect(try unread(fleet, "migrate --yes").status == 3)
    #expect(try fleet.versions() == [[1, 2, 3], [1, 2, 3]])
    #expect(try unread(fleet, "migrate --yes").status == 1)
    let restore = try unread(fleet, "restore --run last --yes")
    #expect(restore.status == 3)
    #expect(restore.errors.contains("2 installations restored"), "\(restore.errors)")
    #expect(try unread(fleet, "backup").status == 3)
    for command in ["status", "plan --check", "drift", "history", "backups", "report"] {
      #expect(try unread(fleet, command).status == 1, "\(command)")
    }
  }

  @Test func `drift and report upload what nobody reads`() throws {
    let receiver = try Receiver()
    let fleet = try fleet(2, receiver)
    try SmallFleet.change(fleet.path(0), "CREATE TABLE own (id INTEGER)")
    let drift = try unread(fleet, "drift --upload")
    #expect(drift.status == 4)
    #expect(drift.errors.contains("1 drifted  i0000"), "\(drift.errors)")
    #expect(try receiver.ids().count == 1)
    #expect(try unread(fleet, "report --format json --upload").status == 1)
    #expect(try receiver.ids().count == 2)
  }

  @Test func `a watch that nobody reads ends after its check`() throws {
    let receiver = try Receiver()
    let fleet = try fleet(1, receiver)
    let run = try Program.shell(
      """
      mkfifo unread && exec 3<>unread && exec 4>unread && exec 3<&-
      timeout 30 "$FLOTILLA" watch --every 1d --upload >&4 4>&-
      """, in: fleet.folder.path)
    #expect(run.status == 1)
    #expect(run.errors.contains("drift: 1 as they should be, status 0"), "\(run.errors)")
    #expect(try arrived(receiver) != nil)
  }

  // MARK: The journal

  @Test func `a journal that fails in the middle costs neither summary, names, report nor upload`() throws {
    let receiver = try Receiver()
    let fleet = try fleet(6, receiver)
    try Data().write(to: URL(filePath: fleet.path(1)))
    try refuse("INSERT ON outcomes WHEN NEW.status = 'migrated'", fleet)
    let run = try fleet.migrate("--max-failures", "9")
    #expect(run.status == 3)
    #expect(run.errors.contains("the journal") && run.errors.contains("no room"), "\(run.errors)")
    let versions = try fleet.versions([0, 2, 3, 4, 5])
    let done = versions.count { $0 == [1, 2, 3] }
    let left = done < 5 ? " · \(5 - done) pending" : ""
    #expect(done > 0)
    #expect(run.output.contains("1 failed  i0001"), "\(run.output)")
    #expect(run.output.contains("\(done) migrated\(left) · 1 failed, in"), "\(run.output)")
    #expect(run.output.contains("Stopped, since the journal can't be written") == (done < 5), "\(run.output)")
    let records = try fleet.records()
    #expect(records.count == 6)
    for (number, versions) in zip([0, 2, 3, 4, 5], versions) where versions == [1, 2, 3] {
      let record = try #require(records["i000\(number)"])
      #expect(record["status"] as? String == "migrated")
      let backup = try #require((record["backup"] as? [String: Any])?["path"] as? String)
      #expect(try SmallFleet.versions(backup) == [1])
    }
    let written = try Content.bytes(fleet.folder.file("report.json")).count
    #expect(try arrived(receiver) == written)
  }

  @Test func `a run whose end can't be noted is told and reported, and its status is 3`() throws {
    let receiver = try Receiver()
    let fleet = try fleet(2, receiver)
    try refuse("UPDATE ON runs", fleet)
    let run = try fleet.migrate()
    #expect(run.status == 3)
    #expect(run.errors.contains("no room"), "\(run.errors)")
    #expect(run.output.contains("2 migrated, in"))
    #expect(try arrived(receiver) == Content.bytes(fleet.folder.file("report.json")).count)
    let backup = try fleet.run("backup")
    #expect(backup.status == 3)
    #expect(backup.output.contains("2 backups in .flotilla/backups/"), "\(backup.output)")
    let restore = try fleet.run("restore", "--run", "last", "--yes")
    #expect(restore.status == 3)
    #expect(restore.output.contains("2 installations restored"), "\(restore.output)")
  }

  @Test func `a journal that fails before anything is changed ends the run, which is not noted`() throws {
    let fleet = try SmallFleet(3)
    _ = try fleet.run("drift")
    try Data().write(to: URL(filePath: fleet.path(1)))
    try refuse("INSERT ON outcomes", fleet)
    let run = try fleet.migrate("--max-failures", "9")
    #expect(run.status == 1)
    #expect(run.errors.contains("no room"), "\(run.errors)")
    #expect(try fleet.versions([0, 2]) == [[1], [1]])
  }

  @Test func `drift is shown, uploaded and ends with 4 also where the verdicts can't be remembered`() throws {
    let receiver = try Receiver()
    let fleet = try fleet(2, receiver)
    try SmallFleet.change(fleet.path(0), "CREATE TABLE own (id INTEGER)")
    let journal = fleet.folder.file(".flotilla/state.sqlite")
    try SmallFleet.change(journal, "DROP TABLE verdicts")
    try SmallFleet.change(journal, "CREATE VIEW verdicts AS SELECT 1 AS finding")
    let run = try fleet.run("drift", "--upload", "--only-changes")
    #expect(run.status == 4)
    #expect(run.output.contains("1 drifted  i0000"), "\(run.output)")
    #expect(run.errors.contains("the journal"), "\(run.errors)")
    #expect(try receiver.ids().count == 1)
    let watch = try Program.start(["watch", "--every", "1d"], in: fleet.folder.path)
    let line = String(decoding: watch.output.fileHandleForReading.availableData, as: UTF8.self)
    #expect(line.contains("1 as they should be · 1 drifted, status 4"), "\(line)")
    kill(watch.process.processIdentifier, SIGINT)
    #expect(try Program.finish(watch).status == 130)
  }

  @Test(.needs(.mounts))
  func `a state folder that is full after the scan costs neither summary nor upload`() throws {
    let receiver = try Receiver()
    let fleet = try SmallFleet(4)
    try fleet.folder.write("head -c 9000000 /dev/zero >>small/fill 2>/dev/null; true\n", to: "fill.sh")
    try fleet.configure(
      """
      state: small/state
      backup: { check: none }
      rollout: { concurrency: 1 }
      hooks: { before: [sh, fill.sh] }
      report: { url: \"\(receiver.url)/status/200\" }
      """)
    let run = try SmallMount.run(
      fleet, size: "4m", "\"$FLOTILLA\" migrate --yes --report report.json; code=$?; exit $code")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    let done = try fleet.versions().count { $0 == [1, 2, 3] }
    #expect(done > 0)
    #expect(run.output.contains("\(done) migrated"), "\(run.output)")
    #expect(run.words.contains("delivered to 127.0.0.1, past the outbox"), "\(run.output)")
    #expect(run.errors.contains("small/state"), "\(run.errors)")
    #expect(try fleet.records().values.count { $0["status"] as? String == "migrated" } == done)
    #expect(try arrived(receiver) == Content.bytes(fleet.folder.file("report.json")).count)
  }

  // MARK: The report

  @Test(arguments: ["/nonexistent/x.json", "db", "fifo.json", "db/i0000.sqlite/x.json"])
  func `a report that can't be written is refused before anything is done`(path: String) throws {
    let fleet = try SmallFleet(1)
    #expect(mkfifo(fleet.folder.file("fifo.json"), 0o600) == 0)
    let run = try fleet.run("migrate", "--yes", "--report", path)
    #expect(run.status == 1)
    #expect(run.errors.contains("the report \(path) can't be written"), "\(run.errors)")
    #expect(try fleet.versions() == [[1]])
    #expect(!fleet.files.contains { $0.hasPrefix(".flotilla") })
    #expect(try fleet.run("report", "--output", path).status == 1)
    #expect(try Content.integrity(fleet.path(0)) == "ok")
  }

  @Test func `reports that can't be written in the end cost neither summary nor upload`() throws {
    let receiver = try Receiver()
    let fleet = try fleet(2, receiver, extra: "hooks: { after: [rm, -rf, out, .flotilla/reports] }")
    try FileManager.default.createDirectory(
      atPath: fleet.folder.file("out"), withIntermediateDirectories: false)
    let run = try fleet.run("migrate", "--yes", "--report", "out/report.html")
    #expect(run.status == 3)
    #expect(run.output.contains("2 migrated, in"))
    #expect(run.words.contains("could not be written into"), "\(run.output)")
    #expect(run.errors.contains("the report out/report.html can't be written"), "\(run.errors)")
    #expect(run.output.contains("delivered to 127.0.0.1"), "\(run.output)")
    #expect(try receiver.ids().count == 1)
    #expect(!fleet.files.contains { $0.hasPrefix(".flotilla/outbox/") && $0.hasSuffix(".json") })
  }

  // MARK: What a run tells of itself

  @Test func `the time that is told counts the wait for a lock`() throws {
    let fleet = try SmallFleet(1, extra: "rollout: { busy_timeout: 1s }")
    let database = try Connection(path: fleet.path(0), access: .readWrite)
    try database.execute("BEGIN EXCLUSIVE")
    let run = try fleet.run("migrate", "--yes")
    database.rollback()
    #expect(run.status == 3)
    let time = try #require(run.words.firstMatch(of: /1 failed, in ([0-9.]+) s/))
    #expect(try #require(Double(time.1)) >= 1, "\(run.output)")
  }

  @Test func `backup and restore name the host on which backups are`() throws {
    let host = try HostFleet(2)
    let local = try SmallFleet(1)
    try host.configure(more: "  - { id: here, path: \"\(local.path(0))\" }")
    let folder = "127.0.0.1:\(host.fleet.folder.path)/db/.flotilla/backups/"
    let backup = try host.fleet.run("backup")
    #expect(backup.status == 0, "\(backup.errors)")
    #expect(backup.output.contains("1 backup in .flotilla/backups/"), "\(backup.output)")
    #expect(backup.output.contains("2 backups in \(folder)"), "\(backup.output)")
    let restore = try host.fleet.run("restore", "--run", "last", "--yes")
    #expect(restore.status == 0, "\(restore.errors)")
    #expect(restore.output.contains("3 installations restored from run last"), "\(restore.output)")
    #expect(restore.output.contains("  2 backups in \(folder)"), "\(restore.output)")
    try host.configure(extra: "backup: { fetch: true }")
    let fetched = try host.fleet.run("backup")
    #expect(fetched.output.contains("2 copies of them in .flotilla/backups/"), "\(fetched.output)")
  }

  @Test(arguments: ["migrate --yes", "plan", "plan --check"])
  func `a misspelt wave is refused before the fleet is looked at`(command: String) throws {
    let fleet = try SmallFleet(2, extra: "rollout: { waves: [canery, 100%], busy_timeout: 60s }")
    let database = try Connection(path: fleet.path(0), access: .readWrite)
    // A look would wait for it.
    try database.execute("BEGIN EXCLUSIVE")
    defer { database.rollback() }
    let run = try Program.shell("timeout 20 \"$FLOTILLA\" \(command)", in: fleet.folder.path)
    #expect(run.status == 1)
    #expect(run.errors.contains("no installation and no group is called \"canery\""), "\(run.errors)")
    #expect(!fleet.files.contains { $0.hasPrefix(".flotilla") })
  }

  @Test(arguments: ["migrate --yes", "backup", "restore --run last --yes"])
  func `a run that can't begin its work is not in the history`(command: String) throws {
    let fleet = try SmallFleet(1)
    #expect(try fleet.run("backup").status == 0)
    let history = try fleet.run("history").output
    let state = fleet.folder.file(".flotilla")
    try FileManager.default.moveItem(atPath: "\(state)/backups", toPath: "\(state)/kept")
    try Data().write(to: URL(filePath: "\(state)/backups"))
    let run = try Program.run(command.split(separator: " ").map(String.init), in: fleet.folder.path)
    #expect(run.status == 1)
    #expect(try fleet.versions() == [[1]])
    #expect(try fleet.run("history").output == history)
  }

  @Test func `Ctrl-C at the question leaves no run in the history`() throws {
    let fleet = try SmallFleet(1)
    let script = """
      import os, pty, sys
      pid, terminal = pty.fork()
      if pid == 0:
          os.execv(sys.argv[1], [sys.argv[1], "migrate"])
      said = b""
      while b"[y/N]" not in said:
          said += os.read(terminal, 4096)
      os.write(terminal, b"\\x03")
      try:
          while os.read(terminal, 4096): pass
      except OSError:
          pass
      sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
      """
    let run = try Program.finish(
      Program.start(
        ["60", "python3", "-c", script, Program.path], in: fleet.folder.path, executable: "/usr/bin/timeout"))
    #expect(run.status == 130, "\(run.output)\(run.errors)")
    #expect(try fleet.run("history").output == "There are no runs.\n")
    #expect(try fleet.versions() == [[1]])
  }
}

extension SmallFleet {
  /// What some of the databases record.
  fileprivate func versions(_ numbers: [Int]) throws -> [[Int64]] {
    try numbers.map { try Self.versions(path($0)) }
  }
}
