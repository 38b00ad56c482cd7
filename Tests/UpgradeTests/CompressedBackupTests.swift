import BenchSupport
import Compression
import Foundation
import Glibc
import SQLite
import TestSupport
import Testing

@testable import Upgrade

/// Backups that are stored compressed: what a crash leaves, what is damaged, and what has no room.
@Suite struct CompressedBackupTests {
  private func bench(_ compress: BackupCompression = .zstd) throws -> Bench {
    let bench = try Bench(more: "CREATE TABLE notes AS SELECT randomblob(20) AS note FROM parents;")
    bench.options.compress = compress
    try bench.migration(
      "0002_change.sql", "-- @changes parents.name\n\(Bench.rebuild)UPDATE parents SET name = 'changed';")
    return bench
  }

  private func migrated(_ compress: BackupCompression = .zstd) throws -> (Bench, BackupRecord, [String]) {
    let bench = try bench(compress)
    let before = try Content.dump(bench.path)
    let outcome = try bench.upgrade()
    #expect(outcome.failure == nil && outcome.compressionProblem == nil, "\(outcome)")
    return (bench, try #require(outcome.backup), before)
  }

  private func restore(_ bench: Bench, _ backup: BackupRecord) throws -> Outcome {
    try bench.worker().restore(bench.path, from: backup, saving: bench.folder.file("saved.sqlite"))
  }

  private func names(_ bench: Bench) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: bench.folder.path).filter { $0.contains("backup") }
      .sorted()
  }

  private func expectRefused(
    _ bench: Bench, _ backup: BackupRecord, _ text: String, location: SourceLocation = #_sourceLocation
  ) throws {
    let (live, left) = (try Content.bytes(bench.path), try names(bench))
    let outcome = try restore(bench, backup)
    #expect(outcome.status == .failed && outcome.backup == nil, sourceLocation: location)
    let message = outcome.failure?.message ?? ""
    #expect(message.contains(text), "\(message)", sourceLocation: location)
    #expect(try Content.bytes(bench.path) == live, sourceLocation: location)
    #expect(try names(bench) == left, sourceLocation: location)
    #expect(!bench.exists("saved.sqlite"), sourceLocation: location)
  }

  @Test func `a compressed backup takes less room, is private, and comes back`() throws {
    let (bench, backup, before) = try migrated()
    #expect(try names(bench) == ["backup.sqlite.zst"])
    #expect(backup.path == bench.backupPath)
    let bytes = try Content.bytes(bench.backupPath + ".zst")
    #expect(backup.compressedBytes == Int64(bytes.count) && backup.bytes > Int64(2 * bytes.count))
    let attributes = try FileManager.default.attributesOfItem(atPath: bench.backupPath + ".zst")
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    let outcome = try restore(bench, backup)
    #expect(outcome.failure == nil, "\(outcome)")
    #expect(try Content.dump(bench.path) == before)
    #expect(try names(bench) == ["backup.sqlite.zst"])
    #expect(bench.exists("saved.sqlite.zst") && !bench.exists("saved.sqlite"))
  }

  @Test(.needs(.zstd)) func `zstd alone makes the database of it again`() throws {
    let (bench, backup, before) = try migrated()
    let target = bench.folder.file("by-hand.sqlite")
    try Tool.output(of: ["zstd", "-qd", "-o", target, backup.path + ".zst"])
    #expect(try Content.dump(target) == before)
    #expect(try BackupRecord(reading: target).sha256 == backup.sha256)
  }

  @Test func `backups from before and after the setting are both read`() throws {
    let (bench, plain, before) = try migrated(.none)
    #expect(try names(bench) == ["backup.sqlite"] && plain.compressedBytes == nil)
    bench.options.compress = .zstd
    let first = try restore(bench, plain)
    #expect(first.failure == nil, "\(first)")
    #expect(try Content.dump(bench.path) == before)
    bench.options.compress = .none
    let saved = try #require(first.backup)
    #expect(saved.compressedBytes != nil)
    let second = try bench.worker().restore(bench.path, from: saved, saving: bench.folder.file("more.sqlite"))
    #expect(second.failure == nil && second.backup?.compressedBytes == nil, "\(second)")
    #expect(try bench.versions() == [1, 2])
  }

  // MARK: Kills

  /// The files at one moment of compressing a backup.
  enum Moment: CaseIterable {
    case begun, written, named
  }

  @Test(arguments: Moment.allCases)
  func `a kill at any moment leaves a whole backup, and the next run clears up`(moment: Moment) throws {
    let (bench, backup, before) = try migrated(.none)
    let destination = BackupDestinations.holding(backup.path)
    let plain = try Content.bytes(backup.path)
    #expect(try destination.compress(backup, by: Deadline(in: .seconds(60))) > 0)
    let compressed = try Data(contentsOf: URL(filePath: backup.path + ".zst"))
    try Data(plain).write(to: URL(filePath: backup.path))
    switch moment {
    case .begun, .written:
      unlink(backup.path + ".zst")
      let part = moment == .begun ? compressed.prefix(100) : compressed
      try part.write(to: URL(filePath: backup.path + ".zst.part"))
    case .named: break
    }
    let run = URL(filePath: bench.folder.path).lastPathComponent
    #expect(destination.has(backup.path))
    #expect(try destination.list(run).filter { $0.contains("backup") } == [backup.path])
    #expect(destination.compressedSize(backup.path) == nil, "the plain file counts")
    try destination.open(backup.path) { #expect($0 == backup.path) }
    destination.end(run)
    #expect(try names(bench) == ["backup.sqlite"])
    let outcome = try restore(bench, backup)
    #expect(outcome.failure == nil, "\(outcome)")
    #expect(try Content.dump(bench.path) == before)
    #expect(try destination.compress(backup, by: Deadline(in: .seconds(60))) == Int64(compressed.count))
    #expect(try names(bench) == ["backup.sqlite.zst"])
  }

  @Test func `what a killed run unpacked is overwritten, and goes`() throws {
    let (bench, backup, before) = try migrated()
    let left = backup.path + ".expanded.part"
    try Data(repeating: 1, count: 1 << 20).write(to: URL(filePath: left))
    chmod(left, 0o644)
    let destination = BackupDestinations.holding(backup.path)
    try destination.open(backup.path) { path in
      #expect(try Content.dump(path) == before)
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }
    #expect(try names(bench) == ["backup.sqlite.zst"])
    try Data().write(to: URL(filePath: left))
    try destination.remove(backup.path)
    #expect(try names(bench).isEmpty && !destination.has(backup.path))
  }

  @Test func `a new backup at the same place replaces a compressed one`() throws {
    let (bench, backup, _) = try migrated()
    bench.options.compress = .none
    let again = try bench.worker().backUp(bench.path, to: backup.path)
    #expect(again.failure == nil && again.backup?.sha256 != backup.sha256)
    #expect(try names(bench) == ["backup.sqlite"])
  }

  @Test func `a backup that is being compressed isn't replaced meanwhile, nor the other way round`() throws {
    let (bench, backup, _) = try migrated(.none)
    let file = open(backup.path, O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    #expect(flock(file, LOCK_EX) == 0)
    let before = try Content.bytes(backup.path)
    let outcome = try bench.worker().backUp(bench.path, to: backup.path)
    #expect(outcome.failure?.code == .busy, "\(outcome)")
    let destination = BackupDestinations.holding(backup.path)
    let failure = #expect(throws: Failure.self) {
      try destination.compress(backup, by: Deadline(in: .seconds(60)))
    }
    #expect(failure?.code == .busy)
    #expect(try Content.bytes(backup.path) == before)
  }

  // MARK: Damage

  @Test func `what is cut off or flipped is refused, and the database is not touched`() throws {
    let (bench, backup, _) = try migrated()
    let file = URL(filePath: backup.path + ".zst")
    let whole = try Data(contentsOf: file)
    let plain = try BackupDestinations.holding(backup.path).open(backup.path) { try Content.bytes($0) }
    var harmless = 0
    for place in stride(from: 0, to: whole.count, by: max(1, whole.count / 40)) {
      try whole.prefix(place).write(to: file)
      try expectRefused(bench, backup, "can't be unpacked")
      var flipped = whole
      flipped[place] ^= 0x10
      try flipped.write(to: file)
      let destination = BackupDestinations.holding(backup.path)
      if let content = try? destination.open(backup.path, { try Content.bytes($0) }) {
        #expect(content == plain, "the flipped bit of byte \(place) means nothing")
        harmless += 1
      } else {
        try expectRefused(bench, backup, "\(backup.path).zst can't be unpacked")
      }
    }
    #expect(harmless < 4)
    try whole.write(to: file)
    #expect(try restore(bench, backup).failure == nil)
  }

  @Test(.needs(.zstd)) func `a frame of other content is refused`() throws {
    let (bench, backup, _) = try migrated()
    let other = try bench.folder.database("other.sqlite", "CREATE TABLE other (a)")
    try Tool.output(of: ["zstd", "-qf", "-o", backup.path + ".zst", other])
    try expectRefused(bench, backup, "and the backup has \(backup.bytes)")
    // Of the same size.
    let content = Data(repeating: 0, count: Int(backup.bytes))
    try content.write(to: URL(filePath: other))
    try Tool.output(of: ["zstd", "-qf", "-o", backup.path + ".zst", other])
    try expectRefused(bench, backup, "is not the file that was written")
  }

  @Test(.needs(.zstd)) func `a bomb is refused before it is unpacked`() throws {
    let (bench, backup, _) = try migrated()
    let file = backup.path + ".zst"
    let zeros = "head -c 300000000 /dev/zero | zstd -qf -o \(file)"
    try Tool.output(of: ["sh", "-c", "\(zeros) --stream-size=300000000"])
    try expectRefused(bench, backup, "it holds 300000000 bytes, and the backup has \(backup.bytes)")
    // One that doesn't say how much it holds.
    try Tool.output(of: ["sh", "-c", zeros])
    try expectRefused(bench, backup, "it is no zstd file that says how much it holds")
    // One that says that it holds an exabyte: there is no room for that.
    let header: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xC0, 0x58, 0, 0, 0, 0, 0, 0, 0, 0x10]
    try Data(header).write(to: URL(filePath: file))
    let failure = #expect(throws: Failure.self) {
      try BackupDestinations.holding(backup.path).open(backup.path) { _ in }
    }
    #expect(failure?.code == .diskFull, "\(failure?.message ?? "")")
    #expect(try names(bench) == ["backup.sqlite.zst"])
  }

  @Test(.needs(.zstd)) func `a live file that is gone is replaced by hand, and the message says how`() throws
  {
    let (bench, backup, before) = try migrated()
    unlink(bench.path)
    let message = try #require(try restore(bench, backup).failure?.message)
    let command = try #require(message.split(separator: "(").last?.prefix { $0 != ")" })
    try Tool.output(of: ["sh", "-c", "\(command.replacing("zstd", with: "zstd -q", maxReplacements: 1))"])
    #expect(try Content.dump(bench.path) == before)
  }

  // MARK: What keeps a backup from being compressed

  @Test func `a folder in the way keeps the plain backup, and is told`() throws {
    let bench = try bench()
    try FileManager.default.createDirectory(
      atPath: bench.backupPath + ".zst.part/x", withIntermediateDirectories: true)
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated && outcome.failure == nil)
    #expect(outcome.compressionProblem?.contains(".zst.part") == true, "\(outcome)")
    #expect(outcome.backup?.compressedBytes == nil && bench.exists("backup.sqlite"))
  }

  @Test func `compressing stops when the work is called off, and keeps the plain backup`() throws {
    let (bench, backup, _) = try migrated(.none)
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: SQLiteError.self) {
      try BackupDestinations.holding(backup.path).compress(
        backup, by: Deadline(in: .seconds(60), cancellation))
    }
    #expect(try BackupRecord(reading: backup.path).sha256 == backup.sha256)
    #expect(try names(bench) == ["backup.sqlite"])
  }

  @Test func `a plain backup that isn't what was recorded is not compressed`() throws {
    let (bench, backup, _) = try migrated(.none)
    var bytes = try Content.bytes(backup.path)
    bytes[bytes.count - 5] ^= 1
    try Data(bytes).write(to: URL(filePath: backup.path))
    let failure = #expect(throws: Failure.self) {
      try BackupDestinations.holding(backup.path).compress(backup, by: Deadline(in: .seconds(60)))
    }
    #expect(failure?.message.contains("is not the backup that was made") == true)
    #expect(try names(bench) == ["backup.sqlite"])
  }

  @Test func `the backup of a migration that failed is not compressed, since it goes`() throws {
    let bench = try bench()
    try bench.migration("0003_fail.sql", "INSERT INTO parents (id, name) VALUES (1, 'again');")
    let outcome = try bench.upgrade()
    #expect(outcome.hasNeedlessBackup && outcome.milliseconds["compress"] == nil)
    #expect(try names(bench) == ["backup.sqlite"])
  }
}
