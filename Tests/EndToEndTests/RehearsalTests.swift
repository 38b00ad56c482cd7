import Foundation
import TestSupport
import Testing

/// `plan --rehearse`: what would become of a migration, without touching a database.
@Suite struct RehearsalTests {
  /// What a rehearsal must not change: bytes, time and size of each file beside the databases.
  private func state(_ fleet: SmallFleet) throws -> [String: [String]] {
    var found: [String: [String]] = [:]
    for name in fleet.files where name.hasPrefix("db/") {
      var status = stat()
      #expect(stat(fleet.folder.file(name), &status) == 0)
      let bytes = try Content.bytes(fleet.folder.file(name))
      found[name] = [
        "\(bytes.hashValue)", "\(bytes.count)", "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)",
        "\(status.st_ino)",
      ]
    }
    return found
  }

  private func copies(_ fleet: SmallFleet) -> [String] { fleet.files.filter { $0.contains("rehearsal") } }

  @Test func `what would fail is told with the failure and its advice, and no database is touched`() throws {
    let fleet = try SmallFleet(6)
    for number in [2, 3, 4] {
      try SmallFleet.change(fleet.path(number), "CREATE UNIQUE INDEX odd ON parents (name)")
    }
    try SmallFleet.change(fleet.path(3), "INSERT INTO parents (name) VALUES ('\(big)')")
    try fleet.migration("0004_one_name.sql", "-- @when index odd\nUPDATE parents SET name = 'same';")
    let before = try state(fleet)
    let plan = try fleet.run("plan", "--rehearse", "--check")
    #expect(plan.status == 3, "\(plan.output)\(plan.errors)")
    #expect(
      plan.words.contains("would fail i0003 migrate: 0004_one_name.sql:2: "), "\(plan.output)")
    #expect(plan.words.contains("UNIQUE constraint failed: parents.name (SQLite 2067)"), "\(plan.output)")
    #expect(
      plan.words.contains(
        "→ the rows of i0003 don't fit 0004_one_name.sql: correct them there, or let 0004_one_name.sql"))
    #expect(plan.words.contains("would succeed"), "\(plan.output)")
    #expect(plan.output.hasSuffix("Next, once that is mended: flotilla plan --rehearse\n"))
    #expect(plan.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(plan.output)")
    #expect(try state(fleet) == before)
    #expect(copies(fleet).isEmpty)
    #expect(try fleet.versions() == Array(repeating: [1], count: 6))
  }

  private var big: String { String(repeating: "x", count: 100_000) }

  @Test func `rows that would go are counted by table, and the right database of a cohort is tried`() throws {
    let fleet = try SmallFleet(3)
    try fleet.migration("0004_drop_notes.sql", "-- @deletes items\nDELETE FROM items WHERE id % 10 = 0;")
    try SmallFleet.change(fleet.path(1), "INSERT INTO parents (name) VALUES ('\(big)')")
    let plan = try fleet.run("plan", "--rehearse")
    #expect(plan.status == 0, "\(plan.output)\(plan.errors)")
    #expect(plan.words.contains("i0001 deletes rows: 20 of items takes 0."), "\(plan.output)")
    #expect(plan.words.contains("Rehearsals: 1 succeeded."))
    #expect(plan.output.hasSuffix("Next: flotilla migrate\n"))
    #expect(try fleet.run("plan", "--rehearse", "--check").status == 5)
    #expect(try fleet.migrate().status == 0)
    let applied = try #require(try fleet.records()["i0001"]?["applied"] as? [[String: Any]])
    #expect(applied.last?["rows_deleted"] as? [String: Int] == ["items": 20], "\(applied)")
    let after = try fleet.run("plan", "--rehearse", "--check")
    #expect(after.status == 0 && !after.output.contains("Rehearsed"), "\(after.output)")
  }

  /// Migrations that lose and change what they don't declare, with a VACUUM between them.
  private func harm(_ fleet: SmallFleet) throws {
    try fleet.migration("0004_trim.sql", "DELETE FROM items WHERE id > 10;\nUPDATE parents SET name = 'x';")
    try fleet.migration("0005_compact.sql", "-- @transaction none\nVACUUM;")
    try fleet.migration("0006_drop.sql", "DROP INDEX idx_items_parent;\nDROP TABLE items;")
  }

  /// Adds the lines that a rehearsal prints to the files under which it prints them.
  private func paste(_ output: String, into fleet: SmallFleet) throws {
    let start = try #require(output.range(of: "If not, mend the files.\n\n"))
    let block = output[start.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
      .prefix { !$0.isEmpty }
    var file = ""
    for line in block {
      guard line.hasPrefix("  ") else {
        file = "migrations/\(line)"
        continue
      }
      let text = try String(contentsOfFile: fleet.folder.file(file), encoding: .utf8)
      try fleet.folder.write("\(line)\n\(text)", to: file)
    }
  }

  private let declarations = """
    If all of that is meant, add these lines to the files. If not, mend the files.

    0004_trim.sql
      -- @deletes items
      -- @changes parents.name
    0006_drop.sql
      -- @deletes items


    """

  @Test func `all that is undeclared is told at once, with lines that make it pass`() throws {
    let fleet = try SmallFleet(3)
    // A cohort of its own, where less is lost.
    try SmallFleet.change(fleet.path(2), "CREATE INDEX odd ON parents (id, name)")
    try SmallFleet.change(fleet.path(2), "DELETE FROM items")
    try harm(fleet)
    let before = try state(fleet)
    let plan = try fleet.run("plan", "--rehearse", "--check")
    #expect(plan.status == 3, "\(plan.output)\(plan.errors)")
    for text in [
      "0004_trim.sql: 190 rows of items would be lost", "0004_trim.sql: parents.name: 3 of 3 became one",
      "0006_drop.sql: 10 rows of items would be lost", "Rehearsals: 2 of 2 failed.",
      "i0002 0004_trim.sql: parents.name: 3 of 3 became one and the same value If all of that",
    ] { #expect(plan.words.contains(text), "\(text): \(plan.output)") }
    #expect(plan.output.contains(declarations), "\(plan.output)")
    #expect(plan.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(plan.output)")
    #expect(try state(fleet) == before && copies(fleet).isEmpty)
    // A real run stops at the first migration, and names all that it doesn't declare.
    #expect(try fleet.migrate().status == 3)
    let error = try #require(try fleet.records()["i0000"]?["error"] as? [String: Any])
    let message = try #require(error["message"] as? String)
    #expect(
      message.contains("'-- @deletes items'; and parents.name: 3 of 3 became") && !message.contains("0006"))
    #expect(error["at_fault"] as? String == "migration" && error["files"] as? [String] == ["0004_trim.sql"])
    try paste(plan.output, into: fleet)
    let again = try fleet.run("plan", "--rehearse")
    #expect(again.status == 0 && !again.output.contains("add these lines"), "\(again.output)")
    #expect(try fleet.migrate().status == 0)
    #expect(try fleet.versions() == Array(repeating: [1, 2, 3, 4, 5, 6], count: 3))
  }

  @Test func `what is undeclared on a host is told with the same lines`() throws {
    let host = try HostFleet(2)
    try harm(host.fleet)
    let plan = try host.fleet.run("plan", "--rehearse")
    #expect(plan.status == 3, "\(plan.output)\(plan.errors)")
    #expect(plan.words.contains("0006_drop.sql: 10 rows of items would be lost"), "\(plan.output)")
    #expect(plan.output.contains(declarations), "\(plan.output)")
    try paste(plan.output, into: host.fleet)
    #expect(try host.fleet.run("plan", "--rehearse").status == 0)
  }

  @Test func `what fails after something undeclared is told too, and what is undeclared stays a failure`()
    throws
  {
    let fleet = try SmallFleet(1)
    try fleet.migration("0004_trim.sql", "DELETE FROM items WHERE id > 10;")
    try fleet.migration("0005_twice.sql", "INSERT INTO parents (id, name) VALUES (1, 'again');")
    let plan = try fleet.run("plan", "--rehearse")
    #expect(plan.status == 3, "\(plan.output)")
    for text in [
      "would fail", "0004_trim.sql: 190 rows of items would be lost", "migrate: 0005_twice.sql:1: UNIQUE",
      "→ the rows of i0000 don't fit 0005_twice.sql", "0004_trim.sql -- @deletes items",
    ] { #expect(plan.words.contains(text), "\(text): \(plan.output)") }
  }

  @Test func `writes that only the log has so far are rehearsed, and log and index stay as they are`() throws
  {
    let fleet = try SmallFleet(2)
    try fleet.migration(
      "0004_no_new.sql",
      "-- @require query SELECT count(*) = 3 FROM parents : too many\n"
        + "UPDATE parents SET age = 1;")
    // A process that is killed leaves its log behind.
    let crash = try Program.shell(
      """
      cat > crash.py <<'PY'
      import os, sqlite3
      db = sqlite3.connect("db/i0001.sqlite")
      db.execute("INSERT INTO parents (name) VALUES ('new')")
      db.commit()
      os.kill(os.getpid(), 9)
      PY
      python3 crash.py; rm -f db/i0001.sqlite-shm; ls db
      """, in: fleet.folder.path)
    #expect(crash.output.contains("i0001.sqlite-wal"), "\(crash.output)\(crash.errors)")
    let before = try state(fleet)
    let plan = try fleet.run("--only", "i0001", "plan", "--rehearse")
    #expect(plan.status == 3, "\(plan.output)\(plan.errors)")
    #expect(plan.words.contains("0004_no_new.sql:1: too many"), "\(plan.output)")
    #expect(try state(fleet) == before)
  }

  @Test(arguments: [0, 1])
  func `what an application has open is rehearsed as it is committed, and stays as it is`(number: Int) throws
  {
    let fleet = try SmallFleet(2)
    try fleet.migration(
      "0004_no_old.sql",
      "-- @changes items.note\nUPDATE items SET note = 1;\n-- @expect query SELECT count(*) IN (0, 4) FROM parents"
    )
    let application = try BackgroundTool.keeping(
      fleet.path(number), "INSERT INTO parents (name) VALUES ('committed')", "BEGIN IMMEDIATE",
      "INSERT INTO parents (name) VALUES ('not committed')")
    defer { application.end() }
    // The index of a log in use has marks of its readers.
    let before = try state(fleet).filter { !$0.key.hasSuffix("-shm") }
    let plan = try fleet.run("--only", "i000\(number)", "plan", "--rehearse")
    #expect(plan.status == 0 && plan.words.contains("would succeed"), "\(plan.output)\(plan.errors)")
    #expect(try state(fleet).filter { !$0.key.hasSuffix("-shm") } == before)
    #expect(before.count == 3, "two databases, and a journal or a log")
  }

  @Test(.needs(.mounts))
  func `too little room for a copy is told before it is made`() throws {
    let fleet = try SmallFleet(1, rows: 30_000)
    try fleet.configure("state: small/state\nbackup: { check: none }")
    let run = try SmallMount.run(
      fleet, size: "1700k",
      """
      "$FLOTILLA" plan --rehearse; code=$?
      find small -name '*copy*' >left
      exit $code
      """)
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(
      run.words.contains("could not be tried i0000 inspect: needs about 2 MB for a copy and"), "\(run.output)"
    )
    #expect(run.words.contains("→ make room and run the same command again"), "\(run.output)")
    #expect(try String(contentsOfFile: fleet.folder.file("left"), encoding: .utf8).isEmpty)
  }

  @Test(.needs(.mounts))
  func `a database that can't be written is told, though its copy can`() throws {
    let fleet = try SmallFleet(2)
    let run = try SmallMount.run(
      fleet, size: "64k",
      "mount --bind db db && mount -o remount,bind,ro db && \"$FLOTILLA\" plan --rehearse")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(
      run.words.contains("would fail i0000 open: the file system is mounted read-only"), "\(run.output)")
  }

  @Test func `a damaged database is told, which a plan alone doesn't see`() throws {
    let fleet = try SmallFleet(1, rows: 2000)
    let file = try FileHandle(forUpdating: URL(filePath: fleet.path(0)))
    try file.seek(toOffset: 4096 * 5)
    try file.write(contentsOf: Data(repeating: 0xA5, count: 64))
    try file.close()
    #expect(try fleet.run("plan").status == 0)
    let plan = try fleet.run("plan", "--rehearse")
    #expect(plan.status == 3, "\(plan.output)\(plan.errors)")
    #expect(plan.words.contains("would fail i0000 back up: "), "\(plan.output)")
    #expect(plan.words.contains("→ the file is damaged: restore a backup"), "\(plan.output)")
    #expect(copies(fleet).isEmpty)
  }

  @Test func `hooks don't run`() throws {
    let fleet = try SmallFleet(1, extra: "hooks: { before: [touch, ran], after: [touch, ran] }")
    #expect(try fleet.run("plan", "--rehearse").status == 0)
    #expect(!fleet.files.contains("ran") && !fleet.files.contains("db/ran"))
  }

  @Test(arguments: [SIGINT, SIGTERM]) func `a signal ends it soon and leaves no copy`(signal: Int32) throws {
    let fleet = try SmallFleet(1, slow: 200_000_000)
    let started = try Program.start(["plan", "--rehearse"], in: fleet.folder.path)
    try #require(waits(30) { copies(fleet).count >= 2 }, "nothing is copied")
    kill(started.process.processIdentifier, signal)
    let asked = ContinuousClock.now
    let plan = try Program.finish(started)
    #expect(ContinuousClock.now - asked < .seconds(10))
    #expect(plan.status == 128 + signal)
    #expect(plan.output.hasSuffix("Interrupted: the rest was not rehearsed.\n"), "\(plan.output)")
    #expect(copies(fleet).isEmpty)
    #expect(try fleet.versions() == [[1]])
  }

  @Test(arguments: ["migrate --yes", "backup", "plan --rehearse"])
  func `copies that a killed rehearsal left are removed by the next command that takes the lock`(
    command: String
  )
    throws
  {
    let fleet = try SmallFleet(1)
    try fleet.folder.write("copy", to: ".flotilla/rehearsal/copy.sqlite")
    let words = command.split(separator: " ").map(String.init)
    #expect(try Program.run(words, in: fleet.folder.path).status == 0)
    #expect(copies(fleet).isEmpty)
  }

  @Test func `a VACUUM is rehearsed too, and refused where migrate would refuse it`() throws {
    let fleet = try SmallFleet(2)
    try fleet.migration("0004_compact.sql", "-- @transaction none\nVACUUM;")
    let before = try state(fleet)
    let plan = try fleet.run("plan", "--rehearse")
    #expect(plan.status == 0 && plan.words.contains("would succeed"), "\(plan.output)\(plan.errors)")
    try fleet.configure("backup: { check: none }")
    let bare = try fleet.run("plan", "--rehearse")
    #expect(bare.status == 3, "\(bare.output)")
    #expect(bare.words.contains("would fail i0000 back up: 0004_compact.sql has '@transaction none'"))
    #expect(try state(fleet) == before && copies(fleet).isEmpty)
  }

  @Test func `it waits for no other flotilla, and says so`() throws {
    let fleet = try SmallFleet(1)
    #expect(try fleet.run("plan", "--rehearse").status == 0)
    let run = try Program.shell(
      "exec 9>.flotilla/lock; flock 9; \"$FLOTILLA\" plan --rehearse 9>&-", in: fleet.folder.path)
    #expect(run.status == 1)
    #expect(run.errors.contains("is in use by another flotilla"))
  }

  @Test func `a cohort on hosts alone is rehearsed there, and one that is also here is tried here`() throws {
    let host = try HostFleet(3, extra: "hooks: { before: [touch, ran] }")
    try SmallFleet.change(host.fleet.path(1), "CREATE INDEX odd ON parents (name)")
    try host.fleet.migration("0004_fail.sql", "-- @require query SELECT count(*) < 4 FROM parents : too many")
    try SmallFleet.change(host.fleet.path(2), "CREATE INDEX other ON parents (id, name)")
    try SmallFleet.change(host.fleet.path(2), "INSERT INTO parents (name) VALUES ('third')")
    let here = try SmallFleet(1)
    try host.configure(more: "  - { id: here, path: \"\(here.path(0))\" }")
    let before = try state(host.fleet)
    let plan = try host.fleet.run("plan", "--rehearse")
    #expect(plan.status == 3, "\(plan.output)\(plan.errors)")
    #expect(plan.words.contains("would fail i2 migrate: 0004_fail.sql:1: too many"), "\(plan.output)")
    #expect(plan.words.contains("would succeed i1 takes 0."), "\(plan.output)")
    #expect(plan.words.contains("would succeed here"), "\(plan.output)")
    #expect(plan.words.contains("Rehearsals: 1 of 3 failed."), "\(plan.output)")
    // Nothing of it is left on the host, not even a folder.
    #expect(try state(host.fleet) == before && copies(host.fleet).isEmpty)
    #expect(!FileManager.default.fileExists(atPath: host.fleet.folder.file("db/.flotilla")))
    #expect(!host.fleet.files.contains { $0.hasSuffix("ran") })
  }

  @Test func `an agent whose coordinator is killed while it rehearses removes the copy`() throws {
    let host = try HostFleet(1, slow: 200_000_000)
    let before = try state(host.fleet)
    let started = try Program.start(["plan", "--rehearse"], in: host.fleet.folder.path)
    #expect(waits(30) { self.copies(host.fleet).count >= 2 }, "there is no copy")
    kill(started.process.processIdentifier, SIGKILL)
    _ = try Program.finish(started)
    #expect(waits(30) { self.copies(host.fleet).isEmpty }, "\(copies(host.fleet))")
    #expect(try state(host.fleet) == before)
    #expect(try host.fleet.versions() == [[1]])
  }

  @Test func `an agent that is killed while it rehearses is told as such, and its copy goes the next time`()
    throws
  {
    let host = try HostFleet(1, slow: 200_000_000)
    let started = try Program.start(["plan", "--rehearse"], in: host.fleet.folder.path)
    #expect(waits(30) { self.copies(host.fleet).count >= 2 }, "there is no copy")
    let home = host.server.home
    for agent in Processes.all(naming: home) where Processes.words(agent)[0].hasPrefix(home) {
      kill(agent, SIGKILL)
    }
    let plan = try Program.finish(started)
    #expect(plan.status == 3)
    #expect(plan.words.contains("could not be tried i0 "), "\(plan.output)")
    #expect(!copies(host.fleet).isEmpty)
    try host.fleet.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    #expect(try host.fleet.run("plan", "--rehearse").status == 0)
    #expect(copies(host.fleet).isEmpty)
  }
}
