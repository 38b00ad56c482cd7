internal import Dispatch
internal import Glibc
internal import SQLite
internal import Schema
internal import Synchronization
internal import Upgrade

/// The record of runs, outcomes and backups: a SQLite file in the ``StateFolder``. It never decides what is true; the
/// databases do.
///
/// ```swift
/// let journal = try Journal(state)
/// let run = FleetRun(inventory, selection, workers, journal: journal, interruption: interruption)
/// try journal.begin(run.id, command: "migrate", fleet: fleet.name, at: "2024-05-01T12:00:00Z")
/// // … the run records its outcomes …
/// try journal.finish(run.id, result: "finished", header: header, at: "2024-05-01T12:03:10Z")
/// ```
///
/// Outcomes are written in groups, at least five times a second; a crash loses only the outcomes of the last group.
/// Each group is synced, and so is the start of a run before anything is written to a database. The first write error
/// is kept, and the run ends because of it.
///
/// ``RunRecords`` writes the outcomes of a ``FleetRun``, and ``BackupStore`` its backups.
public final class Journal: @unchecked Sendable {  // The connection is used only on `queue`.
  let database: Connection
  let queue = DispatchQueue(label: "journal")
  let path: String
  private let folder: String
  private var latestRun: RunID?
  private var unsaved = 0
  private var insert: Statement?
  /// The versions whose digests this run has recorded. Used only on `queue`.
  var notedMigrations: Set<MigrationVersion> = []
  private var firstError: (any Error)?
  private let failed = Atomic(false)

  /// Opens the journal. Creates it if there is none, and upgrades one that an earlier flotilla wrote.
  ///
  /// Commands that only read upgrade it too: in one transaction, which waits for a writer and never changes existing
  /// data.
  ///
  /// - Throws: `StateError` if the journal can't be opened, or if a newer flotilla wrote it, which leaves it unchanged.
  public init(_ state: StateFolder) throws {
    path = state.journal
    folder = state.path
    try Self.create(path)
    do {
      let forms = Self.forms
      try forms.check(path)
      database = try Connection(path: path, access: .readWrite)
      _ = try database.scalar("PRAGMA journal_mode=WAL")
      try database.execute("PRAGMA synchronous=FULL")
      try forms.upgrade(database)
      let latest =
        "SELECT max(id) FROM (SELECT max(id) AS id FROM runs UNION ALL SELECT max(run) FROM backups)"
      latestRun = try database.scalar(latest)?.text.flatMap { RunID($0) }
    } catch let newer as NewerVersion {
      throw StateError(path, newer)
    } catch let error as SQLiteError {
      throw StateError(path, error)
    }
  }

  /// Creates the file if there is none.
  ///
  /// A file that exists isn't opened: closing it would drop the locks of another connection of this process
  /// (https://sqlite.org/howtocorrupt.html, 2.2).
  private static func create(_ path: String) throws(StateError) {
    let file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    if file >= 0 {
      close(file)
    } else if errno != EEXIST || access(path, R_OK | W_OK) != 0 {
      throw StateError(path, "can't be written", errno)
    }
  }

  /// Calls `body` with the connection after saving everything recorded so far.
  func read<T>(_ body: (Connection) throws -> T) throws -> T {
    do {
      return try queue.sync {
        save()
        if let firstError { throw firstError }
        return try body(database)
      }
    } catch let error as SQLiteError {
      throw StateError(path, error)
    }
  }

  /// Calls `body` with the connection. It sees everything recorded so far, which need not be saved yet.
  func readUnsaved<T>(_ body: (Connection) throws -> T) throws -> T {
    do {
      return try queue.sync {
        if let firstError { throw firstError }
        return try body(database)
      }
    } catch let error as SQLiteError {
      throw StateError(path, error)
    }
  }

  /// Runs `body` inside the next transaction that is saved.
  func write(_ body: @escaping @Sendable (Journal) throws -> Void) {
    queue.async { [self] in
      guard firstError == nil else { return }
      do {
        if unsaved == 0 {
          try database.execute("BEGIN IMMEDIATE")
          queue.asyncAfter(deadline: .now() + .milliseconds(200)) { [self] in save() }
        }
        unsaved += 1
        try body(self)
        if unsaved >= 500 { save() }
      } catch {
        fail(error)
      }
    }
  }

  private func save() {
    guard unsaved > 0, firstError == nil else { return }
    unsaved = 0
    do { try database.execute("COMMIT") } catch { fail(error) }
  }

  private func fail(_ error: any Error) {
    failed.store(true, ordering: .relaxed)
    firstError = firstError ?? error
    database.rollback()
  }

  /// Saves everything recorded so far, and throws the first write error, if there is one.
  public func check() throws { try read { _ in } }

  /// Whether a write error is known.
  public var hasFailed: Bool { failed.load(ordering: .relaxed) }

  // MARK: Runs

  /// An id for a new run. It sorts after the ids of all runs in this journal, whatever the clock says.
  func newRun() -> RunID { queue.sync { RunID.make(after: latestRun) } }

  /// Makes the ids of new runs sort after this one.
  func met(_ run: RunID) { queue.sync { latestRun = max(latestRun ?? run, run) } }

  /// Records the start of a run. When it returns, the record and the journal file itself survive a power cut.
  public func begin(_ run: RunID, command: String, fleet: String, at date: String) throws {
    met(run)
    write { journal in
      try journal.database.execute(
        "INSERT INTO runs (id, command, fleet, started_at) VALUES (?, ?, ?, ?)",
        [.text(run.description), .text(command), .text(fleet), .text(date)])
    }
    try check()
    // The file and its log may have been made just now.
    do throws(Failure) { try DurableFolder.sync(folder) } catch { throw StateError(folder, cause: error) }
  }

  /// Records the end of a run.
  ///
  /// - Parameters:
  ///   - run: the run.
  ///   - result: `finished`, `stopped` or `interrupted`.
  ///   - header: the report without its installations, as JSON.
  ///   - date: the time of the end, in ISO 8601.
  /// - Throws: `StateError` if the journal can't be written.
  public func finish(_ run: RunID, result: String, header: String, at date: String) throws {
    write { journal in
      try journal.database.execute(
        "UPDATE runs SET finished_at = ?, result = ?, header = ? WHERE id = ?",
        [.text(date), .text(result), .text(header), .text(run.description)])
    }
    try check()
  }

  /// Removes a run that was canceled before it changed anything.
  public func discard(_ run: RunID) throws {
    write { journal in
      try journal.database.execute("DELETE FROM outcomes WHERE run = ?", [.text(run.description)])
      try journal.database.execute("DELETE FROM runs WHERE id = ?", [.text(run.description)])
    }
    try check()
  }

  /// Records the outcome of an installation. A later record of the same run replaces it.
  func record(_ run: RunID, place: Int, _ id: String, _ status: Status, _ record: String) {
    write { journal in
      let sql = """
        INSERT INTO outcomes (run, place, installation, status, record) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET status = excluded.status, record = excluded.record
        """
      let statement = try journal.insert ?? journal.database.prepare(sql)
      journal.insert = statement
      try statement?.bind([
        .text(run.description), .integer(Int64(place)), .text(id), .text(status.rawValue), .text(record),
      ])
      try statement?.run()
    }
  }

  /// Calls `body` with the record of each installation of a run, in the order of the inventory.
  public func forEachRecord(of run: RunID, _ body: (String) throws -> Void) throws {
    try read { database in
      try database.forEachRow(
        "SELECT record FROM outcomes WHERE run = ? ORDER BY place", [.text(run.description)]
      ) {
        try body($0.text(0) ?? "")
      }
    }
  }

  /// A past run.
  public struct Run: Sendable {
    /// The id.
    public let id: RunID
    /// The command that started it.
    public let command: String
    /// When it began, in ISO 8601.
    public let startedAt: String
    /// When it ended, in ISO 8601; nil if it never finished.
    public let finishedAt: String?
    /// `finished`, `stopped`, `interrupted`, or `recovered` for a run known only from its backups; nil if it never
    /// finished.
    public let result: String?
    /// The report without its installations, as JSON; nil if the run never finished.
    public let header: String?
    /// The number of installations by status.
    public let counts: [String: Int]
  }

  /// Past runs, the latest first.
  public func runs(limit: Int = .max) throws -> [Run] {
    try read { database in
      let rows = try database.rows(
        "SELECT id, command, started_at, finished_at, result, header FROM runs ORDER BY id DESC LIMIT ?",
        [.integer(Int64(limit))]
      ) { row in (0..<6).map { row.text($0) } }
      var runs: [Run] = []
      for row in rows {
        guard let id = row[0].flatMap(RunID.init) else { continue }
        let counts = try database.rows(
          "SELECT status, count(*) FROM outcomes WHERE run = ? GROUP BY status", [.text(id.description)]
        ) { row in (row.text(0) ?? "", Int(row.int(1))) }
        runs.append(
          Run(
            id: id, command: row[1] ?? "", startedAt: row[2] ?? "", finishedAt: row[3], result: row[4],
            header: row[5], counts: Dictionary(counts) { $1 }))
      }
      return runs
    }
  }
}
