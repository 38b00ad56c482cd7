import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing

@testable import Upgrade

/// What a database without a history is taken for, and what recording one does to it.
@Suite struct AdoptionTests {
  /// Four versions, of which the third makes an index that the fourth drops.
  private func bench(_ sql: String, _ choice: AdoptionChoice = .bySchema) throws -> Bench {
    let bench = try Bench(sql: sql)
    try bench.migration("0001_films.sql", "CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT);")
    try bench.migration("0002_year.sql", "ALTER TABLE films ADD COLUMN year INT; CREATE TABLE notes (a, b);")
    try bench.migration("0003_index.sql", "CREATE INDEX idx_title ON films (title);")
    try bench.migration("0004_no_index.sql", "DROP INDEX idx_title;")
    try bench.migration("0005_stars.sql", "CREATE TABLE stars (id INTEGER PRIMARY KEY); DROP TABLE notes;")
    bench.options.adoption = choice
    return bench
  }

  private static let films = "CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT);"
  private static let second = "\(films) ALTER TABLE films ADD COLUMN year INT; CREATE TABLE notes (a, b);"
  private static let fifth =
    "\(films) ALTER TABLE films ADD COLUMN year INT; CREATE TABLE stars (id INTEGER PRIMARY KEY);"

  private func found(_ bench: Bench) throws -> Outcome {
    let bytes = try Content.bytes(bench.path)
    let outcome = try bench.worker().inspect(bench.path)
    #expect(try Content.bytes(bench.path) == bytes)
    return outcome
  }

  private func adopt(_ bench: Bench, upTo version: MigrationVersion? = nil) throws -> Outcome {
    let outcome = try found(bench)
    return try bench.worker().adopt(
      bench.path, .record(upTo: version ?? #require(outcome.adoption?.version)),
      schema: #require(outcome.fingerprint), backup: bench.backupPath)
  }

  // MARK: What it is taken for

  @Test(arguments: [
    (films, Likeness.equal([1], unchanging: [])),
    ("create table FILMS (title text, id integer, primary key (id))", .equal([1], unchanging: [])),
    (second, .equal([2, 4], unchanging: [])),
    ("\(second) CREATE INDEX idx_title ON films (title);", .equal([3], unchanging: [])),
    (fifth, .equal([5], unchanging: [])),
    ("\(films) ALTER TABLE films ADD COLUMN year INT;", .between(1, 2)),
    ("\(second) CREATE TABLE stars (id INTEGER PRIMARY KEY);", .between(4, 5)),
    ("\(films) ALTER TABLE films ADD COLUMN year TEXT; CREATE TABLE notes (a, b);", .unlike(nearest: 2)),
    ("\(fifth) CREATE TABLE other (a);", .unlike(nearest: 5)),
  ])
  func `a schema is told from all others`(sql: String, likeness: Likeness) throws {
    let outcome = try found(bench(sql))
    #expect(outcome.adoption?.likeness == likeness, "\(outcome.adoption?.likeness.description ?? "")")
    let isTold = likeness.versions.count == 1
    #expect(outcome.adoption?.version == (isTold ? likeness.versions[0] : nil))
    #expect(outcome.failure?.code == (isTold ? .unknownHistory : .unknownVersion))
    #expect(outcome.drift.isEmpty == !likeness.versions.isEmpty)
  }

  @Test func `the words name the versions`() {
    #expect(Likeness.equal([7], unchanging: []).description == "equal to version 7")
    #expect(
      Likeness.equal([7, 8, 9], unchanging: [8]).description
        == "equal to versions 7, 8 and 9 (8 changes no schema)")
    #expect(Likeness.between(7, 8).description == "between versions 7 and 8")
    #expect(Likeness.unlike(nearest: 7).description == "like no version, nearest 7")
  }

  @Test func `what drift ignores doesn't count`() throws {
    let bench = try bench("\(Self.fifth) CREATE TABLE store_a (b); CREATE INDEX store_i ON store_a (b);")
    bench.options.ignored = [try #require(IgnoreRule("table store_*"))]
    #expect(try found(bench).adoption?.likeness == .equal([5], unchanging: []))
  }

  @Test func `the baseline is a part of every version`() throws {
    let bench = try bench("CREATE TABLE users (id INTEGER PRIMARY KEY); \(Self.films)")
    bench.baseline = try bench.folder.write(
      "-- @unless table users\nCREATE TABLE users (id INTEGER PRIMARY KEY);", to: "baseline.sql")
    let outcome = try found(bench)
    #expect(outcome.adoption?.likeness == .equal([1], unchanging: []))
    #expect(outcome.adoption?.version == 1 && outcome.failure == nil)
    try bench.change("DROP TABLE films")
    let base = try found(bench)
    #expect(base.adoption?.likeness == .equal([0], unchanging: []) && base.adoption?.version == nil)
    #expect(base.status == .pending && base.failure == nil)
    // The baseline takes a database in any state, so what no version is like is no failure.
    try bench.change("DROP TABLE users")
    #expect(try found(bench).status == .pending)
  }

  @Test func `a database that has a history is not judged`() throws {
    let bench = try bench("\(Self.films) \(Bench.recorded)")
    let outcome = try found(bench)
    #expect(outcome.adoption == nil && outcome.versionAfter == 1)
  }

  @Test func `a version that is named is not taken where the schema says another`() throws {
    for (sql, version, told) in [
      (Self.films, 2, nil), (Self.second, 4, 4), (Self.second, 3, nil),
      ("\(Self.fifth) CREATE TABLE o (a);", 3, 3),
    ] as [(String, MigrationVersion, MigrationVersion?)] {
      let outcome = try found(bench(sql, .upTo(version)))
      #expect(outcome.adoption?.version == told)
    }
    let outcome = try found(bench("\(Self.fifth) CREATE TABLE other (a);", .upTo(3)))
    #expect(outcome.drift.map(\.description).contains("table notes is missing"))
  }

  // MARK: What is recorded

  @Test(arguments: ["DELETE", "WAL"])
  func `the versions are recorded after a backup, and nothing else changes`(mode: String) throws {
    let bench = try bench(
      "PRAGMA journal_mode=\(mode); \(Self.fifth) INSERT INTO films VALUES (1, 'a', 1990);")
    let content = try Content.dump(bench.path)
    let outcome = try adopt(bench)
    #expect(outcome.status == .current && outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    #expect(outcome.versionBefore == nil && outcome.versionAfter == 5 && outcome.drift == [])
    #expect(outcome.applied == [] && outcome.backup?.path == bench.backupPath)
    #expect(try bench.versions() == [1, 2, 3, 4, 5])
    #expect(try Content.dump(bench.path).filter { !$0.contains("schema_migrations") } == content)
    #expect(try Content.dump(bench.backupPath) == content)
    bench.options.adoption = nil
    #expect(try bench.worker().inspect(bench.path).status == .current)
  }

  @Test func `version 0 is an empty history, after which every migration is pending`() throws {
    let outcome = try adopt(bench("\(Self.films) CREATE TABLE other (a);", .upTo(0)))
    #expect(outcome.status == .pending && outcome.versionAfter == 0 && outcome.pending == [1, 2, 3, 4, 5])
  }

  @Test(arguments: ["CREATE TABLE other (a)", Bench.recorded, "CREATE TABLE goose_db_version (a)"])
  func `a database that was changed since it was looked at is refused`(change: String) throws {
    let bench = try bench(Self.films)
    let outcome = try found(bench)
    try bench.change(change)
    let bytes = try Content.bytes(bench.path)
    let late = try bench.worker().adopt(
      bench.path, .record(upTo: 1), schema: #require(outcome.fingerprint), backup: bench.backupPath)
    #expect(late.status == .failed && late.isUnchanged && late.backup == nil)
    #expect(late.failure?.code == (change.contains("goose") ? .foreignHistory : .changed))
    #expect(try Content.bytes(bench.path) == bytes && !bench.exists("backup.sqlite"))
  }

  @Test(arguments: [UpgradeStep.open, .lock, .inspect, .backUp, .record, .prove])
  func `work that is called off leaves no history`(step: UpgradeStep) throws {
    let bench = try bench(Self.films)
    let cancellation = Cancellation()
    bench.control.cancellation = cancellation
    bench.control.began = { _, begun in if begun == step { cancellation.cancel() } }
    if step == .open { cancellation.cancel() }
    let schema = try Schema(reading: Connection(path: bench.path, access: .readOnly))
    let outcome = try bench.worker().adopt(
      bench.path, .record(upTo: 1), schema: schema.fingerprint.description, backup: bench.backupPath)
    #expect(outcome.status == .failed && outcome.isUnchanged, "\(outcome.failure?.description ?? "")")
    #expect(try Content.dump(bench.path).count == 1 && Content.integrity(bench.path) == "ok")
  }

  @Test func `a second attempt after the first was lost finds its backup`() throws {
    let bench = try bench(Self.films)
    let first = try adopt(bench)
    let second = try bench.worker().adopt(
      bench.path, .record(upTo: 1), schema: #require(first.fingerprint), backup: bench.backupPath)
    #expect(second.failure == nil && second.versionAfter == 1 && second.versionBefore == nil)
    #expect(second.backup == first.backup && second.backup != nil)
  }

  @Test(
    arguments: [
      ("INSERT INTO films VALUES (1, 'a')", Failure.Code.contentChanged), ("CREATE TABLE b (c)", .schema),
      ("INSERT INTO schema_migrations (version, name) VALUES (9, 'nine')", .history),
      ("CREATE INDEX i ON schema_migrations (name)", nil), ("UPDATE films SET title = 'b'", nil),
    ] as [(String, Failure.Code?)])
  func `anything but the history fails the proof`(sql: String, code: Failure.Code?) throws {
    let bench = try bench(Self.films)
    let set = try bench.migrations()
    let database = try Connection(path: bench.path, access: .readWrite)
    defer { database.close() }
    try database.beginTransaction()
    defer { database.rollback() }
    let proof = try AdoptionProof(database, set.historyTable)
    _ = try HistoryRecorder(database, set.historyTable).record([set.migrations[0]])
    try database.execute(sql)
    let history = try set.historyTable.read(database)
    do {
      try proof.check(history, [1: "films"])
      #expect(code == nil)
    } catch let failure as Failure {
      #expect(failure.code == code, "\(failure)")
    }
  }
}
