import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import Synchronization
import TestSupport
import Testing

@testable import Upgrade

/// A backup is written back through SQLite: content as it was, the live file's own settings as they are.
@Suite struct RestoreTests {
  /// A bench that was migrated, with its backup and what it held before.
  private func migrated(_ settings: String = "") throws -> (Bench, BackupRecord, [String]) {
    let bench = try Bench(settings: settings)
    try bench.migration(
      "0002_add_cascade.sql", "-- @changes parents.name\n\(Bench.rebuild)UPDATE parents SET name = 'changed';"
    )
    let before = try Content.dump(bench.path)
    let backup = try #require(try bench.upgrade().backup)
    #expect(try Content.dump(bench.path) != before)
    return (bench, backup, before)
  }

  private func restore(_ bench: Bench, _ backup: BackupRecord) throws -> Outcome {
    try bench.worker().restore(bench.path, from: backup, saving: bench.folder.file("saved.sqlite"))
  }

  @Test(arguments: ["DELETE", "WAL"], ["DELETE", "WAL"])
  func `content comes back and the live file's mode stays`(source: String, target: String) throws {
    let (bench, backup, before) = try migrated("PRAGMA journal_mode=\(source);")
    try bench.change("PRAGMA journal_mode=\(target);")
    let mode = try Content.mode(bench.path)
    #expect(mode == (target == "WAL" ? [2, 2] : [1, 1]))
    let after = try Content.dump(bench.path)
    let outcome = try restore(bench, backup)
    #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    #expect(outcome.status == .pending)
    #expect(outcome.versionBefore == 2)
    #expect(outcome.versionAfter == 1)
    #expect(try Content.dump(bench.path) == before)
    #expect(try Content.mode(bench.path) == mode)
    #expect(try Content.integrity(bench.path) == "ok")
    #expect(try Content.dump(try #require(outcome.backup).path) == after)
    #expect(!bench.exists("db.sqlite-wal") && !bench.exists("db.sqlite-journal"))
  }

  @Test(arguments: ["DELETE", "WAL"])
  func `a backup of another page size comes back`(mode: String) throws {
    let (bench, backup, before) = try migrated("PRAGMA page_size=1024; PRAGMA journal_mode=\(mode);")
    try bench.change(
      "PRAGMA journal_mode=DELETE; PRAGMA page_size=8192; VACUUM; PRAGMA journal_mode=\(mode);")
    let outcome = try restore(bench, backup)
    #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    #expect(try Content.dump(bench.path) == before)
    #expect(try Content.mode(bench.path) == (mode == "WAL" ? [2, 2] : [1, 1]))
    #expect(try Content.integrity(bench.path) == "ok")
  }

  @Test func `a backup of another page size waits for the end of the application, and says so`() throws {
    let (bench, backup, before) = try migrated("PRAGMA page_size=1024; PRAGMA journal_mode=WAL;")
    try bench.change("PRAGMA journal_mode=DELETE; PRAGMA page_size=8192; VACUUM; PRAGMA journal_mode=WAL;")
    bench.options.busyTimeout = .milliseconds(100)
    let application = try Connection(path: bench.path, access: .readWrite)
    let name = try application.scalar("SELECT name FROM parents WHERE id = 1")
    let outcome = try restore(bench, backup)
    #expect(outcome.failure?.code == .busy && outcome.backup == nil, "\(outcome)")
    #expect(outcome.failure?.message.contains("stop what uses it") == true, "\(outcome)")
    #expect(try application.scalar("SELECT name FROM parents WHERE id = 1") == name)
    try application.execute("UPDATE parents SET name = 'on' WHERE id = 1")
    application.close()
    #expect(try Content.mode(bench.path) == [2, 2])
    #expect(try restore(bench, backup).failure == nil)
    #expect(try Content.dump(bench.path) == before)
  }

  @Test func `a backup that was changed since is refused`() throws {
    let (bench, backup, _) = try migrated()
    var bytes = try Content.bytes(backup.path)
    bytes[bytes.count - 5] ^= 0xFF
    try Data(bytes).write(to: URL(filePath: backup.path))
    let live = try Content.bytes(bench.path)
    let outcome = try restore(bench, backup)
    #expect(outcome.status == .failed)
    #expect(outcome.failure?.code == .backup)
    #expect(outcome.failure?.message.contains("is not the file that was written") == true)
    #expect(try Content.bytes(bench.path) == live)
  }

  @Test func `a backup that is gone is refused`() throws {
    let (bench, backup, _) = try migrated()
    try FileManager.default.removeItem(atPath: backup.path)
    let live = try Content.bytes(bench.path)
    let outcome = try restore(bench, backup)
    #expect(outcome.failure?.message.contains("No such file") == true)
    #expect(try Content.bytes(bench.path) == live)
  }

  @Test func `a live file with a damaged page is restored`() throws {
    let (bench, backup, before) = try migrated()
    try damage(bench)
    let outcome = try restore(bench, backup)
    #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    #expect(try Content.dump(bench.path) == before)
    #expect(try Content.integrity(bench.path) == "ok")
  }

  @Test(arguments: ["garbage", "empty", "truncated", "missing"])
  func `a live file that is no database any more is not touched, and the message says what to do`(
    state: String
  ) throws {
    let (bench, backup, _) = try migrated()
    switch state {
    case "garbage": try Data(repeating: 0x5A, count: 9000).write(to: URL(filePath: bench.path))
    case "empty": try Data().write(to: URL(filePath: bench.path))
    case "truncated":
      try Data(try Content.bytes(bench.path).prefix(5000)).write(to: URL(filePath: bench.path))
    default: try FileManager.default.removeItem(atPath: bench.path)
    }
    let bytes = state == "missing" ? nil : try Content.bytes(bench.path)
    let outcome = try restore(bench, backup)
    #expect(outcome.status == .failed)
    #expect(outcome.failure?.step == .restore)
    #expect(
      outcome.failure?.message.contains("copy \(backup.path)") == true, "\(outcome.failure?.message ?? "")")
    #expect((try? Content.bytes(bench.path)) == bytes)
  }

  @Test func `a reader of the old content keeps it until it looks again`() throws {
    let (bench, backup, before) = try migrated("PRAGMA journal_mode=WAL;")
    let reader = try Connection(path: bench.path, access: .readOnly)
    try reader.execute("BEGIN")
    #expect(try reader.scalar("SELECT name FROM parents WHERE id = 1") == "changed")
    let outcome = try restore(bench, backup)
    #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    #expect(try reader.scalar("SELECT name FROM parents WHERE id = 1") == "changed")
    reader.rollback()
    #expect(try reader.scalar("SELECT name FROM parents WHERE id = 1") == "one")
    reader.close()
    #expect(try Content.dump(bench.path) == before)
  }

  @Test(arguments: ["DELETE", "WAL"])
  func `a writer in the middle of a transaction is waited for, and not for ever`(mode: String) throws {
    let (bench, backup, before) = try migrated("PRAGMA journal_mode=\(mode);")
    bench.options.busyTimeout = .milliseconds(300)
    let writer = try Connection(path: bench.path, access: .readWrite)
    try writer.execute("BEGIN IMMEDIATE")
    #expect(try restore(bench, backup).failure?.code == .busy)
    writer.rollback()
    // The same connection writes on after the restore.
    let outcome = try restore(bench, backup)
    #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    try writer.execute("UPDATE parents SET name = 'later' WHERE id = 2")
    try writer.execute("UPDATE parents SET name = 'two' WHERE id = 2")
    writer.close()
    #expect(try Content.dump(bench.path) == before)
    #expect(try Content.integrity(bench.path) == "ok")
  }

  @Test(arguments: ["DELETE", "WAL"], [1024, 4096])
  func `nobody can write between the backup of what is there and the copy`(mode: String, pages: Int) throws {
    let (bench, backup, before) = try migrated("PRAGMA page_size=1024; PRAGMA journal_mode=\(mode);")
    try bench.change(
      "PRAGMA journal_mode=DELETE; PRAGMA page_size=\(pages); VACUUM; PRAGMA journal_mode=\(mode);"
        + "UPDATE parents SET name = 'the last' WHERE id = 3;")
    let path = bench.path
    let refused = Mutex<[ResultCode?]>([])
    bench.control.began = { _, step in
      guard step == .restore else { return }
      let error = #expect(throws: SQLiteError.self) {
        let application = try Connection(path: path, access: .readWrite, busyTimeout: .milliseconds(50))
        defer { application.close() }
        try application.execute("UPDATE parents SET name = 'lost' WHERE id = 3")
      }
      refused.withLock { $0.append(error?.code.primary) }
    }
    let outcome = try restore(bench, backup)
    #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    #expect(refused.withLock { $0 } == [.busy])
    #expect(try Content.dump(bench.path) == before)
    let saved = try #require(outcome.backup).path
    #expect(try Content.value("SELECT count(*) FROM parents WHERE name = 'the last'", at: saved) == 1)
    #expect(try Content.mode(bench.path) == (mode == "WAL" ? [2, 2] : [1, 1]))
  }

  @Test(arguments: ["DELETE", "WAL"], [1024, 4096])
  func `where what is there can't be saved, it stays as it is`(mode: String, pages: Int) throws {
    let (bench, backup, _) = try migrated("PRAGMA page_size=1024; PRAGMA journal_mode=\(mode);")
    try bench.change(
      "PRAGMA journal_mode=DELETE; PRAGMA page_size=\(pages); VACUUM; PRAGMA journal_mode=\(mode);")
    let live = try Content.dump(bench.path)
    let outcome = try bench.worker().restore(
      bench.path, from: backup, saving: bench.path + "/below/a/file.sqlite")
    #expect(outcome.status == .failed && outcome.failure?.step == .backUp, "\(outcome)")
    #expect(try Content.dump(bench.path) == live)
    #expect(try Content.mode(bench.path) == (mode == "WAL" ? [2, 2] : [1, 1]))
    try bench.change("UPDATE parents SET name = 'on' WHERE id = 3")
  }

  @Test func `the locks on a database stay where the backup of what is there fails`() throws {
    try Prerequisite.python.require()
    let (bench, backup, _) = try migrated("PRAGMA journal_mode=WAL;")
    let path = bench.path
    bench.control.onCopy = { copy, moment in
      // As if the database were damaged.
      if moment == .updated, let file = FileHandle(forUpdatingAtPath: copy) {
        try? file.seek(toOffset: 4096)
        try? file.write(contentsOf: [UInt8](repeating: 0xff, count: 4096))
        try? file.close()
      }
    }
    let modes = Mutex<[String]>([])
    let script = """
      import sqlite3, sys
      try: print(sqlite3.connect(sys.argv[1], timeout=0).execute("PRAGMA journal_mode=DELETE").fetchone()[0])
      except sqlite3.OperationalError as error: print(error)
      """
    bench.control.began = { _, step in
      // Another process must not find out that nobody has the database open.
      guard step == .lock, let said = try? Tool.run(["python3", "-c", script, path]).output else { return }
      modes.withLock { $0.append(said.split(separator: "\n").joined()) }
    }
    let outcome = try restore(bench, backup)
    #expect(outcome.failure == nil && outcome.backup == nil, "\(outcome)")
    #expect(modes.withLock { $0.last } == "database is locked", "\(modes.withLock { $0 })")
    #expect(try Content.mode(path) == [2, 2])
  }

  @Test(arguments: ["DELETE", "WAL"])
  func `where the backup of a sound database fails, nothing is restored`(mode: String) throws {
    let (bench, backup, _) = try migrated("PRAGMA journal_mode=\(mode);")
    try bench.change("UPDATE parents SET name = 'on' WHERE id = 3")
    let live = try Content.dump(bench.path)
    bench.control.onCopy = { copy, moment in
      guard moment == .checked, let file = FileHandle(forUpdatingAtPath: copy) else { return }
      try? file.seek(toOffset: 5_000)
      try? file.write(contentsOf: [1, 2, 3])
      try? file.close()
    }
    let outcome = try restore(bench, backup)
    #expect(outcome.status == .failed && outcome.failure?.code == .backup, "\(outcome)")
    #expect(try Content.dump(bench.path) == live)
    #expect(outcome.backup == nil)
  }

  @Test(arguments: ["DELETE", "WAL"])
  func `what is only in the log is saved too`(mode: String) throws {
    let (bench, backup, before) = try migrated("PRAGMA journal_mode=\(mode);")
    let application = try Connection(path: bench.path, access: .readWrite)
    try application.execute("UPDATE parents SET name = 'logged' WHERE id = 3")
    #expect(bench.exists("db.sqlite-wal") == (mode == "WAL"))
    let outcome = try restore(bench, backup)
    #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    let saved = try #require(outcome.backup).path
    #expect(try Content.value("SELECT count(*) FROM parents WHERE name = 'logged'", at: saved) == 1)
    application.close()
    #expect(try Content.dump(bench.path) == before)
  }

  @Test func `a database that was left ahead can be restored`() throws {
    let (bench, backup, before) = try migrated()
    try bench.change("INSERT INTO schema_migrations (version, name) VALUES (9, 'newer');")
    let outcome = try restore(bench, backup)
    #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    #expect(try Content.dump(bench.path) == before)
  }
}
