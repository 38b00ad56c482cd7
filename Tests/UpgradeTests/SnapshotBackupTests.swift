import BenchSupport
import Foundation
import SQLite
import Synchronization
import TestSupport
import Testing

@testable import Upgrade

/// Backups of databases that are written while the copy is made.
@Suite struct SnapshotBackupTests {
  /// Rows that make the database larger than what is compared as a whole under the lock.
  private static let large = """
    CREATE TABLE more (a INTEGER PRIMARY KEY, b);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO more (b) SELECT randomblob(4000) FROM n;
    """

  private func bench(_ mode: String, _ more: String) throws -> Bench {
    let bench = try Bench(settings: "PRAGMA journal_mode=\(mode);", more: more)
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    return bench
  }

  /// What an application does at one moment.
  private final class Application: Sendable {
    private let content = Mutex<[String]>([])
    private let errors = Mutex<[String]>([])

    var problems: [String] { errors.withLock { $0 } }
    var expected: [String] { content.withLock { $0 } }

    func write(_ path: String, _ sql: String) {
      do {
        let database = try Connection(path: path, access: .readWrite, busyTimeout: .zero)
        try database.allowingVacuum { try database.executeScript(sql) }
        database.close()
        let dump = try Content.dump(path)
        content.withLock { $0 = dump }
      } catch {
        errors.withLock { $0.append("\(error)") }
      }
    }
  }

  @Test(arguments: ["WAL", "DELETE"], ["", large])
  func `what is committed while the copy is made is in the backup`(mode: String, more: String) throws {
    let bench = try bench(mode, more)
    let application = Application()
    // Somebody else has it open too, so that closing a connection doesn't end the log.
    let other = try Connection(path: bench.path, access: .readWrite)
    _ = try other.scalar("SELECT count(*) FROM parents")
    let path = bench.path
    bench.control.onCopy = { _, moment in
      guard moment != .updated else { return }
      // Nobody waits for a lock, in any mode.
      application.write(
        path,
        "INSERT INTO parents (name) VALUES ('new'); UPDATE children SET note = 'x'; CREATE TABLE IF NOT EXISTS y (z)"
      )
    }
    let outcome = try bench.upgrade()
    #expect(application.problems.isEmpty, "\(application.problems)")
    #expect(outcome.status == .migrated, "\(outcome)")
    let backup = try #require(outcome.backup)
    #expect(try Content.dump(backup.path) == application.expected)
    #expect(try BackupRecord(reading: backup.path) == backup)
    #expect(try Content.integrity(backup.path) == "ok")
    #expect(try Content.mode(backup.path) == [1, 1])
  }

  /// Changes one byte in the middle, or the last one that differs from `old`.
  private static func flip(_ path: String, differingFrom old: [UInt8] = []) {
    guard let bytes = try? Content.bytes(path), let file = FileHandle(forUpdatingAtPath: path) else { return }
    let offset = zip(old, bytes).enumerated().filter { $1.0 != $1.1 }.last?.offset ?? bytes.count / 2
    try? file.seek(toOffset: UInt64(offset))
    try? file.write(contentsOf: [bytes[offset] ^ 1])
    try? file.close()
  }

  @Test(arguments: ["", large])
  func `a log that can't be followed is copied under the lock`(more: String) throws {
    let bench = try bench("WAL", more)
    let application = Application()
    let other = try Connection(path: bench.path, access: .readWrite)
    _ = try other.scalar("SELECT count(*) FROM parents")
    let path = bench.path
    let log = path + "-wal"
    let copies = Mutex(0)
    let sound = Mutex<[UInt8]>([])
    bench.control.onCopy = { _, moment in
      guard moment == .copied,
        copies.withLock({
          $0 += 1; return $0
        }) == 1
      else { return }
      application.write(path, "UPDATE children SET note = 'x'")
      sound.withLock { $0 = (try? Content.bytes(log)) ?? [] }
      Self.flip(log)
    }
    bench.control.began = { _, step in
      let bytes = sound.withLock { $0 }
      guard step == .lock, !bytes.isEmpty, let file = FileHandle(forUpdatingAtPath: log) else { return }
      try? file.write(contentsOf: bytes)
      try? file.close()
    }
    let outcome = try bench.upgrade()
    #expect(application.problems.isEmpty, "\(application.problems)")
    #expect(outcome.status == .migrated, "\(outcome)")
    #expect(copies.withLock { $0 } == 2)
    #expect(try Content.dump(#require(outcome.backup).path) == application.expected)
  }

  private func expectRefused(_ bench: Bench, _ outcome: Outcome, _ before: [String]) throws {
    #expect(outcome.status == .failed, "\(outcome)")
    #expect([.backup, .corrupt].contains(outcome.failure?.code), "\(outcome)")
    #expect(outcome.backup == nil && outcome.isUnchanged)
    #expect(!bench.exists("backup.sqlite") && !bench.exists("backup.sqlite.part"))
    #expect(try Content.dump(bench.path) == before)
  }

  @Test(arguments: ["WAL", "DELETE"], ["", large])
  func `a page that is flipped at any moment is found`(mode: String, more: String) throws {
    for moment in [SnapshotBackup.Moment.copied, .checked] {
      let bench = try bench(mode, more)
      let before = try Content.dump(bench.path)
      bench.control.onCopy = { copy, now in
        if now == moment { Self.flip(copy) }
      }
      try expectRefused(bench, bench.upgrade(), before)
    }
  }

  @Test(arguments: ["WAL", "DELETE"], ["", large])
  func `a page that is flipped after it was taken over is found`(mode: String, more: String) throws {
    let bench = try bench(mode, more)
    let application = Application()
    let path = bench.path
    let copied = Mutex<[UInt8]>([])
    bench.control.onCopy = { copy, moment in
      switch moment {
      case .copied:
        copied.withLock { $0 = (try? Content.bytes(copy)) ?? [] }
        application.write(path, "UPDATE children SET note = 'x'")
      case .updated:
        let old = copied.withLock { $0 }
        if !old.isEmpty { Self.flip(copy, differingFrom: old) }
      case .checked: break
      }
    }
    let outcome = try bench.upgrade()
    #expect(application.problems.isEmpty, "\(application.problems)")
    #expect(outcome.failure?.message.contains("the copy is not equal to the database") == true, "\(outcome)")
    try expectRefused(bench, outcome, application.expected)
  }

  @Test func `a copy that somebody writes before pages are taken over is refused`() throws {
    let bench = try bench("WAL", Self.large)
    let application = Application()
    let path = bench.path
    bench.control.onCopy = { copy, moment in
      guard moment == .checked else { return }
      application.write(path, "UPDATE children SET note = 'x'")
      Self.flip(copy)
    }
    let outcome = try bench.upgrade()
    #expect(outcome.failure?.message.contains("somebody else has changed the copy") == true, "\(outcome)")
    try expectRefused(bench, outcome, application.expected)
  }

  @Test(arguments: ["WAL", "DELETE"], ["", large])
  func `a page that was left out is found`(mode: String, more: String) throws {
    let bench = try bench(mode, more)
    let application = Application()
    let path = bench.path
    let copied = Mutex<[UInt8]>([])
    bench.control.onCopy = { copy, moment in
      switch moment {
      case .copied:
        copied.withLock { $0 = (try? Content.bytes(copy)) ?? [] }
        application.write(path, "UPDATE children SET note = 'x'")
      case .updated:
        // Without the pages that were written since.
        let old = copied.withLock { Data($0) }
        if let file = FileHandle(forUpdatingAtPath: copy) {
          try? file.write(contentsOf: old)
          try? file.close()
        }
      case .checked: break
      }
    }
    let outcome = try bench.upgrade()
    #expect(application.problems.isEmpty, "\(application.problems)")
    #expect(outcome.failure?.message.contains("the copy is not equal to the database") == true, "\(outcome)")
    try expectRefused(bench, outcome, application.expected)
  }

  @Test(arguments: [
    "PRAGMA journal_mode=WAL; UPDATE children SET note = 'x'", "PRAGMA page_size=1024; VACUUM",
    "DELETE FROM more; VACUUM", "INSERT INTO more (b) SELECT b FROM more",
  ])
  func `what becomes of the file while the copy is checked doesn't matter`(sql: String) throws {
    let bench = try bench("DELETE", Self.large)
    let application = Application()
    let path = bench.path
    bench.control.onCopy = { _, moment in
      if moment == .checked { application.write(path, sql) }
    }
    let outcome = try bench.upgrade()
    #expect(application.problems.isEmpty, "\(application.problems)")
    #expect(outcome.status == .migrated, "\(outcome)")
    let backup = try #require(outcome.backup)
    #expect(try Content.dump(backup.path) == application.expected)
    #expect(try BackupRecord(reading: backup.path) == backup)
    #expect(try Content.mode(backup.path) == [1, 1])
  }

  @Test func `a backup alone follows the application, too`() throws {
    let bench = try bench("WAL", Self.large)
    let application = Application()
    let path = bench.path
    bench.control.onCopy = { _, moment in
      if moment != .updated { application.write(path, "INSERT INTO more (b) VALUES (randomblob(9000))") }
    }
    let outcome = try bench.worker().backUp(path, to: bench.backupPath)
    #expect(outcome.status == .current || outcome.status == .pending, "\(outcome)")
    #expect(try Content.dump(try #require(outcome.backup).path) == application.expected)
  }
}
