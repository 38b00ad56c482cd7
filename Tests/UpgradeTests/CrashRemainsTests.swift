import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing
import Upgrade

/// What an application that crashed in the middle of a write leaves behind.
@Suite struct CrashRemainsTests {
  /// A database whose writer is stopped in the middle: its files are copied while the transaction is open.
  private func crashed(_ mode: String, _ sql: String, files: [String]) throws -> Bench {
    let bench = try Bench(settings: "PRAGMA journal_mode=\(mode);")
    try bench.migration("0002_add_cascade.sql", Bench.rebuild)
    let copy = bench.folder.file("crashed.sqlite")
    let writer = try Connection(path: bench.path, access: .readWrite)
    try writer.executeScript("PRAGMA cache_size=2; PRAGMA wal_autocheckpoint=0; \(sql)")
    for file in files {
      try FileManager.default.copyItem(atPath: bench.path + file, toPath: copy + file)
    }
    writer.rollback()
    writer.close()
    return bench
  }

  private static let halfWritten = """
    BEGIN;
    UPDATE parents SET name = 'half';
    INSERT INTO children (parent, note)
    WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 3000)
    SELECT 1, hex(randomblob(50)) FROM c;
    """

  @Test func `a journal left by a crash is rolled back first`() throws {
    let bench = try crashed("DELETE", Self.halfWritten, files: ["", "-journal"])
    let path = bench.folder.file("crashed.sqlite")
    #expect(try Content.bytes(path).count > 100_000, "the writer must have written")
    let outcome = try bench.worker().upgrade(path, backup: bench.backupPath)
    #expect(outcome.status == .migrated, "\(outcome.failure?.description ?? "")")
    #expect(try Content.rows(of: "children", at: path) == Content.rows(of: "children", at: bench.path))
    #expect(try Content.rows(of: "parents", at: path) == Content.rows(of: "parents", at: bench.path))
    #expect(!bench.exists("crashed.sqlite-journal"))
  }

  @Test func `a database with a journal left by a crash can be looked at`() throws {
    let bench = try crashed("DELETE", Self.halfWritten, files: ["", "-journal"])
    let outcome = try bench.worker().inspect(bench.folder.file("crashed.sqlite"))
    #expect(outcome.status == .pending, "\(outcome.failure?.description ?? "")")
    #expect(outcome.versionBefore == 1)
  }

  @Test func `a look that must write nothing leaves a crashed writer's journal alone`() throws {
    let bench = try crashed("DELETE", Self.halfWritten, files: ["", "-journal"])
    bench.options.recovers = false
    let path = bench.folder.file("crashed.sqlite")
    let before = try [Content.bytes(path), Content.bytes(path + "-journal")]
    let outcome = try bench.worker().inspect(path)
    #expect(outcome.status == .failed)
    #expect(outcome.failure?.code == .journal)
    #expect(try [Content.bytes(path), Content.bytes(path + "-journal")] == before)
  }

  @Test func `what is only in a log left by a crash is seen and kept`() throws {
    let sql = "INSERT INTO parents VALUES (4, 'four'); INSERT INTO children VALUES (9, 4, 'late');"
    let bench = try crashed("WAL", sql, files: ["", "-wal"])
    let path = bench.folder.file("crashed.sqlite")
    #expect(try bench.worker().inspect(path).status == .pending)
    let outcome = try bench.worker().upgrade(path, backup: bench.backupPath)
    #expect(outcome.status == .migrated, "\(outcome.failure?.description ?? "")")
    #expect(try Content.value("SELECT count(*) FROM children WHERE note = 'late'", at: path) == 1)
    #expect(try Content.value("SELECT count(*) FROM children", at: bench.backupPath) == 5)
  }

  @Test func `an unfinished transaction in a log left by a crash does not count`() throws {
    let bench = try crashed("WAL", Self.halfWritten, files: ["", "-wal"])
    let path = bench.folder.file("crashed.sqlite")
    #expect(try bench.worker().upgrade(path, backup: bench.backupPath).status == .migrated)
    #expect(try Content.value("SELECT count(*) FROM children", at: path) == 4)
  }

  @Test func `a version that is only in the log is seen through a symbolic link`() throws {
    let bench = try crashed(
      "WAL", "INSERT INTO schema_migrations (version, name) VALUES (2, 'add_cascade');", files: ["", "-wal"])
    let link = bench.folder.file("link.sqlite")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: bench.folder.file("crashed.sqlite"))
    #expect(try bench.worker().inspect(link).versionBefore == 2)
    #expect(!bench.exists("link.sqlite-wal"))
  }
}
