import Foundation
import SQLite
import TestSupport
import Testing
import Upgrade

/// Looking at an installation leaves it, and its folder, as they were.
@Suite struct InspectionTraceTests {
  private struct Trace: Equatable {
    let names: [String]
    let bytes: [UInt8]
    let log: Data?
    let modified: [Date?]

    init(_ bench: OwnpremBench) throws {
      let files = FileManager.default
      names = try files.contentsOfDirectory(atPath: bench.folder.path).sorted()
      bytes = try Content.bytes(bench.path)
      log = files.contents(atPath: bench.path + "-wal")
      modified = try ["", "-wal"].map { ending in
        guard files.fileExists(atPath: bench.path + ending) else { return nil }
        return try files.attributesOfItem(atPath: bench.path + ending)[.modificationDate] as? Date
      }
    }
  }

  private func check(_ bench: OwnpremBench, location: SourceLocation = #_sourceLocation) throws {
    let before = try Trace(bench)
    for deep in [false, true] {
      let outcome = try OwnpremBench.worker { $0.deep = deep }.inspect(bench.path)
      #expect(outcome.failure == nil, sourceLocation: location)
      #expect(try Trace(bench) == before, sourceLocation: location)
    }
  }

  @Test(arguments: ["DELETE", "TRUNCATE", "PERSIST", "WAL"])
  func `a database that is closed stays as it is`(mode: String) throws {
    let bench = try OwnpremBench(settings: "PRAGMA journal_mode=\(mode);")
    #expect(try Content.mode(bench.path) == (mode == "WAL" ? [2, 2] : [1, 1]))
    try check(bench)
  }

  @Test(arguments: ["DELETE", "WAL"], ["SELECT 1", "UPDATE servers SET host = 'x'", "DROP TABLE mounts"])
  func `a database that an application has open stays as it is`(mode: String, sql: String) throws {
    let bench = try OwnpremBench(settings: "PRAGMA journal_mode=\(mode);")
    let writer = try Connection(path: bench.path, access: .readWrite)
    defer { writer.close() }
    _ = try writer.scalar("SELECT count(*) FROM users")
    try writer.execute(sql)
    try check(bench)
    // With a transaction that is open, too.
    try writer.execute("BEGIN IMMEDIATE")
    try writer.execute("UPDATE servers SET host = 'y'")
    try check(bench)
    try writer.execute("COMMIT")
  }

  @Test func `a log that a crash left is read, stays as it is, and no index is left beside it`() throws {
    let bench = try OwnpremBench(settings: "PRAGMA journal_mode=WAL;")
    let source = try OwnpremBench(settings: "PRAGMA journal_mode=WAL;")
    let writer = try Connection(path: source.path, access: .readWrite)
    defer { writer.close() }
    try writer.execute("DROP TABLE mounts")
    for ending in ["", "-wal"] {
      try Data(Content.bytes(source.path + ending)).write(to: URL(filePath: bench.path + ending))
    }
    let before = try Trace(bench)
    #expect(try bench.findings() == ["table_missing mounts"])
    let after = try Trace(bench)
    #expect(after.names == before.names)
    #expect(after.bytes == before.bytes && after.log == before.log && after.modified == before.modified)
    try check(bench)
  }
}
