internal import Basics
internal import Glibc
internal import Migrations
internal import SQLite
internal import Schema

/// One upgrade of one installation: open → lock → inspect → back up → migrate → prove → commit.
///
/// Everything from the lock to the commit is one transaction. The database is always completely at its old version or
/// completely at its new version, even if this process is killed. Only migrations that can't run in a transaction
/// divide the work into several parts.
final class Upgrade {
  private let inspector: Inspector
  private let path: String
  /// The location of the backup; nil in a rehearsal.
  private let backup: String?
  private let deadline: Deadline
  private var step = UpgradeStep.open {
    didSet { inspector.control.began?(path, step) }
  }
  private var outcome = Outcome(status: .failed)
  /// The failures after which a rehearsal went on.
  private var undeclared: [MigrationFailure] = []

  /// Prepares an upgrade. If `backup` is nil, it is a rehearsal on a copy: it makes no backup, and goes on after effects
  /// that a migration doesn't declare, so that it can list those of all pending migrations before it fails.
  init(_ inspector: Inspector, _ path: String, backup: String?, deadline: Deadline) {
    self.inspector = inspector
    self.path = path
    self.backup = backup
    self.deadline = deadline
  }

  func run() -> Outcome {
    do {
      let file = try DatabaseFile.inspect(path).get()
      outcome.bytes = file.bytes
      let database = try openForWriting(path, file, inspector.options, deadline)
      do {
        defer { outcome.isUnchanged = !database.mayHaveCommitted }
        defer {
          database.rollback()
          database.close()
        }
        try work(on: database, file)
      }
    } catch {
      fail(error)
    }
    return outcome
  }

  private func fail(_ error: any Error) {
    outcome.status = .failed
    outcome.failure = Failure(error, at: step)
    outcome.undeclared = undeclared.compactMap(\.undeclared)
    if step == .open { outcome.isUnchanged = true }
    guard backup != nil else { return }
    // If something was or may have been committed, the file is read again to find its current version.
    if !outcome.isUnchanged { outcome.addState(read: inspector.inspect(path)) }
  }

  private func work(on database: Connection, _ file: DatabaseFile) throws {
    try inspector.control.check(at: .open)
    step = .lock
    try database.beginTransaction()
    step = .inspect
    try requireSameFile(database, file)
    let state = try inspector.state(of: database)
    let found = inspector.outcome(state, bytes: file.bytes)
    guard found.status == .pending else {
      outcome = found
      return
    }
    outcome = found
    outcome.status = .failed
    try backUp(database, file, before: state.plan)
    var before: Inspector.State? = state
    for group in Self.groups(of: state.plan) {
      try migrate(group, on: database, before)
      before = nil
    }
    if let failure = Failure(undeclared: undeclared) { throw failure }
    outcome.status = .migrated
    outcome.pending = []
    outcome.mayDelete = []
    outcome.mayChange = []
  }

  private func backUp(_ database: Connection, _ file: DatabaseFile, before plan: Plan) throws {
    step = .backUp
    guard inspector.options.check != .none else {
      guard let alone = plan.pending.first(where: \.runsOutsideTransaction) else { return }
      throw Failure(
        code: .backup, step: .backUp,
        message: "\(alone.file) has '@transaction none' and can't run without a backup")
    }
    guard let backup else { return }
    let start = ContinuousClock.now
    let writer = BackupWriter(
      check: inspector.options.check, busyTimeout: inspector.options.busyTimeout, deadline: deadline)
    outcome.backup = try writer.write(
      to: backup, in: BackupDestinations.holding(backup), owner: file, comparing: database)
    outcome.milliseconds["backup"] = (ContinuousClock.now - start).milliseconds
  }

  /// Divides a plan into transactions: one for everything, except that migrations that can't run in a transaction are
  /// separate.
  private static func groups(of plan: Plan) -> [Plan] {
    var groups: [Plan] = []
    var current: [Migration] = []
    var baseline = plan.baseline
    func finish() {
      guard !current.isEmpty || baseline != nil else { return }
      groups.append(Plan(baseline: baseline, pending: current))
      current = []
      baseline = nil
    }
    for migration in plan.pending {
      if migration.runsOutsideTransaction {
        finish()
        groups.append(Plan(baseline: nil, pending: [migration]))
      } else {
        current.append(migration)
      }
    }
    finish()
    return groups
  }

  /// Runs one transaction. `known` is the state before it, if that was read under the same lock.
  private func migrate(_ plan: Plan, on database: Connection, _ known: Inspector.State?) throws {
    if plan.pending.first?.runsOutsideTransaction == true {
      return try migrateAlone(plan.pending[0], on: database)
    }
    if !database.isInTransaction { try database.beginTransaction() }
    step = .migrate
    let start = ContinuousClock.now
    let before = try known ?? inspector.state(of: database)
    var proof = Proof(database, before: before, inspector)
    let migrator = Migrator(
      database, inspector.set.historyTable, referrers: before.schema.children(of:),
      willWrite: { try proof.willWrite($0, in: $1) }, undeclared: { try self.note(undeclared: $0) })
    let applied = try migrator.apply(plan)
    outcome.milliseconds["migrate", default: 0] += (ContinuousClock.now - start).milliseconds
    step = .prove
    let after = try proof.check()
    try inspector.control.check(at: .prove)
    try deadline.check()
    step = .commit
    try database.commitTransaction()
    outcome.applied += applied
    outcome.versionAfter = after.history.version
    outcome.fingerprint = after.schema.fingerprint.description
    outcome.drift = after.drift
    outcome.ignored = after.schema.ignored
  }

  /// In a rehearsal, remembers a failure and lets the migrator go on.
  private func note(undeclared failure: MigrationFailure) throws {
    guard backup == nil else { throw failure }
    undeclared.append(failure)
  }

  /// Runs the single statement of a migration that can't be in a transaction, such as VACUUM.
  ///
  /// Earlier migrations are already committed. SQLite executes a single statement completely or not at all, so a
  /// failure leaves the database at the version before. No restore is necessary, which would discard later writes of
  /// the application.
  private func migrateAlone(_ migration: Migration, on database: Connection) throws {
    if database.isInTransaction { try database.commitTransaction() }
    step = .migrate
    try inspector.control.check(at: .migrate)
    outcome.applied.append(try Migrator(database, inspector.set.historyTable).run(migration))
    let state = try inspector.state(of: database)
    outcome.versionAfter = state.history.version
    outcome.fingerprint = state.schema.fingerprint.description
    outcome.drift = state.drift
    outcome.ignored = state.schema.ignored
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
