import Foundation
import TestSupport
import Testing

@testable import SQLite

/// The bytes of a database as a transaction sees them, compared with what SQLite itself reads.
@Suite struct DatabaseImageTests {
  private let folder: TemporaryFolder
  private let deadline = Deadline(in: .seconds(600))

  init() throws { folder = try TemporaryFolder() }

  private static let settings = [
    "PRAGMA page_size=512", "PRAGMA page_size=4096", "PRAGMA page_size=65536",
    "PRAGMA page_size=1024; PRAGMA auto_vacuum=FULL",
  ]

  private func database(_ settings: String, _ mode: String) throws -> (path: String, writer: Connection) {
    let path = try folder.database(
      "app.sqlite", "\(settings); PRAGMA journal_mode=\(mode); CREATE TABLE t (a INTEGER PRIMARY KEY, b)")
    let writer = try Connection(path: path, access: .readWrite)
    writer.disableAutomaticCheckpoints()
    return (path, writer)
  }

  private func snapshot(_ path: String, _ live: LiveFile) throws -> Snapshot {
    try Snapshot(path, live, busyTimeout: .seconds(5), deadline: deadline)
  }

  private func bytes(_ image: DatabaseImage) throws -> [UInt8] {
    var all: [UInt8] = []
    try image.forEachPiece(by: deadline) { offset, piece in
      #expect(offset == all.count)
      all += piece
      return true
    }
    return all
  }

  /// The bytes that are written into a file.
  private func written(_ image: DatabaseImage, _ body: () throws -> Void = {}) throws -> [UInt8] {
    let path = folder.file("copy")
    let file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
    defer { close(file) }
    try image.writeFile(to: file, at: path, by: deadline, body)
    return try Content.bytes(path)
  }

  /// What SQLite itself reads: its backup, with those fields of the header that are not content.
  private func expected(_ snapshot: Snapshot, _ mine: [UInt8]) throws -> [UInt8] {
    let path = folder.file("expected.sqlite")
    try? FileManager.default.removeItem(atPath: path)
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    let copy = try Connection(path: path, access: .readWrite)
    try copy.copyContent(of: snapshot.connection)
    copy.close()
    var bytes = try Content.bytes(path)
    for range in [18..<20, 24..<28, 40..<44, 92..<100] {
      bytes.replaceSubrange(range, with: mine[range])
    }
    return bytes
  }

  private func change(_ writer: Connection, _ random: inout some RandomNumberGenerator) throws {
    try writer.execute("BEGIN IMMEDIATE")
    for _ in 0..<Int.random(in: 1...20, using: &random) {
      let size = Int64.random(in: 0...3_000, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6: try writer.execute("INSERT INTO t (b) VALUES (randomblob(?))", [.integer(size)])
      case 6..<8:
        try writer.execute(
          "UPDATE t SET b = randomblob(?) WHERE a % 7 = ?", [.integer(size), .integer(size % 7)])
      default: try writer.execute("DELETE FROM t WHERE a % 5 = ?", [.integer(size % 5)])
      }
    }
    try writer.execute("COMMIT")
  }

  /// What other connections do to a log at any time, whether or not it succeeds.
  private func checkpoint(_ writer: Connection, _ random: inout some RandomNumberGenerator) throws {
    let kind = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"].randomElement(using: &random) ?? ""
    if Bool.random(using: &random) { _ = try writer.rows("PRAGMA wal_checkpoint(\(kind))") { $0.int(0) } }
  }

  @Test(arguments: settings, ["WAL", "DELETE"])
  func `an image is what SQLite reads`(settings: String, mode: String) throws {
    let (path, writer) = try database(settings, mode)
    writer.busyHandler.busyTimeout = .zero
    let live = try LiveFile(path)
    var random = SystemRandomNumberGenerator()
    for _ in 0..<15 {
      try change(writer, &random)
      try? checkpoint(writer, &random)
      let snapshot = try snapshot(path, live)
      // In WAL mode the snapshot doesn't change while others write.
      if mode == "WAL" {
        try change(writer, &random)
        try? checkpoint(writer, &random)
      }
      let image = try DatabaseImage(of: snapshot.connection, in: live, seeing: snapshot.log, by: deadline)
      let mine = try bytes(image)
      #expect(try mine == expected(snapshot, mine))
      if mode == "DELETE" { #expect(try mine == written(image)) }
      snapshot.end()
    }
  }

  /// Brings a copy to what a follower sees.
  private func update(_ copy: inout [UInt8], _ follower: LogFollower, _ pageSize: Int) throws {
    let size = try follower.pages() * pageSize
    copy = Array(copy.prefix(size)) + Array(repeating: 0, count: max(0, size - copy.count))
    try copy.withUnsafeMutableBytes { copy in
      for (page, place) in try follower.takeChanged(of: follower.pages()) {
        let start = (page - 1) * pageSize
        try follower.read(
          page, place, into: UnsafeMutableRawBufferPointer(rebasing: copy[start..<start + pageSize]))
      }
    }
  }

  @Test(arguments: settings)
  func `a copy that follows the log is what SQLite reads`(settings: String) throws {
    let (path, writer) = try database(settings, "WAL")
    writer.busyHandler.busyTimeout = .zero
    let live = try LiveFile(path)
    var random = SystemRandomNumberGenerator()
    for _ in 0..<10 { try change(writer, &random) }
    var restarts = 0
    func advance(_ follower: LogFollower) throws {
      let salt = follower.log.salt
      try follower.advance()
      if follower.log.salt != salt { restarts += 1 }
    }
    for _ in 0..<4 {
      let follower = try #require(
        try LogFollower(snapshot(path, live), in: live, busyTimeout: .seconds(5), deadline: deadline))
      let file = try DatabaseImage(fileAlone: live, pages: follower.pages())
      // Others write and copy pages to the file at any time.
      var copy = try written(file) {
        try change(writer, &random)
        try? checkpoint(writer, &random)
        try advance(follower)
      }
      for _ in 0..<15 {
        for _ in 0..<Int.random(in: 0...3, using: &random) {
          try change(writer, &random)
          try? checkpoint(writer, &random)
        }
        if Bool.random(using: &random) {
          try advance(follower)
          if Bool.random(using: &random) { try advance(follower) }
        }
        if Bool.random(using: &random) {
          try update(&copy, follower, file.pageSize)
          let again = try snapshot(path, live)
          if again.log == follower.log { #expect(try copy == expected(again, copy)) }
          again.end()
        }
      }
      try follower.advance()
      try update(&copy, follower, file.pageSize)
      let last = try snapshot(path, live)
      #expect(last.log == follower.log)
      #expect(try copy == expected(last, copy))
      last.end()
      follower.end()
      // When all of it is in the file, a transaction that begins then doesn't keep the log from beginning anew.
      _ = try writer.rows("PRAGMA wal_checkpoint(PASSIVE)") { $0.int(0) }
    }
    // Some of the logs began anew below an open transaction.
    #expect(restarts > 0)
  }

  @Test func `a log that isn't what its index says is not read`() throws {
    let (path, writer) = try database("", "WAL")
    var random = SystemRandomNumberGenerator()
    for _ in 0..<3 { try change(writer, &random) }
    let live = try LiveFile(path)
    let snapshot = try snapshot(path, live)
    let log = try #require(snapshot.log)
    let good = try Content.bytes(path + "-wal")
    for offset in [0, 8, 16, 24, 33, 40, 48, 60, 24 + 4096, good.count / 2] {
      var bad = good
      bad[offset] ^= 1
      try Data(bad).write(to: URL(filePath: path + "-wal"), options: [])
      #expect(throws: LogFrames.Unreadable.self, "\(offset)") {
        try DatabaseImage(of: snapshot.connection, in: live, seeing: log, by: deadline)
      }
    }
    try Data(good.dropLast(4096)).write(to: URL(filePath: path + "-wal"), options: [])
    #expect(throws: LogFrames.Unreadable.self) {
      try DatabaseImage(of: snapshot.connection, in: live, seeing: log, by: deadline)
    }
    try Data(good).write(to: URL(filePath: path + "-wal"), options: [])
    #expect(
      try DatabaseImage(of: snapshot.connection, in: live, seeing: log, by: deadline).pages == log.pages)
  }

  @Test func `reading ends at the deadline`() throws {
    let (path, writer) = try database("", "WAL")
    try writer.execute("INSERT INTO t (b) VALUES (randomblob(100000))")
    let live = try LiveFile(path)
    let snapshot = try snapshot(path, live)
    let over = Deadline(in: .zero)
    #expect(throws: SQLiteError.self) {
      try DatabaseImage(of: snapshot.connection, in: live, seeing: snapshot.log, by: over)
    }
    let image = try DatabaseImage(of: snapshot.connection, in: live, seeing: snapshot.log, by: deadline)
    #expect(throws: SQLiteError.self) { try image.forEachPiece(by: over) { _, _ in true } }
  }
}
