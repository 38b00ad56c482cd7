import BenchSupport
import Foundation
import Migrations
import SQLite
import Synchronization
import TestSupport
import Testing

@testable import Upgrade

/// A database that takes more than it may, or stands where it can't be opened, fails aloud and by itself.
@Suite struct LimitTests {
  private func failure(_ bench: Bench) throws -> Failure {
    let before = try Content.bytes(bench.path)
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed)
    #expect(try Content.bytes(bench.path) == before)
    return try #require(outcome.failure)
  }

  // MARK: Time

  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      "UPDATE parents SET name = (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n);",
      "UPDATE parents SET name = (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
        + "SELECT sum(length(hex(zeroblob(50000000 + i)))) FROM n);",
    ])
  func `a migration that takes longer than allowed is rolled back`(sql: String) throws {
    let bench = try Bench()
    bench.options.timeout = .seconds(1)
    try bench.migration("0002_slow.sql", "-- @when query SELECT count(*) FROM parents\n" + sql)
    let start = ContinuousClock.now
    let failure = try failure(bench)
    #expect(ContinuousClock.now - start < .seconds(15))
    #expect(failure.code == .timeout && failure.step == .migrate)
    #expect(failure.message.contains("0002_slow.sql:2"))
  }

  @Test func `work that was done when the time was over is not committed`() throws {
    let bench = try Bench()
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    bench.options.timeout = .seconds(2)
    // The step before the commit is held until the time is over; no statement runs that could be interrupted.
    let deadline = Deadline(in: .seconds(2))
    bench.control.began = { _, step in
      guard step == .prove else { return }
      while !deadline.isOver { usleep(10_000) }
    }
    let failure = try failure(bench)
    #expect(failure.code == .timeout && failure.step == .prove)
    #expect(try bench.versions() == [1])
  }

  @Test func `a digest and a comparison end at the deadline`() throws {
    let bench = try Bench()
    #expect(throws: SQLiteError.self) { try FileDigest(bench.path, by: Deadline(in: .zero)) }
    #expect(try FileDigest(bench.path, by: Deadline(in: .seconds(600))).bytes > 0)
    let live = try LiveFile(bench.path)
    let later = Deadline(in: .seconds(600))
    let snapshot = try Snapshot(bench.path, live, busyTimeout: .seconds(5), deadline: later)
    let image = try DatabaseImage(of: snapshot.connection, in: live, seeing: snapshot.log, by: later)
    let file = open(bench.path, O_RDONLY)
    defer { close(file) }
    func comparison(_ deadline: Deadline) -> CopyComparison {
      CopyComparison(descriptor: file, path: bench.path, image: image, deadline: deadline)
    }
    #expect(try comparison(later).firstDifference() == nil)
    #expect(throws: SQLiteError.self) { try comparison(Deadline(in: .zero)).firstDifference() }
  }

  @Test(.timeLimit(.minutes(1))) func `a test of migrations that don't end is ended`() throws {
    let bench = try Bench()
    try bench.migration(
      "0002_slow.sql",
      "-- @when query SELECT count(*) > 0 FROM schema_migrations\n"
        + "UPDATE parents SET name = (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n);\n"
        + "-- @when query WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n\nSELECT 1;"
    )
    let set = try MigrationSet.load(folder: bench.folder.file("migrations"))
    let folder = try TemporaryFolder()
    let failure = #expect(throws: MigrationFailure.self) {
      try MigrationTest(set, ignoring: [], in: folder.path, limit: .milliseconds(300)).run { _ in }
    }
    #expect(failure?.code == .timeout && failure?.line == 3, "\(String(describing: failure))")
  }

  // MARK: Length

  @Test func `a value that is longer than Flotilla handles is refused, and the database stays as it is`()
    throws
  {
    let bench = try Bench()
    try Foreign.execute("UPDATE children SET note = zeroblob(300000000) WHERE id = 2", at: bench.path)
    try bench.migration("0002_add_cascade.sql", Bench.rebuild)
    let outcome = try bench.upgrade()
    #expect(
      outcome.status == .failed && outcome.failure?.code == .tooBig,
      "\(String(describing: outcome.failure))")
    #expect(try bench.versions() == [1])
    #expect(outcome.failure?.advice(for: ["db"]).contains("docs/limits.md") == true)
  }

  @Test func `a recorded name of any length is refused by every way of reading it`() throws {
    for bytes in [2_000_000, 100_000_000] {
      let bench = try Bench(
        more:
          "UPDATE schema_migrations SET name = CAST(replace(hex(zeroblob(\(bytes / 2))), '0', 'x') AS TEXT);")
      try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
      for _ in 0..<2 {
        let found = try bench.worker().inspect(bench.path)
        #expect(found.status == .failed && found.failure?.code == .tooBig)
        #expect(
          found.failure?.message.hasPrefix("schema_migrations holds a text of \(bytes) bytes") == true,
          "\(String(describing: found.failure))")
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: bench.path)
      }
      #expect(try failure(bench).code == .tooBig)
    }
  }

  @Test func `a history of very many versions is refused`() throws {
    let bench = try Bench(
      more: """
        WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100001)
        INSERT INTO schema_migrations (version, name) SELECT i, 'x' FROM n;
        """)
    #expect(
      try bench.worker().inspect(bench.path).failure?.message.hasPrefix(
        "schema_migrations holds more than 100000 rows") == true)
  }

  @Test func `a message that a trigger raises is told in part`() throws {
    let bench = try Bench(
      more:
        "CREATE TRIGGER r BEFORE UPDATE ON parents BEGIN SELECT RAISE(ABORT, '\(String(repeating: "x", count: 1_000_000))'); END;"
    )
    try bench.migration("0002_rename.sql", "UPDATE parents SET name = 'y';")
    let failure = try failure(bench)
    #expect(failure.code == .sql && failure.message.utf8.count < 3000)
    #expect(failure.message.contains("… (1000000 bytes)"))
  }

  // MARK: What is no file

  @Test(.timeLimit(.minutes(1)), arguments: ["-journal", "-wal", "-shm"], ["DELETE", "WAL"])
  func `a pipe in the place of a journal or log fails the installation and doesn't hang`(
    ending: String, mode: String
  ) throws {
    let bench = try Bench(settings: "PRAGMA journal_mode=\(mode);")
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    #expect(mkfifo(bench.path + ending, 0o600) == 0)
    let failure = try failure(bench)
    #expect(failure.code == .obstructed && failure.step == .open)
    #expect(failure.message.contains("db.sqlite\(ending) is a pipe"))
    #expect(try bench.worker().inspect(bench.path).failure == failure)
    #expect(try bench.worker().backUp(bench.path, to: bench.backupPath).failure == failure)
  }

  // MARK: Processes

  @Test func `only descriptors that lead to a file of that name are looked at`() throws {
    let bench = try Bench()
    let other = try bench.folder.write("", to: "other.sqlite")
    let holder = try BackgroundTool.holding(bench.path, other)
    defer { holder.end() }
    let asked = Mutex<[String]>([])
    let files = OpenFiles { path in
      asked.withLock { $0.append(path) }
      return OpenFiles.File.at(path)
    }
    #expect(files.holders(of: bench.path) == ["sh (pid \(holder.pid))"])
    // Other tests' processes may have a file of that name open too.
    let own = "/proc/\(holder.pid)/fd/"
    let looked = asked.withLock { $0 }.filter { !$0.hasPrefix("/proc/") || $0.hasPrefix(own) }
    #expect(looked == [bench.path, "\(own)8"])
  }

  @Test(.timeLimit(.minutes(1))) func `a descriptor on a mount that doesn't answer keeps no lane waiting`()
    throws
  {
    let bench = try Bench()
    let holder = try BackgroundTool.holding(bench.path, bench.folder.write("", to: "other.sqlite"))
    defer { holder.end() }
    let never = DispatchSemaphore(value: 0)
    defer { for _ in 0..<8 { never.signal() } }
    let asked = Atomic(0)
    // Other tests' processes may have a file of that name open too.
    let own = "/proc/\(holder.pid)/"
    let files = OpenFiles(patience: .milliseconds(300)) { path in
      guard path.hasPrefix(own) else { return OpenFiles.File.at(path) }
      asked.add(1, ordering: .relaxed)
      never.wait()
      return nil
    }
    let path = bench.path
    let lanes = DispatchGroup()
    for lane in 0..<4 {
      DispatchQueue(label: "lane \(lane)").async(group: lanes) { #expect(files.holders(of: path).isEmpty) }
    }
    #expect(lanes.wait(timeout: .now() + 20) == .success)
    let before = asked.load(ordering: .relaxed)
    #expect(before >= 1 && before <= 4)
    #expect(files.holders(of: path).isEmpty)
    #expect(asked.load(ordering: .relaxed) == before, "what gave no answer is not asked again")
  }
}
