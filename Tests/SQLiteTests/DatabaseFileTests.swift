import Foundation
import TestSupport
import Testing

@testable import SQLite

@Suite struct DatabaseFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func trouble(_ path: String) -> DatabaseFile.Trouble? {
    if case .failure(let error) = DatabaseFile.inspect(path) { error.trouble } else { nil }
  }

  /// A database of several pages as bytes, changed, in a file.
  func changed(_ change: (inout Data) -> Void) throws -> String {
    let path = try folder.database(
      "a.db", "PRAGMA page_size = 4096; CREATE TABLE a (b); CREATE TABLE c (d); CREATE TABLE e (f)")
    var data = try Data(contentsOf: URL(filePath: path))
    change(&data)
    try data.write(to: URL(filePath: path))
    return path
  }

  @Test func `what is no file is told apart`() throws {
    #expect(trouble(folder.file("none")) == .missing(link: nil))
    try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: "/nowhere/x")
    #expect(trouble(folder.file("link")) == .missing(link: "/nowhere/x"))
    #expect(trouble(folder.path) == .notAFile("a directory"))
    #expect(trouble("/dev/null") == .notAFile("a device"))
    #expect(trouble(try folder.write("", to: "empty")) == .empty)
    #expect(trouble(try folder.write("", to: "x") + "/y") == .refused(20))
  }

  @Test(.timeLimit(.minutes(1)), arguments: ["-journal", "-wal", "-shm"], ["", "link"])
  func `what stands in the place of a journal or log and is no file is told, and not opened`(
    ending: String, link: String
  ) throws {
    let path = try folder.database("a.db", "CREATE TABLE a (b)")
    let place = path + ending
    var looked = path
    if !link.isEmpty {
      looked = folder.file(link)
      try FileManager.default.createSymbolicLink(atPath: looked, withDestinationPath: path)
    }
    #expect(mkfifo(place, 0o600) == 0)
    #expect(trouble(looked) == .obstructed(place, kind: "a pipe"))
    #expect(unlink(place) == 0 && mkdir(place, 0o700) == 0)
    #expect(trouble(looked) == .obstructed(place, kind: "a directory"))
    #expect(rmdir(place) == 0 && symlink("/nowhere", place) == 0)
    #expect(trouble(looked) == .obstructed(place, kind: "a symbolic link"))
    #expect(unlink(place) == 0)
    #expect(trouble(looked) == nil)
  }

  @Test(.timeLimit(.minutes(1))) func `a journal that names a pipe as its super-journal is told`() throws {
    let path = try folder.database("a.db", "CREATE TABLE a (b)")
    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    let sum = UInt8(truncatingIfNeeded: pipe.utf8.reduce(0) { $0 + Int($1) })
    let count = UInt8(pipe.utf8.count)
    let magic: [UInt8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]
    let end = Array(pipe.utf8) + [0, 0, 0, count, 0, 0, 0, sum] + magic
    try Data([UInt8](repeating: 1, count: 600) + end).write(to: URL(filePath: path + "-journal"))
    #expect(trouble(path) == .obstructed(pipe, kind: "a pipe"))
    try Data([UInt8](repeating: 1, count: 10) + magic).write(to: URL(filePath: path + "-journal"))
    #expect(trouble(path) == nil)
  }

  @Test(arguments: ["not a database", "SQLite format 2\0", String(repeating: "x", count: 5000)])
  func `other files are not databases`(text: String) throws {
    #expect(trouble(try folder.write(text, to: "other")) == .notADatabase)
  }

  @Test(arguments: [
    (5, 512), (16, 512), (99, 512), (100, 16384), (4095, 16384), (4096, 16384), (16383, 16384),
  ])
  func `a truncated file is told with its length`(count: Int, expected: Int64) throws {
    let path = try changed { $0 = $0.prefix(count) }
    #expect(trouble(path) == .truncated(Int64(count), expected: expected))
  }

  @Test(arguments: [0, 2, 3, 511, 513, 0x8001])
  func `a page size that can't be makes it no database`(size: Int) throws {
    let path = try changed { data in
      data[16] = UInt8(size >> 8)
      data[17] = UInt8(size & 255)
    }
    #expect(trouble(path) == .notADatabase)
  }

  @Test(arguments: ["-wal", "-journal"])
  func `a file that a log or journal completes is not truncated`(suffix: String) throws {
    let path = try changed { $0 = $0.prefix(4096) }
    try folder.write("x", to: "a.db\(suffix)")
    #expect(trouble(path) == nil)
    try Data().write(to: URL(filePath: path + suffix))
    #expect(trouble(path) == .truncated(4096, expected: 16384))
  }

  @Test func `a page count written by an old library is not believed`() throws {
    let path = try changed { data in
      data[27] ^= 1
      data = data.prefix(4096)
    }
    #expect(trouble(path) == nil)
  }

  @Test(arguments: [512, 1024, 4096, 32768, 65536])
  func `every page size is read`(size: Int) throws {
    let path = try folder.database("a.db", "PRAGMA page_size = \(size); CREATE TABLE t (a)")
    let file = try DatabaseFile.inspect(path).get()
    #expect(file.pageSize == size && file.bytes == Int64(2 * size))
    #expect(!file.isWAL && !file.hasLog)
  }

  @Test func `WAL mode and its log are seen, and a link leads to the same file`() throws {
    let path = try folder.database("a.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (a)")
    #expect(try DatabaseFile.inspect(path).get().isWAL)
    #expect(try !DatabaseFile.inspect(path).get().hasLog)
    let open = try Connection(path: path, access: .readWrite)
    try open.execute("INSERT INTO t VALUES (1)")
    let file = try DatabaseFile.inspect(path).get()
    #expect(file.hasLog)
    try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: path)
    let other = try DatabaseFile.inspect(folder.file("link")).get()
    #expect(other.inode == file.inode && other.device == file.device)
    open.close()
  }

  @Test func `trouble is said in words`() {
    let words: [(DatabaseFile.Trouble, String)] = [
      (.missing(link: nil), "there is no file"),
      (.missing(link: "/x"), "it is a symbolic link to /x, where there is no file"),
      (.notAFile("a pipe"), "it is a pipe, not a file"), (.empty, "the file is empty"),
      (.truncated(5, expected: 512), "the file is truncated: it has 5 bytes of at least 512"),
      (.notADatabase, "the file is not an SQLite database, or is encrypted"),
      (.refused(13), "Permission denied"),
    ]
    for (trouble, text) in words { #expect(DatabaseFile.TroubleError(trouble: trouble).description == text) }
  }
}
