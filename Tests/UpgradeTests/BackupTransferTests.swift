import Foundation
import TestSupport
import Testing
import Upgrade

/// What is sent as a backup is the file that was made, or it is not there.
@Suite struct BackupTransferTests {
  let folder: TemporaryFolder
  let record: BackupRecord

  init() throws {
    folder = try TemporaryFolder()
    let made = try BackupRecord(reading: folder.write("a backup", to: "made"))
    record = BackupRecord(path: folder.file("arrived"), bytes: made.bytes, sha256: made.sha256)
  }

  private var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }

  @Test func `what is sent beyond the end is not written`() throws {
    do {
      let arriving = try IncomingBackup(record)
      try arriving.append(Array("a back".utf8))
      let failure = #expect(throws: Failure.self) { try arriving.append(Array("up, and more".utf8)) }
      #expect(failure?.code == .backup && failure?.message.contains("more than its 8 bytes") == true)
      #expect(throws: Failure.self) { try arriving.append([0]) }
      #expect(try Content.bytes(folder.file("arrived.part")).count == 6)
      #expect(throws: Failure.self) { try arriving.finish() }
    }
    #expect(names == ["made"])
  }

  @Test func `a part is not the whole`() throws {
    do {
      let arriving = try IncomingBackup(record)
      try arriving.append(Array("a back".utf8))
      let failure = #expect(throws: Failure.self) { try arriving.finish() }
      #expect(failure?.code == .backup && failure?.message.contains("6 of its 8 bytes") == true)
    }
    #expect(names == ["made"])
  }

  @Test func `the whole has its name`() throws {
    let arriving = try IncomingBackup(record)
    try arriving.append(Array("a back".utf8))
    try arriving.append(Array("up".utf8))
    try arriving.finish()
    #expect(names == ["arrived", "made"])
  }
}
