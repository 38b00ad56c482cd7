internal import Basics
internal import Migrations
internal import SQLite
internal import Schema

/// One upgrade of one installation: open → inspect → back up → lock → migrate → prove → commit.
///
/// Everything from the lock to the commit is one transaction. The database is always completely at its old version or
/// completely at its new version, even if this process is killed. Only migrations that can't run in a transaction
/// divide the work into several parts.
final class Upgrade: LockedWork {
  /// The failures after which a rehearsal went on. A rehearsal has no backup. It goes on after effects that a migration
  /// doesn't declare, so that it can list those of all pending migrations before it fails.
  private var undeclared: [MigrationFailure] = []

  /// The state that the database has to be in; nil for any.
  var expected: ExpectedState?

  override func noteFailure() { outcome.undeclared = undeclared.compactMap(\.undeclared) }

  override func needsBackup(_ state: Inspector.State) -> Bool {
    let found = inspector.outcome(state, bytes: 0)
    return found.status == .pending && expected?.refusal(of: found) == nil
  }

  override func work(on database: Connection, _ file: DatabaseFile, _ state: Inspector.State) throws {
    let found = inspector.outcome(state, bytes: file.bytes)
    outcome = found
    // If nothing is pending any more, an earlier attempt of this run may have done the work.
    let isDone = found.status == .current && earlierBackup() != nil
    if let refusal = expected?.refusal(of: found), !isDone { throw refusal }
    guard found.status == .pending else { return }
    outcome.status = .failed
    if inspector.options.check == .none,
      let alone = state.plan.pending.first(where: \.runsOutsideTransaction)
    {
      throw Failure(
        code: .backup, step: .backUp,
        message: "\(alone.file) has '@transaction none' and can't run without a backup")
    }
    try backUp(database, file)
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
