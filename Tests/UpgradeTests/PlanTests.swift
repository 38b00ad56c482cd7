import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import Synchronization
import TestSupport
import Testing
import Upgrade

/// Which migrations run on which database, and what runs outside a transaction.
@Suite struct PlanTests {
  private static let addAge = "ALTER TABLE parents ADD COLUMN age INTEGER;"

  @Test func `a database that is ahead is skipped and not a byte changes`() throws {
    let bench = try Bench(
      more: "INSERT INTO schema_migrations (version, name) VALUES (7, 'from_the_future');")
    try bench.migration("0002_add_age.sql", Self.addAge)
    let bytes = try Content.bytes(bench.path)
    let outcome = try bench.upgrade()
    #expect(outcome.status == .skipped)
    #expect(outcome.failure?.code == .ahead)
    #expect(outcome.failure?.message.contains("version 7") == true)
    #expect(try Content.bytes(bench.path) == bytes)
    #expect(!bench.exists("backup.sqlite"))
  }

  @Test func `a current database is not written`() throws {
    let bench = try Bench()
    let bytes = try Content.bytes(bench.path)
    #expect(try bench.upgrade().status == .current)
    #expect(try Content.bytes(bench.path) == bytes)
    #expect(!bench.exists("backup.sqlite"))
  }

  @Test func `an untracked database without a baseline gets every migration`() throws {
    let bench = try Bench(sql: "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('kept');")
    try bench.migration("0001_create_tables.sql", Bench.first)
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated)
    #expect(outcome.versionBefore == nil)
    #expect(try bench.versions() == [1])
    #expect(outcome.drift.map(\.object) == ["notes"])
    #expect(try Content.value("SELECT count(*) FROM notes", at: bench.path) == 1)
  }

  @Test func `an untracked database whose tables are there fails and is untouched`() throws {
    let bench = try Bench(sql: Bench.first + Bench.rows)
    try bench.migration("0001_create_tables.sql", Bench.first)
    let bytes = try Content.bytes(bench.path)
    let outcome = try bench.upgrade()
    #expect(outcome.failure?.code == .unknownHistory)
    #expect(try Content.bytes(bench.path) == bytes)
  }

  @Test func `a database without a table is brought to the latest version`() throws {
    let bench = try Bench(sql: "PRAGMA application_id = 3;")
    try bench.migration("0001_create_tables.sql", Bench.first)
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated)
    #expect(outcome.drift == [])
    #expect(try Content.value("PRAGMA application_id", at: bench.path) == 3)
  }

  @Test(arguments: ["DELETE", "WAL"])
  func `vacuum runs outside a transaction, between others`(mode: String) throws {
    let bench = try Bench(
      settings: "PRAGMA journal_mode=\(mode);",
      more:
        "CREATE TABLE big AS WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2000) "
        + "SELECT i, hex(randomblob(200)) AS t FROM c; DELETE FROM big;")
    try bench.migration("0002_add_age.sql", Self.addAge)
    try bench.migration("0003_vacuum.sql", "-- @transaction none\nVACUUM;")
    try bench.migration("0004_name_age.sql", "UPDATE parents SET age = 5;")
    let bytes = try Content.bytes(bench.path).count
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated, "\(outcome.failure?.description ?? "")")
    #expect(outcome.applied.map(\.version) == [2, 3, 4])
    #expect(try bench.versions() == [1, 2, 3, 4])
    #expect(try Content.bytes(bench.path).count < bytes / 2)
    #expect(try Content.mode(bench.path) == (mode == "WAL" ? [2, 2] : [1, 1]))
  }

  @Test func `a vacuum that can't run leaves the version before it, and the next run goes on`() throws {
    let bench = try Bench()
    try bench.migration("0002_add_age.sql", Self.addAge)
    try bench.migration("0003_vacuum.sql", "-- @transaction none\nVACUUM;")
    try bench.migration("0004_name_age.sql", "UPDATE parents SET age = 5;")
    bench.options.busyTimeout = .milliseconds(300)
    // A reader that arrives after the first commit keeps VACUUM from its own.
    let reader = Reader()
    bench.control.began = { path, step in
      if step == .migrate {
        reader.read(path, ifIt: "SELECT count(*) FROM schema_migrations WHERE version = 2")
      }
    }
    let outcome = try bench.upgrade()
    #expect(reader.isReading)
    reader.stop()
    bench.control.began = nil
    #expect(outcome.failure?.code == .busy, "\(outcome.failure?.description ?? "migrated")")
    #expect(try bench.versions() == [1, 2])
    #expect(outcome.versionAfter == 2)
    #expect(outcome.backup != nil)
    #expect(try bench.upgrade().status == .migrated)
    #expect(try bench.versions() == [1, 2, 3, 4])
  }

  @Test func `without a backup nothing runs that can't be in a transaction`() throws {
    let bench = try Bench()
    bench.options.check = .none
    try bench.migration("0002_add_age.sql", Self.addAge)
    try bench.migration("0003_vacuum.sql", "-- @transaction none\nVACUUM;")
    let bytes = try Content.bytes(bench.path)
    let outcome = try bench.upgrade()
    #expect(outcome.failure?.code == .backup)
    #expect(try Content.bytes(bench.path) == bytes)
  }

  @Test func `an application that migrates itself while we wait is left as it is`() throws {
    let bench = try Bench()
    try bench.migration("0002_add_age.sql", Self.addAge)
    let application = try Connection(path: bench.path, access: .readWrite)
    try application.execute("BEGIN IMMEDIATE")
    let waits = DispatchSemaphore(value: 0)
    bench.control.began = { _, step in if step == .lock { waits.signal() } }
    let worker = try bench.worker()
    let (path, backup) = (bench.path, bench.backupPath)
    let box = OutcomeBox()
    Thread.detachNewThread { box.put(worker.upgrade(path, backup: backup)) }
    try #require(waits.wait(timeout: .now() + .seconds(60)) == .success)
    try application.executeScript(
      Self.addAge + "INSERT INTO schema_migrations (version, name) VALUES (2, 'add_age');")
    try application.execute("COMMIT")
    application.close()
    let outcome = try #require(box.wait())
    #expect(outcome.status == .current, "\(outcome.failure?.description ?? "")")
    #expect(try bench.versions() == [1, 2])
    #expect(!bench.exists("backup.sqlite"))
  }

  @Test func `only migrations up to the target run`() throws {
    let bench = try Bench()
    try bench.migration("0002_add_age.sql", Self.addAge)
    try bench.migration("0003_add_size.sql", "ALTER TABLE parents ADD COLUMN size INTEGER;")
    bench.options.target = 2
    #expect(try bench.upgrade().status == .migrated)
    #expect(try bench.versions() == [1, 2])
  }

  @Test func `looking changes no byte and leaves nothing beside the file`() throws {
    for mode in ["DELETE", "WAL"] {
      let bench = try Bench(settings: "PRAGMA journal_mode=\(mode);")
      try bench.migration("0002_add_age.sql", Self.addAge)
      let bytes = try Content.bytes(bench.path)
      #expect(try bench.worker().inspect(bench.path).status == .pending)
      #expect(try Content.bytes(bench.path) == bytes)
      let names = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path).sorted()
      #expect(names == ["db.sqlite", "migrations"])
    }
  }
}

/// Holds a read transaction from a certain moment on. Used by one thread at a time.
final class Reader: @unchecked Sendable {
  private var connection: Connection?

  /// Whether the transaction is open.
  var isReading: Bool { connection != nil }

  /// Opens the transaction if the query is true of the database.
  func read(_ path: String, ifIt query: String) {
    guard connection == nil, let reader = try? Connection(path: path, access: .readOnly) else { return }
    guard (try? reader.execute("BEGIN")) != nil, (try? reader.scalar(query))??.isTrue == true else { return }
    connection = reader
  }

  func stop() {
    connection?.rollback()
    connection?.close()
    connection = nil
  }
}

/// Carries an outcome from one thread to another.
final class OutcomeBox: Sendable {
  private let outcome = Mutex<Outcome?>(nil)
  private let done = DispatchSemaphore(value: 0)

  func put(_ value: Outcome) {
    outcome.withLock { $0 = value }
    done.signal()
  }

  func wait() -> Outcome? {
    _ = done.wait(timeout: .now() + .seconds(60))
    return outcome.withLock { $0 }
  }
}
