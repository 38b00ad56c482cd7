import BenchSupport
import Foundation
import Schema
import TestSupport
import Testing
import Upgrade

/// Backups: made, put back, removed, and brought from one machine to the other.
@Suite(.ownThreads) struct BackupWorkerTests {
  /// A bench that was migrated, and its backup.
  private func migrated(_ place: Place) throws -> (bench: RemoteBench, backup: BackupRecord, before: [String])
  {
    let bench = try RemoteBench(place)
    let before = try Content.dump(bench.path)
    let backup = try #require(try bench.upgrade().backup)
    return (bench, backup, before)
  }

  private func spoil(_ path: String) throws {
    var bytes = try Content.bytes(path)
    bytes[bytes.count - 5] ^= 0xFF
    try Data(bytes).write(to: URL(filePath: path))
  }

  @Test(arguments: Place.allCases)
  func `a backup is equal to the database, which it leaves as it is`(place: Place) throws {
    let bench = try RemoteBench(place)
    let bytes = try Content.bytes(bench.path)
    let outcome = try bench.worker().backUp(bench.path, to: bench.backupPath)
    let backup = try #require(outcome.backup, "\(outcome)")
    #expect(try Content.dump(backup.path) == Content.dump(bench.path))
    #expect(try Content.bytes(bench.path) == bytes)
    let attributes = try FileManager.default.attributesOfItem(atPath: backup.path)
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
  }

  @Test(arguments: Place.allCases)
  func `a restore brings the content back, and saves what it replaces`(place: Place) throws {
    let (bench, backup, before) = try migrated(place)
    let after = try Content.dump(bench.path)
    let outcome = try bench.worker().restore(
      bench.path, from: backup, saving: bench.folder.file("saved/x.sqlite"))
    #expect(outcome.failure == nil && outcome.versionAfter == 1, "\(outcome)")
    #expect(try Content.dump(bench.path) == before)
    #expect(try Content.dump(#require(outcome.backup).path) == after)
  }

  @Test(arguments: Place.allCases)
  func `a backup that was changed since is not restored`(place: Place) throws {
    let (bench, backup, _) = try migrated(place)
    try spoil(backup.path)
    let live = try Content.bytes(bench.path)
    let outcome = try bench.worker().restore(
      bench.path, from: backup, saving: bench.folder.file("saved.sqlite"))
    #expect(outcome.status == .failed && outcome.failure?.code == .backup, "\(outcome)")
    #expect(try Content.bytes(bench.path) == live)
  }

  @Test(arguments: Place.allCases)
  func `a backup goes with its folder, and is gone a second time too`(place: Place) throws {
    let (bench, backup, _) = try migrated(place)
    try bench.worker().remove([backup.path])
    #expect(!bench.exists("backups/run"))
    try bench.worker().remove([backup.path])
  }

  @Test(arguments: Place.allCases)
  func `backups are found where they are, and nothing else is taken for one`(place: Place) throws {
    let (bench, backup, _) = try migrated(place)
    let name = String(try #require(backup.path.split(separator: "/").last))
    let worker = try bench.worker()
    let folder = bench.folder.file("backups")
    let found = try worker.backups(name, in: folder, of: ["other", "run"])
    #expect(found.map(\.run) == ["run"] && found.first?.record == backup && found.first?.version == 1)
    #expect(try worker.backups(name, in: folder, of: ["other"]) == [])
    try bench.folder.write("garbage", to: "backups/second/\(name)")
    try bench.folder.write("unfinished", to: "backups/third/\(name).part")
    #expect(try worker.backups(name, in: folder, of: ["run", "second", "third"]) == found)
    #expect(try worker.backups(name, in: folder + "/nowhere", of: ["run"]) == [])
  }

  @Test(arguments: Place.allCases)
  func `a folder for copies belongs to one rehearsal, and one that is left is taken over`(place: Place) throws
  {
    let bench = try RemoteBench(place)
    let (folder, before) = (bench.folder.file(".flotilla/rehearsal"), try Content.bytes(bench.path))
    try bench.folder.write("left", to: ".flotilla/rehearsal/copy.sqlite-journal")
    let lock = open(folder, O_RDONLY)
    defer { close(lock) }
    #expect(flock(lock, LOCK_EX) == 0)
    let busy = try bench.worker().rehearse(bench.path, in: folder)
    #expect(busy.status == .failed && busy.failure?.code == .busy, "\(busy)")
    #expect(FileManager.default.fileExists(atPath: "\(folder)/copy.sqlite-journal"))
    flock(lock, LOCK_UN)
    let outcome = try bench.worker().rehearse(bench.path, in: folder)
    #expect(outcome.status == .migrated && outcome.versionAfter == 2, "\(outcome)")
    #expect(!FileManager.default.fileExists(atPath: folder))
    #expect(try Content.bytes(bench.path) == before)
    let blocked = try bench.worker().rehearse(bench.path, in: try bench.folder.write("", to: "file") + "/x")
    #expect(blocked.status == .failed && blocked.failure?.code == .io, "\(blocked)")
  }

  @Test(arguments: Place.allCases)
  func `what can't be removed is told`(place: Place) throws {
    let (bench, _, _) = try migrated(place)
    let worker = try bench.worker()
    #expect(throws: Failure.self) { try worker.remove([bench.folder.file("migrations")]) }
    #expect(bench.exists("migrations/0001_create_tables.sql"))
  }

  @Test(arguments: Place.allCases)
  func `a backup is fetched as it is`(place: Place) throws {
    let (bench, backup, _) = try migrated(place)
    let copy = try bench.worker().fetch(backup, to: bench.folder.file("here/copy.sqlite"))
    #expect(try Content.bytes(copy.path) == Content.bytes(backup.path))
    #expect(copy.sha256 == backup.sha256)
  }

  @Test(arguments: Place.allCases, ["changed", "gone", "longer"])
  func `a backup that is not what it was is not fetched, and nothing is left`(place: Place, how: String)
    throws
  {
    let (bench, backup, _) = try migrated(place)
    switch how {
    case "changed": try spoil(backup.path)
    case "gone": try FileManager.default.removeItem(atPath: backup.path)
    default: try Data(Content.bytes(backup.path) + [0]).write(to: URL(filePath: backup.path))
    }
    let worker = try bench.worker()
    #expect(throws: Failure.self) { try worker.fetch(backup, to: bench.folder.file("copy.sqlite")) }
    #expect(!bench.exists("copy.sqlite") && !bench.exists("copy.sqlite.part"))
    // The connection is as good as before.
    #expect(worker.inspect(bench.path).status == .current)
  }

  @Test(arguments: Place.allCases)
  func `a backup of many pieces travels both ways`(place: Place) throws {
    let bench = try RemoteBench(place)
    let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    let file = bench.folder.file("big")
    try Data(bytes).write(to: URL(filePath: file))
    let record = try BackupRecord(reading: file)
    let there = BackupRecord(path: bench.folder.file("there/big"), bytes: record.bytes, sha256: record.sha256)
    try bench.worker().store(file, as: there)
    #expect(try Content.bytes(there.path) == bytes)
    let back = try bench.worker().fetch(there, to: bench.folder.file("back"))
    #expect(try Content.bytes(back.path) == bytes)
  }

  @Test(arguments: Place.allCases)
  func `a file that is not the one that was meant is not stored, and nothing is left`(place: Place) throws {
    let (bench, backup, _) = try migrated(place)
    let wrong = BackupRecord(
      path: bench.folder.file("there.sqlite"), bytes: backup.bytes, sha256: String(repeating: "0", count: 64))
    let worker = try bench.worker()
    #expect(throws: Failure.self) { try worker.store(backup.path, as: wrong) }
    #expect(throws: Failure.self) { try worker.store(bench.folder.file("nothing"), as: wrong) }
    let nowhere = BackupRecord(
      path: bench.path + "/below/a/file", bytes: backup.bytes, sha256: backup.sha256)
    #expect(throws: Failure.self) { try worker.store(backup.path, as: nowhere) }
    #expect(worker.inspect(bench.path).status == .current)
    #expect(!bench.exists("there.sqlite"))
  }
}
