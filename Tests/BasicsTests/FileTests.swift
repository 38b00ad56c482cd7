import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Basics

@Suite struct FileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func names() throws -> [String] { try namesInFolder(folder.path).sorted() }

  private func error(_ body: () throws -> Void) throws -> SystemError {
    try #require(throws: SystemError.self, performing: body)
  }

  // MARK: Reading

  @Test func `a folder, a missing file and a file taken for a folder are no file`() throws {
    try Data("x".utf8).write(to: URL(filePath: folder.file("file")))
    let cases: [(String, String, Errno)] = [
      ("", "read", .isDirectory), ("/none", "open", .noSuchFileOrDirectory),
      ("/file/x", "open", .notDirectory),
      ("/file/", "open", .notDirectory),
    ]
    for (path, call, code) in cases {
      let path = folder.path + path
      #expect(try error { _ = try readFile(path) } == SystemError(call: call, path: path, code: code))
    }
  }

  @Test func `a path with a NUL is refused, not cut off`() throws {
    try Data("x".utf8).write(to: URL(filePath: folder.file("file")))
    let path = folder.file("file\0.sql")
    #expect(try error { _ = try readFile(path) }.code == .invalidArgument)
    #expect(try error { _ = try namesInFolder("\(folder.path)\0x") }.code == .invalidArgument)
  }

  @Test func `a file of proc(5), which has no size, is read to its end`() throws {
    #expect(try readFile("/proc/self/cmdline").isEmpty == false)
  }

  @Test func `bytes that are not UTF-8, and more than one piece, are read as they are`() throws {
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    try Data(bytes).write(to: URL(filePath: folder.file("file")))
    #expect(try readFile(folder.file("file")) == bytes)
    let file = try OpenFile(reading: folder.file("file"))
    #expect(try file.size() == bytes.count)
    #expect(try file.readAll(limit: 70_000) == Array(bytes.prefix(70_000)))
    var pieces: [UInt8] = []
    try file.forEachChunk { pieces += $0 }
    #expect(pieces == bytes)
  }

  @Test func `a pipe without a writer is no regular file, and nobody waits for it`() throws {
    #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
    #expect(try error { _ = try OpenFile(reading: folder.file("pipe")) }.code == .invalidArgument)
  }

  @Test func `a call that a signal interrupts is repeated, another failure is thrown`() throws {
    var codes = [EINTR, EINTR, EIO]
    let result = try error {
      try SystemError.checking("fsync", "x") { () -> Int32 in
        errno = codes.removeFirst()
        return -1
      }
    }
    #expect(result == SystemError(call: "fsync", path: "x", code: .ioError))
    #expect(codes.isEmpty)
    #expect("\(result)" == "x: fsync: Input/output error")
  }

  // MARK: Folders

  @Test func `what is no folder can't be listed or synced`() throws {
    try Data().write(to: URL(filePath: folder.file("file")))
    #expect(try error { _ = try namesInFolder(folder.file("file")) }.code == .notDirectory)
    #expect(try error { _ = try namesInFolder(folder.file("none")) }.code == .noSuchFileOrDirectory)
    #expect(try error { try syncFolder(folder.file("file")) }.code == .notDirectory)
  }

  @Test func `all names are listed, hidden ones too`() throws {
    #expect(try names() == [])
    let long = String(repeating: "n", count: 255)
    for name in [".hidden", "ä b", long] { try Data().write(to: URL(filePath: folder.file(name))) }
    #expect(try names() == [".hidden", long, "ä b"])
  }

  // MARK: Writing

  private func unfinished(_ name: String) throws -> UnfinishedFile {
    try UnfinishedFile(folder.file(name), temporary: folder.file(name + ".part"))
  }

  @Test func `a file that is not published leaves nothing behind, and the old one as it was`() throws {
    try Data("old".utf8).write(to: URL(filePath: folder.file("file")))
    do {
      let file = try unfinished("file")
      try file.write(Array(repeating: 1, count: 100_000))
      #expect(try names() == ["file", "file.part"])
    }
    #expect(try names() == ["file"])
    #expect(try readFile(folder.file("file")) == Array("old".utf8))
  }

  @Test(arguments: [10, 100_000]) func `a full disk leaves nothing behind`(_ size: Int) throws {
    do {
      let file = try unfinished("file")
      let full = try OpenFile("/dev/full", .writeOnly)
      #expect(dup2(full.descriptor.rawValue, file.descriptor.rawValue) >= 0)
      let failure = try error {
        try file.write(Array(repeating: 1, count: size))
        try file.publish()
      }
      #expect(failure.call == "write" && failure.code == .noSpace)
    }
    #expect(try names() == [])
  }

  @Test func `a folder in the way stays, and nothing else is left`() throws {
    #expect(mkdir(folder.file("file"), 0o700) == 0)
    do {
      let file = try unfinished("file")
      let failure = try error { try file.publish() }
      #expect(failure == SystemError(call: "rename", path: folder.file("file"), code: .isDirectory))
    }
    #expect(try names() == ["file"])
  }

  @Test func `a folder that takes no file, or isn't there, is an error of open`() throws {
    let refused = try error { _ = try UnfinishedFile("/sys/x", temporary: "/sys/x.part") }
    #expect(refused.call == "open")
    #expect([.permissionDenied, .readOnlyFileSystem].contains(refused.code))
    #expect(try error { _ = try unfinished("none/file") }.code == .noSuchFileOrDirectory)
  }

  @Test func `a link under the temporary name is replaced, not followed`() throws {
    try Data("other".utf8).write(to: URL(filePath: folder.file("other")))
    #expect(symlink("other", folder.file("file.part")) == 0)
    let file = try unfinished("file")
    try file.write("new".utf8)
    try file.publish()
    #expect(try readFile(folder.file("other")) == Array("other".utf8))
    #expect(try readFile(folder.file("file")) == Array("new".utf8))
  }

  @Test func `a published file is whole and has the permissions that were asked for, and others have none`()
    throws
  {
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    for (name, permissions, mode) in [("a", nil, 0o600), ("b", FilePermissions(rawValue: 0o644), 0o644)] {
      let file = try unfinished(name)
      for start in stride(from: 0, to: bytes.count, by: 999) {
        try file.write(bytes[start..<min(start + 999, bytes.count)])
      }
      try file.publish(permissions: permissions)
      var status = stat()
      #expect(stat(folder.file(name), &status) == 0 && status.st_mode & 0o777 == mode)
      #expect(try readFile(folder.file(name)) == bytes)
    }
    #expect(try names() == ["a", "b"])
  }

  @Test func `a file without a name leaves none behind`() throws {
    let file = try OpenFile(temporaryIn: folder.path, prefix: ".new-")
    #expect(try names() == [])
    try file.write("text".utf8)
    #expect(try file.bytes(at: 1) == ArraySlice("ext".utf8))
    #expect(try file.bytes(at: 4).isEmpty)
    #expect(try error { _ = try OpenFile(temporaryIn: folder.file("none"), prefix: "x") }.call == "mkstemp")
  }
}
