internal import Basics
internal import Glibc
internal import Migrations
internal import SQLite

/// Work that writes to one installation under the write lock. Subclasses do the work itself.
///
/// It opens the database, reads the state, makes the backup, takes the lock, and reads the state again if anything was
/// committed meanwhile. What isn't committed in the end is rolled back. A failure becomes the outcome, and says at
/// which version the database is if anything may have been committed.
class LockedWork {
  final let inspector: Inspector
  final let path: String
  final let deadline: Deadline
  /// The location of the backup; nil if none is made.
  final let backup: String?
  /// How the backup is checked, or that there is none.
  final var check: BackupCheck
  final var step = UpgradeStep.open {
    didSet { inspector.control.began?(path, step) }
  }
  final var outcome = Outcome(status: .failed)
  /// The backup while it is being made.
  private var copy: SnapshotBackup?
  private var backupMilliseconds = 0.0
  /// When the lock was taken, and when it was given back.
  private var lockedSince: ContinuousClock.Instant?
  private var unlocked: ContinuousClock.Instant?

  /// Prepares the work. If `backup` is nil, it makes no backup, because the file is a copy itself.
  init(_ inspector: Inspector, _ path: String, backup: String?, deadline: Deadline) {
    self.inspector = inspector
    self.path = path
    self.backup = backup
    self.deadline = deadline
    check = backup == nil ? .none : inspector.options.check
  }

  /// Does the work, in the transaction that holds the lock, and sets `outcome`.
  ///
  /// - Parameters:
  ///   - database: the connection. If the work doesn't commit, it is rolled back.
  ///   - file: the file as it was inspected.
  ///   - state: the state at the beginning of the transaction.
  /// - Throws: what ends the work. It becomes the outcome's failure.
  func work(on database: Connection, _ file: DatabaseFile, _ state: Inspector.State) throws {
    preconditionFailure("a subclass does the work")
  }

  /// Whether work on a database in this state would need a backup.
  func needsBackup(_ state: Inspector.State) -> Bool { preconditionFailure("a subclass knows") }

  /// Called after a failure, when `outcome` has it. A subclass can add what else it has found.
  func noteFailure() {}

  final func run() -> Outcome {
    do {
      let file = try DatabaseFile.inspect(path).get()
      outcome.bytes = file.bytes
      let database = try openForWriting(path, file, inspector.options, deadline)
      do {
        defer { outcome.isUnchanged = !database.mayHaveCommitted }
        defer {
          database.rollback()
          unlocked = .now
          database.close()
        }
        defer { copy?.close() }
        let known = try prepare(database, file)
        try work(on: database, file, lock(database, file, known))
      }
    } catch {
      fail(error)
    }
    noteBackup()
    return outcome
  }

  /// What was read before the lock was taken, and `PRAGMA data_version`, which changes when another connection commits.
  private typealias KnownState = (state: Inspector.State, dataVersion: Value?)

  /// Reads the state and makes the backup, if one is needed, while others may write.
  private func prepare(_ database: Connection, _ file: DatabaseFile) throws -> KnownState? {
    guard check != .none else { return nil }
    try inspector.control.check(at: .open)
    step = .inspect
    try requireSameFile(database, file)
    try database.execute("BEGIN")
    let state = try inspector.state(of: database)
    let known = KnownState(state, try database.scalar("PRAGMA data_version"))
    database.rollback()
    if needsBackup(state) {
      // If the log can't be followed, the copy is made under the lock, where nothing is committed.
      do { try copy(database, file) } catch is LogFrames.Unreadable {}
    }
    return known
  }

  private func lock(_ database: Connection, _ file: DatabaseFile, _ known: KnownState?) throws
    -> Inspector.State
  {
    try inspector.control.check(at: .open)
    step = .lock
    try database.beginTransaction()
    lockedSince = .now
    step = .inspect
    try requireSameFile(database, file)
    if let known, try database.scalar("PRAGMA data_version") == known.dataVersion { return known.state }
    return try inspector.state(of: database)
  }

  private func fail(_ error: any Error) {
    outcome.status = .failed
    // Reading, too, can fail because another process holds a lock.
    let isBusy = lockedSince == nil && (error as? SQLiteError)?.code.primary == .busy
    outcome.failure = Failure(error, at: isBusy ? .lock : step)
    noteFailure()
    if step == .open { outcome.isUnchanged = true }
    guard backup != nil else { return }
    // If something was or may have been committed, the file is read again to find its current version.
    if !outcome.isUnchanged { outcome.addState(read: inspector.inspect(path)) }
  }

  /// Makes the backup, unless the options or the work do without.
  final func backUp(_ database: Connection, _ file: DatabaseFile) throws {
    guard check != .none else { return }
    if copy == nil { try copy(database, file) }
    step = .backUp
    let start = ContinuousClock.now
    defer { backupMilliseconds += (ContinuousClock.now - start).milliseconds }
    try copy?.complete()
  }

  private func copy(_ database: Connection, _ file: DatabaseFile) throws {
    guard let backup else { return }
    step = .backUp
    let start = ContinuousClock.now
    defer { backupMilliseconds += (ContinuousClock.now - start).milliseconds }
    copy = try inspector.snapshotBackup(of: database, file, to: backup, check, by: deadline)
  }

  /// Adds the backup and the times to the outcome, when the lock is gone.
  private func noteBackup() {
    outcome.count(lockedSince: lockedSince, until: unlocked ?? .now, copying: copy)
    guard let copy else { return }
    outcome.milliseconds["backup"] = backupMilliseconds
    do {
      outcome.backup = try copy.record() ?? outcome.backup
    } catch  where outcome.failure == nil {
      outcome.status = .failed
      outcome.failure = Failure(error, at: .backUp)
    } catch {}
  }

  /// The backup at the location of this work's backup, if an earlier attempt made it; otherwise nil.
  final func earlierBackup() -> BackupRecord? {
    guard let backup, case let destination = BackupDestinations.holding(backup), destination.has(backup)
    else { return nil }
    return try? FoundBackup(of: "", at: backup, in: destination, inspector.set.historyTable).record
  }
}

/// Opens the database at `path` for an upgrade or a restore.
func openForWriting(
  _ path: String, _ file: DatabaseFile, _ options: UpgradeOptions, _ deadline: Deadline
) throws -> Connection {
  if let failure = hardLinks(of: file, options) { throw failure }
  let database = try Connection(
    path: path, access: .readWrite, busyTimeout: options.busyTimeout, deadline: deadline)
  guard !database.isReadOnly else { throw unwritable(path, "the file") }
  // A checkpoint beside a live application can hit the WAL-reset race of SQLite before 3.51.3. The checkpoint at close
  // only happens if no other process has the file open.
  if file.isWAL { database.disableAutomaticCheckpoints() }
  try database.execute("PRAGMA synchronous=\(file.isWAL ? "FULL" : "EXTRA")")
  return database
}

/// Verifies that the connection has the same file open that was inspected.
///
/// - Throws: `Failure` with code `switched` if it is a different file.
func requireSameFile(_ database: Connection, _ file: DatabaseFile) throws(Failure) {
  guard !database.isOpen(on: file) else { return }
  throw Failure(
    code: .switched, step: .open,
    message:
      "the path leads to another file than a moment ago: a symbolic link or a folder in it was switched")
}

/// Why a database with several hard links can't be worked on; nil if it has only one, or if the options accept several
/// and it isn't in WAL mode.
///
/// Journal and log belong to a name of the file, and in WAL mode so do the locks. Two programs that open the file by
/// different names don't see each other's, and corrupt it (https://sqlite.org/howtocorrupt.html, 2.5). In WAL mode this
/// doesn't even take a crash.
func hardLinks(of file: DatabaseFile, _ options: UpgradeOptions) -> Failure? {
  guard file.links > 1, file.isWAL || !options.hardLinks else { return nil }
  let remedy = file.isWAL ? "" : "; rollout.hard_links: true accepts it"
  return Failure(
    code: .hardLink, step: .open,
    message:
      "the file has \(file.links) names (hard links): a program that opens it by another one would corrupt it\(remedy)"
  )
}

/// The failure for `what`, such as a file or its folder, at `path`, which can't be written.
func unwritable(_ path: String, _ what: String) -> Failure {
  let isReadOnly = access(path, W_OK) != 0 && errno == EROFS
  return Failure(
    code: isReadOnly ? .readOnly : .permission, step: .open,
    message: isReadOnly ? "the file system is mounted read-only" : "this user may not write \(what)")
}
