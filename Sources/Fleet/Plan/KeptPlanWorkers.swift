public import Upgrade

/// Workers that do what a kept plan says, and nothing else.
///
/// An installation that is no longer what it was in the plan fails with the code `changed`. One that the plan leaves
/// alone is skipped without looking at it.
public struct KeptPlanWorkers: Workers {
  private let workers: any Workers
  private let planned: [String: PlannedInstallation]
  private let isListed: @Sendable (String) -> Bool
  private let done: [String: DoneMigration]

  /// Creates workers.
  ///
  /// - Parameters:
  ///   - workers: they do the work, with ``UpgradeOptions/tellsHistory``.
  ///   - plan: the plan.
  ///   - inventory: the inventory without the installations that only the plan knows.
  ///   - done: what the journal says of the installations' last migrations, by id.
  public init(
    _ workers: any Workers, _ plan: KeptPlan, _ inventory: Inventory, done: [String: DoneMigration]
  ) {
    self.workers = workers
    planned = Dictionary(plan.installations.map { ($0.id, $0) }) { first, _ in first }
    isListed = { inventory.installation(id: $0) != nil }
    self.done = done
  }

  /// See ``Workers``.
  public func worker(for installation: Installation) -> any Worker {
    let worker = workers.worker(for: installation)
    guard let planned = planned[installation.id] else {
      preconditionFailure("a run with a plan selects only its installations")
    }
    return KeptPlanWorker(
      worker: worker, planned: planned, refusal: refusal(of: planned, installation),
      done: done[installation.id])
  }

  /// Why nothing is done to an installation, whatever its database is like; nil if nothing prevents the work.
  private func refusal(of planned: PlannedInstallation, _ installation: Installation) -> Outcome? {
    var outcome: Outcome
    if !isListed(installation.id) {
      outcome = changed("the inventory no longer has it")
    } else if installation.place != planned.place {
      outcome = changed(
        "the plan has it at \(planned.place), and the inventory now says \(installation.place)")
    } else if planned.expected == nil, let error = planned.error {
      outcome = Outcome(
        Failure(
          code: error.code, step: error.step,
          message: "the plan leaves it alone; when it was made: \(error.message)"), status: .skipped)
    } else {
      return nil
    }
    outcome.isUnchanged = true
    return outcome
  }

  private func changed(_ what: String) -> Outcome {
    Outcome(
      Failure(
        code: .changed, step: .open, message: "it is no longer as it was when the plan was made: \(what)"))
  }

  /// See ``Workers``.
  public var sqliteOnHosts: Set<String> { workers.sqliteOnHosts }

  /// See ``Workers``.
  public func retry() { workers.retry() }
}

extension PlannedInstallation {
  /// Why a database is no longer what the plan was made for; nil if it is, or if it could not be read.
  fileprivate func refusal(of found: Outcome) -> Failure? {
    if let failure = expected?.refusal(of: found) { return failure }
    // The files are the same, but fleet.yml declares deletions, too.
    guard found.failure == nil, Set(found.mayDelete) != Set(mayDelete) else { return nil }
    return Failure(
      code: .changed, step: .inspect,
      message:
        "it is no longer as it was when the plan was made: its migrations may delete rows of other tables")
  }
}

/// Does what a plan says about one installation.
private struct KeptPlanWorker: Worker {
  let worker: any Worker
  let planned: PlannedInstallation
  /// Why nothing is done; nil if nothing prevents the work.
  let refusal: Outcome?
  /// The last migration of the installation; nil if the journal knows none.
  let done: DoneMigration?

  func inspect(_ path: String) -> Outcome {
    if let refusal { return refusal }
    let found = worker.inspect(path)
    guard found.status != .unreachable, let failure = planned.refusal(of: found) else { return found }
    // An earlier run has done what the plan says, and nobody has touched the database since.
    if found.status == .current, let done, done.versions == planned.pending,
      done.fingerprint == found.fingerprint
    {
      return found
    }
    var outcome = found
    outcome.status = .failed
    outcome.failure = failure
    return outcome
  }

  func upgrade(_ path: String, backup: String, expecting expected: ExpectedState?) -> Outcome {
    refusal ?? worker.upgrade(path, backup: backup, expecting: planned.expected)
  }

  func adopt(
    _ path: String, _ decision: AdoptionDecision, schema fingerprint: String, backup: String
  ) -> Outcome {
    refusal ?? worker.adopt(path, decision, schema: fingerprint, backup: backup)
  }

  func backUp(_ path: String, to destination: String) -> Outcome {
    refusal ?? worker.backUp(path, to: destination)
  }

  func restore(_ path: String, from backup: BackupRecord, saving saved: String) -> Outcome {
    refusal ?? worker.restore(path, from: backup, saving: saved)
  }

  func rehearse(_ path: String, in folder: String) -> Outcome {
    refusal ?? worker.rehearse(path, in: folder)
  }

  func ask(_ path: String) -> DataAnswers {
    if let failure = refusal?.failure { return DataAnswers(failure) }
    return worker.ask(path)
  }

  func remove(_ backups: [String]) throws(Failure) { try worker.remove(backups) }

  func backups(_ name: String, in folder: String, of runs: [String]) throws(Failure) -> [FoundBackup] {
    try worker.backups(name, in: folder, of: runs)
  }

  func fetch(_ backup: BackupRecord, to path: String) throws(Failure) -> BackupRecord {
    try worker.fetch(backup, to: path)
  }

  func store(_ path: String, as backup: BackupRecord) throws(Failure) {
    try worker.store(path, as: backup)
  }
}
