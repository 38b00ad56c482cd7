import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing
import Upgrade

/// What a worker does, here and on a host: the same.
@Suite(.ownThreads) struct WorkerTests {
  @Test(
    arguments: Place.allCases,
    [
      ("missing", Status.failed, "missing"), ("empty", .failed, "empty"),
      ("text", .failed, "not_a_database"), ("folder", .failed, "not_a_file"),
      ("truncated", .failed, "truncated"), ("ahead", .skipped, "ahead"), ("current", .current, ""),
      ("pending", .pending, ""), ("link", .pending, ""),
    ])
  func `every state is told`(place: Place, state: (name: String, status: Status, code: String)) throws {
    let bench = try RemoteBench(place)
    var path = bench.path
    switch state.name {
    case "missing": path = bench.folder.file("nothing")
    case "empty": path = try bench.folder.write("", to: "empty")
    case "text": path = try bench.folder.write(String(repeating: "no database ", count: 99), to: "text")
    case "folder": path = bench.folder.file("migrations")
    case "truncated": try Data(Content.bytes(path).prefix(5000)).write(to: URL(filePath: path))
    case "ahead": try change(bench, "INSERT INTO schema_migrations (version, name) VALUES (9, 'newer')")
    case "current": _ = try bench.upgrade()
    case "link":
      path = bench.folder.file("link")
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: bench.path)
    default: break
    }
    let bytes = try? Content.bytes(path)
    let outcome = try bench.worker().inspect(path)
    #expect(outcome.status == state.status, "\(outcome)")
    #expect(outcome.failure?.code.rawValue ?? "" == state.code, "\(outcome)")
    #expect((try? Content.bytes(path)) == bytes)
  }

  private func change(_ bench: RemoteBench, _ sql: String) throws {
    let database = try Connection(path: bench.path, access: .readWrite)
    defer { database.close() }
    try database.execute(sql)
  }

  @Test(arguments: Place.allCases, ["DELETE", "WAL"])
  func `an upgrade keeps the content, and its backup is what was there`(place: Place, mode: String) throws {
    let bench = try RemoteBench(place, settings: "PRAGMA journal_mode=\(mode);")
    let before = try Content.dump(bench.path)
    let rows = try Content.rows(of: "children", at: bench.path)
    let outcome = try bench.upgrade()
    #expect(
      outcome.status == .migrated && outcome.versionBefore == 1 && outcome.versionAfter == 2, "\(outcome)")
    #expect(outcome.drift.isEmpty)
    #expect(try Content.rows(of: "children", at: bench.path) == rows)
    let backup = try #require(outcome.backup)
    #expect(try Content.dump(backup.path) == before)
    #expect(try BackupRecord(reading: backup.path) == backup)
    #expect(try Content.mode(bench.path) == (mode == "WAL" ? [2, 2] : [1, 1]))
    #expect(try Content.integrity(bench.path) == "ok")
  }

  @Test(
    arguments: Place.allCases,
    [
      ("CREATE TABLE t (x); INSERT INTO parents (id, name) VALUES (1, 'again');", "sql"),
      ("UPDATE children SET parent = 99 WHERE id = 2;", "foreign_key"),
      ("DELETE FROM children WHERE id > 2;", "rows_lost"),
      ("-- @require table gone : make it first\nCREATE TABLE t (x);", "requirement"),
      ("CREATE TABLE t (x);\n-- @expect table other", "expectation"),
    ])
  func `a migration that fails changes no byte`(place: Place, migration: (sql: String, code: String)) throws {
    let bench = try RemoteBench(place, second: migration.sql)
    let bytes = try Content.bytes(bench.path)
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed && outcome.failure?.code.rawValue == migration.code, "\(outcome)")
    #expect(try Content.bytes(bench.path) == bytes)
    #expect(!bench.exists("db.sqlite-journal"))
    let backup = try #require(outcome.backup)
    try bench.worker().remove([backup.path])
    #expect(!bench.left.contains { $0.contains("sqlite") }, "\(bench.left)")
  }

  @Test(arguments: Place.allCases)
  func `a lock that somebody holds is waited for, and not for ever`(place: Place) throws {
    let bench = try RemoteBench(place)
    bench.options.busyTimeout = .milliseconds(300)
    let other = try Connection(path: bench.path, access: .readWrite)
    try other.execute("BEGIN IMMEDIATE")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed && outcome.failure?.code == .busy, "\(outcome)")
    #expect(outcome.failure?.step == .lock)
    other.rollback()
    other.close()
    #expect(try bench.upgrade().status == .migrated)
  }

  @Test(arguments: Place.allCases)
  func `a migration without an end is stopped and rolled back`(place: Place) throws {
    let bench = try RemoteBench(
      place,
      second: """
        -- @when query SELECT count(*) > 0 FROM parents
        UPDATE parents SET name = (
          WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT count(*) FROM c);
        """)
    bench.options.timeout = .seconds(2)
    let bytes = try Content.bytes(bench.path)
    let start = ContinuousClock.now
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed && outcome.failure?.code == .timeout, "\(outcome)")
    #expect(ContinuousClock.now - start < .seconds(12))
    #expect(try Content.bytes(bench.path) == bytes)
  }

  @Test(arguments: Place.allCases)
  func `many requests at once are answered each with its own`(place: Place) throws {
    let bench = try RemoteBench(place)
    let paths = try (0..<24).map { number in
      let path = bench.folder.file("copy \(number).sqlite")
      try FileManager.default.copyItem(atPath: bench.path, toPath: path)
      return path
    }
    let worker = try bench.worker()
    DispatchQueue.concurrentPerform(iterations: paths.count) { number in
      let outcome = worker.upgrade(paths[number], backup: paths[number] + ".backup")
      #expect(outcome.status == .migrated && outcome.backup?.path == paths[number] + ".backup", "\(outcome)")
    }
    #expect(try Set(paths.map { try Content.dump($0).filter { $0.contains("CREATE ") } }).count == 1)
  }

  @Test(arguments: Place.allCases)
  func `the rows answer the questions of what is pending, and the file stays as it is`(place: Place) throws {
    let bench = try RemoteBench(
      place, second: "CREATE UNIQUE INDEX one_note ON children (note);\nDELETE FROM parents WHERE id = 3;")
    try change(bench, "INSERT INTO children (note) VALUES ('a')")
    let bytes = try Content.bytes(bench.path)
    let answers = try bench.worker().ask(bench.path)
    #expect(answers.failure == nil && answers.unasked.isEmpty, "\(answers)")
    #expect(
      answers.findings.map { $0.question.finding($0.count) }.sorted() == [
        "1 duplicate of children.note", "1 orphan of children.parent, without a row of parents",
        "1 row of parents, left behind",
      ], "\(answers)")
    #expect(try Content.bytes(bench.path) == bytes)
  }

  @Test(arguments: Place.allCases)
  func `a database that can't be read gives no answer that looks good`(place: Place) throws {
    let bench = try RemoteBench(place)
    for path in [bench.folder.file("nothing"), bench.folder.file("migrations")] {
      let answers = try bench.worker().ask(path)
      #expect(answers.failure != nil && answers.questions.isEmpty, "\(answers)")
    }
  }
}
