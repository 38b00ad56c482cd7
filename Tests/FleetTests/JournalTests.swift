import Foundation
import Migrations
import SQLite
import Schema
import Synchronization
import TestSupport
import Testing
import Upgrade

@testable import Fleet

/// The journal's order, and what is kept of backups.
@Suite struct JournalTests {
  private let folder: TemporaryFolder
  private let state: StateFolder

  init() throws {
    (folder, state) = try newStateFolder()
  }

  @Test func `a second journal in a process leaves the first one its locks`() throws {
    let (first, second) = (try Journal(state), try Journal(state))
    let run = first.newRun()
    try first.begin(run, command: "migrate", fleet: "test", at: "2026-01-28T09:30:00Z")
    // A process that closes the file as the last one removes its log, which the first journal would go on writing to.
    for _ in 0..<3 { try Foreign.execute("SELECT count(*) FROM runs", at: state.journal) }
    try first.finish(run, result: "finished", header: "{}", at: "2026-01-28T09:40:00Z")
    #expect(try IndependentReader.rows("SELECT result FROM runs", at: state.journal) == ["finished"])
    #expect(try second.runs().map(\.result) == ["finished"])
  }

  private func inventory(_ ids: [String]) throws -> Inventory {
    let entries = ids.map { "  - { id: \($0), path: \(folder.file("\($0).sqlite")) }" }.joined(
      separator: "\n")
    try folder.write("fleet: test\nmigrations: migrations\ninstallations:\n\(entries)\n", to: "fleet.yml")
    let file = try FleetFile.load("fleet.yml", currentDirectory: folder.path, environment: [:])
    return try file.inventory(environment: [:])
  }

  /// A backup file of `id` in the folder of a run, as a run that was killed leaves it.
  @discardableResult
  private func file(_ id: String, _ run: RunID) throws -> String {
    let path = state.destination.location(run.description, id)
    return try folder.database(
      String(path.dropFirst(folder.path.count + 1)),
      "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT); INSERT INTO schema_migrations VALUES (4, 'x');"
    )
  }

  private func stored(_ id: String, _ run: RunID, host: String? = nil) throws -> StoredBackup {
    let path = try file(id, run)
    return StoredBackup(
      run: run, installation: id, host: host, database: folder.file("\(id).sqlite"), version: 4,
      record: try BackupRecord(reading: path), fetched: nil)
  }

  // MARK: Order

  @Test func `a run sorts behind all earlier ones, also when the clock was set back`() throws {
    let future = RunID.make(at: Date(timeIntervalSinceNow: 86_400 * 365))
    let journal = try Journal(state)
    try journal.begin(future, command: "migrate", fleet: "test", at: "2026-01-28T09:30:00Z")
    let next = journal.newRun()
    #expect(next > future && RunID.make() < future)
    try journal.begin(next, command: "migrate", fleet: "test", at: "2026-01-28T09:30:00Z")
    #expect(journal.newRun() > next)
    #expect(try Journal(state).newRun() > next, "another process goes on from there")
    #expect(try journal.runs().map(\.id) == [next, future])
  }

  @Test func `a name beyond the last one is no run's`() throws {
    #expect(RunID("8ZZZZZZZZZZZZZZZZZZZZZZZZZ") == nil)
    let last = try #require(RunID("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"))
    #expect(RunID.make(after: last).description.hasPrefix("7ZZZZZZZZZ"))
  }

  @Test(arguments: [1, 2])
  func `the backup that a run makes is not the one that is pruned`(keep: Int) throws {
    let journal = try Journal(state)
    let runs = (0..<3).map { RunID.make(at: Date(timeIntervalSinceNow: Double($0 - 5) * 3600)) }
    // The newest run has the oldest name, as a journal of before has it after the clock was set back.
    for run in [runs[1], runs[2], runs[0]] { try prune(journal, run, keep: keep) }
    let left = try journal.backups().map(\.run)
    #expect(left.contains(runs[0]) && left.count == keep)
    #expect(try state.backups(notedIn: journal).count == keep)
    #expect(try state.destination.runs().count == keep, "a run's folder goes with its last backup")
  }

  /// Has a run record a backup of berlin, and remove the outdated ones.
  @discardableResult
  private func prune(_ journal: Journal, _ run: RunID, keep: Int) throws -> [String] {
    try folder.write("CREATE TABLE a (b);", to: "migrations/0001_a.sql")
    let set = try MigrationSet.load(folder: folder.file("migrations"))
    let worker = LocalWorker(set, ExpectedSchema(set), UpgradeOptions())
    let said = Mutex<[String]>([])
    let store = try BackupStore(journal, run, in: state, keep: keep, fetches: false) { text in
      said.withLock { $0.append(text) }
    }
    var outcome = Outcome(status: .migrated)
    outcome.backup = try stored("berlin", run).record
    let berlin = try #require(try inventory(["berlin"]).installations.first)
    #expect(store.recordAndPrune(outcome, of: berlin, worker).backup == outcome.backup)
    try journal.check()
    return said.withLock { $0 }
  }

  @Test func `an outdated backup that can't be removed stays noted and is said, and the next run removes it`()
    throws
  {
    let journal = try Journal(state)
    let runs = (0..<3).map { RunID.make(at: Date(timeIntervalSinceNow: Double($0) * 60)) }
    #expect(try prune(journal, runs[0], keep: 1) == [])
    // Not even root unlinks a folder.
    let location = state.destination.location(runs[0].description, "berlin")
    try FileManager.default.removeItem(atPath: location)
    try FileManager.default.createDirectory(atPath: location, withIntermediateDirectories: true)
    let said = try prune(journal, runs[1], keep: 1)
    #expect(said.count == 1 && said[0].contains("can't remove \(location)"), "\(said)")
    #expect(try journal.backups().map(\.run) == [runs[1], runs[0]])
    try FileManager.default.removeItem(atPath: location)
    try Data().write(to: URL(filePath: location))
    #expect(try prune(journal, runs[2], keep: 1) == [])
    #expect(try journal.backups().map(\.run) == [runs[2]])
    #expect(!FileManager.default.fileExists(atPath: location))
  }

  @Test func `what is outdated is asked for one installation, and never this run's`() throws {
    let journal = try Journal(state)
    let runs = (0..<4).map { RunID.make(at: Date(timeIntervalSinceNow: Double($0) * 60)) }
    for run in runs {
      for id in ["berlin", "lima"] { journal.addBackup(try stored(id, run, host: "h")) }
    }
    let old = try journal.outdatedBackups(of: "berlin", keep: 2, in: runs[0])
    #expect(old.map(\.run) == [runs[2], runs[1]])
    #expect(Set(old.map(\.installation)) == ["berlin"])
  }

  @Test func `what is outdated is found without reading the backups of all others`() throws {
    let journal = try Journal(state)
    let runs = (0..<3).map { RunID.make(at: Date(timeIntervalSinceNow: Double($0) * 60)) }
    for run in runs { journal.addBackup(try stored("berlin", run, host: "h")) }
    try journal.check()
    try Foreign.execute(
      """
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
      INSERT INTO backups (run, installation, database, path, bytes, sha256, host)
      SELECT printf('%026d', i), 'other' || i, '/db', '/backup', 4096, 'x', 'h' FROM n
      """, at: folder.file("state/state.sqlite"))
    let start = ContinuousClock.now
    for _ in 0..<5 {
      let old = try journal.outdatedBackups(of: "berlin", keep: 1, in: runs[2])
      #expect(old.map(\.run) == [runs[1], runs[0]])
    }
    #expect(ContinuousClock.now - start < .seconds(2))
  }

  // MARK: Recovery

  @Test func `a backup is found by its folder when the journal is lost`() throws {
    let run = RunID.make(at: Date(timeIntervalSinceNow: 3600))
    let path = try file("berlin", run)
    try folder.write("", to: "state/backups/\(run)/lima.sqlite.part")
    let journal = try Journal(state)
    var said: [String] = []
    try journal.recover(state, inventory(["berlin", "lima"]), SchemaMigrationsTable()) { said.append($0) }
    let found = try journal.backups()
    #expect(found.map(\.run) == [run] && found.map(\.record.path) == [path])
    #expect(found.first?.version == 4 && found.first?.database == folder.file("berlin.sqlite"))
    #expect(
      !FileManager.default.fileExists(atPath: path.replacing("berlin.sqlite", with: "lima.sqlite.part")))
    #expect(journal.newRun() > run, "new runs sort behind those that were found")
    #expect(try journal.runs().map(\.result) == ["recovered"])
    // Again nothing changes.
    try journal.recover(state, inventory(["berlin", "lima"]), SchemaMigrationsTable()) { said.append($0) }
    #expect(try journal.backups().count == 1 && journal.runs().count == 1)
    #expect(said.isEmpty)
  }

  @Test func `a file in the place of a backup that is none is said, and stays`() throws {
    let run = RunID.make(at: Date(timeIntervalSinceNow: 3600))
    let whole = try file("berlin", run)
    let torn = try folder.write("torn", to: "state/backups/\(run)/lima.sqlite")
    let journal = try Journal(state)
    var said: [String] = []
    try journal.recover(state, inventory(["berlin", "lima"]), SchemaMigrationsTable()) { said.append($0) }
    #expect(try journal.backups().map(\.record.path) == [whole])
    #expect(said.count == 1 && said[0].hasPrefix("\(torn) is in the place of a backup of lima,"), "\(said)")
    #expect(said.first?.contains("not a database") == true, "\(said)")
    #expect(FileManager.default.fileExists(atPath: torn))
  }

  @Test func `backups of a finished run are not looked at again`() throws {
    let journal = try Journal(state)
    let run = journal.newRun()
    try journal.begin(run, command: "migrate", fleet: "test", at: "2026-01-28T09:30:00Z")
    try file("berlin", run)
    try journal.finish(run, result: "finished", header: "{}", at: "2026-01-28T09:31:00Z")
    try journal.recover(state, inventory(["berlin"]), SchemaMigrationsTable()) { _ in }
    #expect(try journal.backups().isEmpty)
  }

  @Test func `the journal is synced with each of its transactions`() throws {
    let journal = try Journal(state)
    #expect(try journal.read { try $0.scalar("PRAGMA synchronous") } == 2)
    #expect(try journal.read { try $0.scalar("PRAGMA journal_mode") } == "wal")
  }
}
