import Basics
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Upload

@Suite struct OutboxTests {
  let temporary: TemporaryFolder
  let folder: String

  init() throws {
    temporary = try TemporaryFolder()
    folder = temporary.file("outbox")
  }

  @Test func `a full outbox refuses the newcomer and keeps what it has`() throws {
    let outbox = try Outbox(path: folder, limits: .init(count: 2, bytes: 100))
    _ = try outbox.put(bytes("first"), id: "a")
    guard case .refused(let full) = try outbox.put([UInt8](repeating: 0, count: 96), id: "b") else {
      Issue.record("too many bytes were stored")
      return
    }
    #expect(full.waiting == 1 && full.waitingBytes == 5 && full.bytes == 96)
    _ = try outbox.put(bytes("second"), id: "b")
    guard case .refused(let full) = try outbox.put([], id: "c") else {
      Issue.record("too many reports were stored")
      return
    }
    #expect(
      full.description.contains("report c (0 bytes) was not queued for upload: 2 reports with 11 bytes wait"))
    #expect(try outbox.pending().map(\.id) == ["a", "b"])
  }

  @Test func `two reports never share an id, and one is never stored twice`() throws {
    let outbox = try Outbox(path: folder)
    guard case .stored(let entry) = try outbox.put(bytes("one"), id: "a") else {
      Issue.record("the first report was not stored")
      return
    }
    #expect(try outbox.put(bytes("one"), id: "a") == .alreadyStored(entry))
    for other in ["two", "ones", ""] {
      let error = try #require(throws: OutboxError.self) { try outbox.put(bytes(other), id: "a") }
      #expect(error.code == .conflict)
    }
    #expect(try outbox.pending() == [entry])
  }

  @Test(arguments: ["", ".", "../a", "a.b", "a/b", "a\nb", "é", String(repeating: "a", count: 129)])
  func `an id that can't be a file's name is refused`(id: String) throws {
    let error = try #require(throws: OutboxError.self) { try Outbox(path: folder).put([], id: id) }
    #expect(error.code == .id)
  }

  @Test func `a folder that can't be made and a report that isn't there are errors with a path`() throws {
    let first = try #require(throws: OutboxError.self) { try Outbox(path: "/dev/null/outbox") }
    #expect(first.description == "/dev/null/outbox: mkdir: Not a directory")
    let second = try #require(throws: OutboxError.self) {
      try Outbox(path: folder).put(contentsOf: "/nowhere/report.json", id: "a")
    }
    #expect(second.description == "/nowhere/report.json: open: No such file or directory")
  }

  @Test func `half a report that a crash has left is not sent, and goes with the next put`() throws {
    let outbox = try Outbox(path: folder)
    let half = "\(folder)/.new-00000000000000000001-a.json"
    try Data("half".utf8).write(to: URL(filePath: half))
    #expect(try outbox.pending().isEmpty)
    _ = try outbox.put(bytes("whole"), id: "a")
    #expect(!FileManager.default.fileExists(atPath: half))
    #expect(try outbox.pending().map(\.bytes) == [5])
  }

  @Test func `a report has its name only when it is whole`() throws {
    /// Breaks off after its first half, having looked at what a crash would leave there.
    struct Breaking: ByteSource {
      let folder: String
      func size() -> Int { 8 }
      func bytes(at offset: Int) throws(SystemError) -> ArraySlice<UInt8> {
        guard offset > 0 else { return ArraySlice("half".utf8) }
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(names == [".new-report.json"])
        throw SystemError(call: "read", path: "report", code: .ioError)
      }
    }
    let store = try Folder(creating: folder)
    #expect(throws: SystemError.self) { try store.write(Breaking(folder: folder), as: "report.json") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }

  @Test(arguments: [
    "notes.txt", "1-a.json", "00000000000000000001-a", "00000000000000000001-a.rejected-x.json",
    "99999999999999999999-a.json", "00000000000000000001-.json", "00000000000000000001-a.b.c.json",
  ])
  func `a file of another name is left alone`(name: String) throws {
    let outbox = try Outbox(path: folder)
    try Data("mine".utf8).write(to: URL(filePath: "\(folder)/\(name)"))
    #expect(try outbox.pending().isEmpty)
    #expect(
      try outbox.flush { _, _ in .delivered(status: 200, attempts: 1, milliseconds: 0) }.delivered.isEmpty)
    #expect(FileManager.default.fileExists(atPath: "\(folder)/\(name)"))
  }

  @Test func `nobody else may look into it`() throws {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    _ = try Outbox(path: folder).put(bytes("one"), id: "a")
    for path in [folder, "\(folder)/00000000000000000001-a.json"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      let mode = try #require(attributes[.posixPermissions] as? NSNumber)
      #expect(mode.intValue & 0o077 == 0)
    }
  }

  @Test func `writers at the same time each get their place`() async throws {
    let outbox = try Outbox(path: folder)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<20 { group.addTask { _ = try outbox.put([UInt8(number)], id: "report-\(number)") } }
      try await group.waitForAll()
    }
    #expect(try outbox.pending().map(\.order) == Array(1...20))
  }

  @Test func `reports wait in the order given, or in that of their coming`() throws {
    let outbox = try Outbox(path: folder)
    let source = try temporary.write("from a file", to: "report.json")
    _ = try outbox.put(bytes("x"), id: "third", order: 30)
    _ = try outbox.put(contentsOf: source, id: "first", order: 10)
    _ = try outbox.put(bytes("x"), id: "last")
    _ = try outbox.put(bytes("x"), id: "second", order: 20)
    #expect(try Outbox(path: folder).pending().map(\.id) == ["first", "second", "third", "last"])
    #expect(
      try String(contentsOfFile: "\(folder)/00000000000000000010-first.json", encoding: .utf8)
        == "from a file")
    #expect(try outbox.remove(id: "second"))
    #expect(try !outbox.remove(id: "second"))
    #expect(try outbox.pending().map(\.order) == [10, 30, 31])
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
}
