import BenchSupport
import Foundation
import Migrations
import Schema
import TestSupport
import Testing
import Upgrade

/// A rehearsal goes on after what a migration doesn't declare, to list all of it, and never passes with it.
@Suite struct RehearsalTests {
  private func rehearse(_ bench: Bench) throws -> Outcome {
    let content = try Content.dump(bench.path)
    let outcome = try bench.worker().rehearse(bench.path, in: bench.folder.file("rehearsal"))
    #expect(try Content.dump(bench.path) == content && !bench.exists("rehearsal"))
    return outcome
  }

  /// Two migrations that lose what they don't declare, around one that runs alone.
  private func bench() throws -> Bench {
    let bench = try Bench()
    try bench.migration("0002_trim.sql", "DELETE FROM children WHERE id = 4;\nUPDATE parents SET name = 'x';")
    try bench.migration("0003_compact.sql", "-- @transaction none\nVACUUM;")
    try bench.migration("0004_clear.sql", "DELETE FROM children;")
    return bench
  }

  @Test func `all of it is listed over all parts of the upgrade, and the rehearsal has failed`() throws {
    let bench = try bench()
    let outcome = try rehearse(bench)
    #expect(outcome.status == .failed)
    let failure = try #require(outcome.failure)
    #expect(failure.code == .rowsLost && failure.step == .prove && failure.fault == .migration)
    #expect(failure.files == ["0002_trim.sql", "0004_clear.sql"])
    for line in [
      "'-- @deletes children'; and parents.name: 3 of 3 became", "; 0004_clear.sql: 3 rows of children",
    ] {
      #expect(failure.message.contains(line), "\(failure.message)")
    }
    #expect(!failure.message.contains("the database is at version"), "a copy's version says nothing")
    #expect(outcome.undeclared.map(\.file) == failure.files)
    #expect(outcome.undeclared.map(\.deletes) == [["children"], ["children"]])
    #expect(outcome.undeclared.map(\.changes) == [["parents.name"], []])
  }

  @Test func `an upgrade stops at the first migration, and names all that it doesn't declare`() throws {
    let bench = try bench()
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed && outcome.undeclared == [] && outcome.versionAfter == 1)
    #expect(outcome.failure?.files == ["0002_trim.sql"])
    #expect(outcome.failure?.message.contains("'-- @changes parents.name'") == true)
    #expect(try bench.versions() == [1])
  }

  @Test func `with the lines that it asks for it passes, and so does the upgrade`() throws {
    let bench = try bench()
    for part in try rehearse(bench).undeclared {
      let text = try String(contentsOfFile: bench.folder.file("migrations/\(part.file)"), encoding: .utf8)
      try bench.migration(part.file, part.lines.joined(separator: "\n") + "\n" + text)
    }
    let outcome = try rehearse(bench)
    #expect(outcome.status == .migrated && outcome.undeclared == [], "\(outcome.failure as Any)")
    #expect(try bench.upgrade().status == .migrated)
  }

  @Test(arguments: [
    ("INSERT INTO parents (id, name) VALUES (1, 'again');", Failure.Code.sql),
    ("UPDATE parents SET name = name;\n-- @expect table nope", .expectation),
    ("UPDATE children SET parent = 99 WHERE id = 1;", .foreignKey),
  ])
  func `another failure after it ends the rehearsal, and both are told`(sql: String, code: Failure.Code)
    throws
  {
    let bench = try Bench()
    try bench.migration("0002_trim.sql", "DELETE FROM children WHERE id = 4;")
    try bench.migration("0003_fail.sql", sql)
    let outcome = try rehearse(bench)
    #expect(outcome.status == .failed && outcome.failure?.code == code, "\(outcome.failure as Any)")
    #expect(outcome.failure?.files.last == "0003_fail.sql")
    #expect(outcome.undeclared.map(\.file) == ["0002_trim.sql"])
  }

  @Test(arguments: ["DELETE", "WAL"], [BackupCheck.full, .none])
  func `the time for which writers would wait has the backup only where it keeps them waiting`(
    mode: String, check: BackupCheck
  ) throws {
    let bench = try Bench()
    try bench.migration("0002_add.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    bench.options.check = check
    try bench.change("PRAGMA journal_mode=\(mode)")
    let outcome = try rehearse(bench)
    let lock = try #require(outcome.rehearsedLock, "\(outcome)")
    #expect(outcome.isWAL == (mode == "WAL"))
    #expect(lock.work > 0 && (lock.backup > 0) == (check == .full))
    #expect(lock.bytes >= 8192 && lock.bytes % 512 == 0)
    #expect(try rehearse(self.bench()).rehearsedLock == nil, "a rehearsal that failed predicts nothing")
  }

  @Test
  func `a prediction grows with the size, and falls below what was rehearsed only by what the copying takes`()
  {
    let lock = RehearsedLock(bytes: 1000, work: 4, backup: 6)
    #expect(lock.milliseconds(bytes: 1000, isWAL: true) == 4)
    #expect(lock.milliseconds(bytes: 1000, isWAL: false) == 10)
    #expect(lock.milliseconds(bytes: 3000, isWAL: false) == 30)
    #expect(abs(lock.milliseconds(bytes: 500, isWAL: false) - 7) < 0.001)
    #expect(
      RehearsedLock(bytes: 0, work: 4, backup: 0).milliseconds(bytes: 1, isWAL: true) == 4)
  }
}
