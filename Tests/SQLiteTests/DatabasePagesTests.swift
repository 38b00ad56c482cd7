import Foundation
import TestSupport
import Testing

@testable import SQLite

@Suite struct DatabasePagesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Gives a file a time that lies far enough back.
  static func settle(_ path: String) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: path)
  }

  /// What the pages say: the row's number and each of its columns; nil where they aren't read.
  static func rows(_ path: String, from root: Int) -> [String]? {
    guard let file = try? DatabaseFile.inspect(path).get(), let pages = DatabasePages(path, file) else {
      return nil
    }
    var rows: [String] = []
    let isRead = pages.forEachRow(from: root) { row in
      let columns = (0..<row.count).map { index in
        switch row.column(index) {
        case .null?: "NULL"
        case .integer(let number)?: "\(number)"
        case .text(let text)?: String(decoding: text, as: UTF8.self)
        case .blob(let bytes)?: "x'" + bytes.map { String(format: "%02X", $0) }.joined() + "'"
        case .other?: "other"
        case nil: "missing"
        }
      }
      rows.append(([String(row.id)] + columns).joined(separator: "|"))
      return true
    }
    return isRead && pages.isUnchanged(at: path) ? rows : nil
  }

  /// What SQLite says of sqlite_schema.
  static func schema(_ path: String) throws -> [String] {
    let database = try Connection(path: path, access: .readOnly)
    defer { database.close() }
    return try database.rows("SELECT rowid, * FROM sqlite_schema") { row in
      (0..<6).map { row.text($0) ?? "NULL" }.joined(separator: "|")
    }
  }

  func database(_ sql: String) throws -> String {
    let path = try folder.database("a.db", sql)
    try Self.settle(path)
    return path
  }

  static let many = (0..<300).map { "CREATE TABLE t\($0) (a TEXT UNIQUE, b);" }.joined()
  static let long = "CREATE TABLE long (a /* \(String(repeating: "x", count: 100_000)) */);"

  @Test(
    arguments: [512, 1024, 4096, 65536],
    ["", "PRAGMA journal_mode = WAL;", "PRAGMA auto_vacuum = 1;", "PRAGMA auto_vacuum = 2;"])
  func `a schema of many pages and long texts is read as SQLite reads it`(size: Int, mode: String) throws {
    let path = try database("PRAGMA page_size = \(size); \(mode) \(Self.many) \(Self.long) DROP TABLE t7;")
    let schema = try Self.schema(path)
    try Self.settle(path)
    #expect(schema.count == 599)
    #expect(Self.rows(path, from: 1) == schema)
  }

  @Test func `integers of every size are read`() throws {
    var numbers: [Int64] = [0, 1, -1, .max, .min]
    for bits: Int64 in [7, 8, 15, 16, 23, 24, 31, 32, 47, 48] {
      let power: Int64 = 1 << bits
      numbers += [power, -power, power - 1, -power - 1]
    }
    let values = numbers.map { "(\($0), \($0), NULL, 'é', 1.5)" }.joined(separator: ",")
    let path = try database(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c, d); INSERT INTO t VALUES \(values)")
    let expected = Set(numbers).sorted().map { "\($0)|NULL|\($0)|NULL|é|other" }
    #expect(Self.rows(path, from: 2) == expected)
  }

  @Test(arguments: [0, 1, 2, 48, 500, 5000])
  func `bytes of every length are read`(count: Int) throws {
    let bytes = (0..<count).map { String(format: "%02X", $0 % 251) }.joined()
    let path = try database("CREATE TABLE t (a, b); INSERT INTO t VALUES (x'\(bytes)', 7)")
    #expect(Self.rows(path, from: 2) == ["1|x'\(bytes)'|7"])
  }

  @Test func `an empty table has no rows, and an index is no table`() throws {
    let path = try database("CREATE TABLE t (a UNIQUE)")
    #expect(Self.rows(path, from: 2) == [])
    for root in [Int.min, -1, 0, 3, 4, Int.max] { #expect(Self.rows(path, from: root) == nil) }
  }

  @Test func `a file that is in use or has just changed is left to SQLite`() throws {
    let path = try database("CREATE TABLE t (a)")
    #expect(Self.rows(path, from: 1) != nil)
    for suffix in ["-wal", "-journal"] {
      try folder.write("x", to: "a.db" + suffix)
      #expect(Self.rows(path, from: 1) == nil)
      try FileManager.default.removeItem(atPath: path + suffix)
    }
    // The reserved byte as another process locks it; a lock of the open file stays when others close theirs.
    let writer = open(path, O_RDWR)
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_start = 0x4000_0001
    lock.l_len = 1
    #expect(fcntl(writer, 37, &lock) == 0)
    #expect(Self.rows(path, from: 1) == nil)
    close(writer)
    #expect(Self.rows(path, from: 1) != nil)
    try folder.database("b.db", "CREATE TABLE t (a)")
    #expect(Self.rows(folder.file("b.db"), from: 1) == nil)
  }

  @Test func `a change while reading is noticed`() throws {
    let path = try database("CREATE TABLE t (a)")
    let pages = try #require(DatabasePages(path, DatabaseFile.inspect(path).get()))
    #expect(pages.isUnchanged(at: path))
    let writer = try Connection(path: path, access: .readWrite)
    try writer.execute("INSERT INTO t VALUES (1)")
    writer.close()
    #expect(!pages.isUnchanged(at: path))
    try Self.settle(path)
    #expect(!pages.isUnchanged(at: path))
  }

  @Test(arguments: [512, 65536])
  func `rows that are longer than any name, and many long ones, are left to SQLite`(size: Int) throws {
    let table = "PRAGMA page_size = \(size); CREATE TABLE t (a);"
    #expect(Self.rows(try database(table + "INSERT INTO t VALUES (hex(zeroblob(500000)));"), from: 2) != nil)
    #expect(Self.rows(try database(table + "INSERT INTO t VALUES (hex(zeroblob(600000)));"), from: 2) == nil)
    let many = """
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
      INSERT INTO t SELECT hex(zeroblob(500000)) FROM n;
      """
    #expect(Self.rows(try database(table + many), from: 2) == nil)
  }

  @Test func `text in UTF-16 is left to SQLite`() throws {
    #expect(Self.rows(try database("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (a)"), from: 1) == nil)
  }

  @Test(arguments: 0..<8)
  func `no bytes make it crash or hang`(seed: UInt64) throws {
    let mode = seed % 2 == 0 ? "" : "PRAGMA auto_vacuum = 1;"
    let tables = (0..<40).map { "CREATE TABLE t\($0) (a TEXT UNIQUE, b);" }.joined()
    let long = "CREATE TABLE long (a /* \(String(repeating: "x", count: 5000)) */);"
    let path = try database("PRAGMA page_size = 512; \(mode) \(tables) \(long)")
    let sound = try Data(contentsOf: URL(filePath: path))
    var random = Numbers(state: seed &+ 1)
    for round in 0..<400 {
      var data = sound
      switch round % 4 {
      case 0:
        for _ in 0..<(1 + Int.random(in: 0..<8, using: &random)) {
          data[Int.random(in: 100..<data.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
      case 1:
        let page = Int.random(in: 0..<data.count / 512, using: &random) * 512
        for at in max(page, 100)..<page + 512 { data[at] = UInt8.random(in: 0...255, using: &random) }
      case 2:
        data = data.prefix(Int.random(in: 1..<data.count, using: &random))
      default:
        let from = Int.random(in: 0..<data.count / 512, using: &random) * 512
        let to = Int.random(in: 1..<data.count / 512, using: &random) * 512
        data.replaceSubrange(to..<to + 512, with: sound[from..<from + 512])
        data[Int.random(in: 0..<120, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
      }
      try data.write(to: URL(filePath: path))
      try Self.settle(path)
      for root in 1...3 { _ = Self.rows(path, from: root) }
    }
  }
}
