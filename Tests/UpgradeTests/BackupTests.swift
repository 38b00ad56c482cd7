import BenchSupport
import Foundation
import Migrations
import Schema
import TestSupport
import Testing
import Upgrade

/// A backup is complete and checked under its name, or it isn't there.
@Suite struct BackupTests {
  private func bench(_ mode: String = "DELETE") throws -> Bench {
    let bench = try Bench(settings: "PRAGMA journal_mode=\(mode);")
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    return bench
  }

  @Test(arguments: ["DELETE", "WAL"])
  func `a backup holds what was there before, and only its owner may read it`(mode: String) throws {
    let bench = try bench(mode)
    let before = try Content.dump(bench.path)
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated)
    let backup = try #require(outcome.backup)
    #expect(backup.path == bench.backupPath)
    #expect(try Content.dump(backup.path) == before)
    #expect(try Content.integrity(backup.path) == "ok")
    let bytes = try Content.bytes(backup.path)
    #expect(Int64(bytes.count) == backup.bytes)
    #expect(try sha256(backup.path) == backup.sha256)
    let attributes = try FileManager.default.attributesOfItem(atPath: backup.path)
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    #expect(!bench.exists("backup.sqlite.part"))
  }

  @Test func `reading a backup makes no files beside it`() throws {
    let bench = try bench("WAL")
    let backup = try #require(try bench.upgrade().backup)
    _ = try Content.dump(backup.path)
    let names = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path)
    #expect(names.filter { $0.hasPrefix("backup") } == ["backup.sqlite"])
    #expect(try Content.mode(bench.path) == [2, 2])
  }

  @Test(arguments: [BackupCheck.quick, .full])
  func `every check leaves a backup`(check: BackupCheck) throws {
    let bench = try bench()
    bench.options.check = check
    #expect(try bench.upgrade().backup != nil)
    #expect(bench.exists("backup.sqlite"))
  }

  @Test func `none makes no backup`() throws {
    let bench = try bench()
    bench.options.check = .none
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated)
    #expect(outcome.backup == nil)
    #expect(!bench.exists("backup.sqlite"))
  }

  @Test func `a backup folder that can't be made stops everything`() throws {
    let bench = try bench()
    let bytes = try Content.bytes(bench.path)
    try bench.folder.write("", to: "file")
    let outcome = try bench.worker().upgrade(bench.path, backup: bench.folder.file("file/a/b.sqlite"))
    #expect(outcome.failure?.step == .backUp)
    #expect(outcome.failure?.message.contains("Not a directory") == true)
    #expect(try Content.bytes(bench.path) == bytes)
  }

  @Test func `an old file in the way of the unfinished copy is replaced, a folder is not`() throws {
    let bench = try bench()
    try bench.folder.write("left by a crash", to: "backup.sqlite.part")
    #expect(try bench.upgrade().status == .migrated)
    #expect(!bench.exists("backup.sqlite.part"))
    let other = try self.bench()
    try FileManager.default.createDirectory(
      atPath: other.backupPath + ".part", withIntermediateDirectories: true)
    #expect(try other.upgrade().failure?.step == .backUp)
    #expect(try other.versions() == [1])
  }

  @Test func `a damaged page is found before anything is written`() throws {
    let bench = try bench()
    try damage(bench)
    let bytes = try Content.bytes(bench.path)
    let outcome = try bench.upgrade()
    #expect(outcome.failure?.code == .corrupt, "\(outcome.failure?.description ?? "")")
    #expect(outcome.failure?.step == .backUp)
    #expect(try Content.bytes(bench.path) == bytes)
    #expect(!bench.exists("backup.sqlite") && !bench.exists("backup.sqlite.part"))
  }

  @Test func `a damaged index is found by the full check`() throws {
    let bench = try bench()
    // A row that the index doesn't have: only a comparison of both finds it.
    var bytes = try Content.bytes(bench.path)
    let place = try #require(bytes.firstRange(of: Array("three".utf8))?.lowerBound)
    bytes[place - 1] = 9
    try Data(bytes).write(to: URL(filePath: bench.path))
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed)
    #expect(try Content.bytes(bench.path) == bytes)
  }

  @Test func `a backup without an upgrade changes nothing`() throws {
    let bench = try bench()
    let bytes = try Content.bytes(bench.path)
    let outcome = try bench.worker().backUp(bench.path, to: bench.backupPath)
    #expect(outcome.status == .pending)
    #expect(outcome.backup != nil)
    #expect(try Content.dump(bench.backupPath) == Content.dump(bench.path))
    #expect(try Content.bytes(bench.path) == bytes)
  }

  private func sha256(_ path: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["sha256sum", path]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return String(text.prefix(64))
  }
}

/// Overwrites the beginning of the page on which `children` begins.
func damage(_ bench: Bench) throws {
  let page = try #require(
    try Content.value("SELECT rootpage FROM sqlite_schema WHERE name = 'children'", at: bench.path))
  let size = try #require(try Content.value("PRAGMA page_size", at: bench.path))
  var bytes = try Content.bytes(bench.path)
  for offset in 0..<16 { bytes[Int((page - 1) * size) + offset] = 0xA5 }
  try Data(bytes).write(to: URL(filePath: bench.path))
}
