import Fleet
import Migrations
import Remote
import Report
import Upgrade

/// A run other than `migrate` that changes installations: one wave, recorded in the journal, with a report.
struct ChangeRun {
  let session: Session
  let journal: Journal
  let run: FleetRun
  let workers: FleetWorkers
  private let command: String
  private let books: Bookkeeping
  private let lock: StateLock
  private let started = Session.now()

  /// Begins the run. `options` are those of the session unless given; `held` is the lock if this process has it.
  init(
    _ session: Session, _ command: String, _ options: UpgradeOptions? = nil, held: StateLock? = nil
  ) throws {
    self.session = session
    self.command = command
    books = Bookkeeping(session.console)
    try session.state.create()
    lock = try held ?? session.state.lock()
    journal = try Journal(session.state)
    try session.context.recover(journal, session.inventory, session.set.historyTable)
    workers = try session.workers(options)
    run = FleetRun(
      session.inventory, session.selection, workers, journal: journal,
      interruption: session.interruption)
    try journal.begin(run.id, command: command, fleet: session.fleet.name, at: started)
  }

  /// Runs work that comes before the first installation. If it throws, the run is removed from the journal.
  func prepare<T>(_ body: () throws -> T) throws -> T {
    try journal.orDiscard(run.id, session.console, body)
  }

  /// The store for this run's backups; `prunes` says whether outdated ones are removed.
  func backups(prunes: Bool = true) throws -> BackupStore {
    try prepare { try session.backups(journal, run.id, prunes: prunes) }
  }

  /// Works on installations and prints the result, even if the journal fails.
  ///
  /// - Parameters:
  ///   - lanes: how many installations are worked on at once.
  ///   - limit: if more of them fail, no further work is started.
  ///   - chosen: the indices of the installations; nil for all selected ones.
  ///   - found: the state of the selected installations if they were scanned before; otherwise nil.
  ///   - isLeft: says which scanned installations are not recorded yet because there is work to do.
  ///   - work: does the work on one installation; called on many threads at once.
  ///   - describe: returns the lines to print, given how many installations the work succeeded on.
  /// - Returns: the exit status of the command.
  func each(
    lanes: Lanes, limit: FailureLimit, on chosen: [Int]? = nil, after found: FleetStatus? = nil,
    leaving isLeft: (Cohort) -> Bool = { _ in false },
    _ work: @escaping @Sendable (Installation) -> Outcome, describe: (FleetStatus, Int) -> [String]
  ) -> ExitStatus {
    var fleetStatus = found ?? FleetStatus(count: session.inventory.installations.count)
    let chosen = chosen ?? session.selection
    let progress = Progress(session.console, command, total: chosen.count, verbose: session.global.verbose)
    let wave = Wave(number: 1, name: command, indices: chosen)
    let stop = run.rollOut([wave], &fleetStatus, lanes: lanes, maxFailures: limit, progress, work)
    progress.end()
    books.attempt { try journal.check() }
    let begun = chosen.filter { fleetStatus.cohort(at: $0).map { !isLeft($0) } ?? false }
    let done = begun.count { index in
      fleetStatus.cohort(at: index).map { ![.failed, .unreachable].contains($0.status) } ?? false
    }
    let attention = RunSummary(fleetStatus, names: session.name).attention(among: Set(begun))
    session.console.out(lines: attention + (attention.isEmpty ? [] : [""]) + describe(fleetStatus, done))
    if case .unrecorded = stop, begun.count < chosen.count {
      session.console.out(
        lines: TextLayout.wrap(
          "Stopped, since the journal can't be written any more. What had begun was finished, the rest was not begun."
        ))
    }
    if case .interrupted = stop {
      session.console.out(lines: ["Interrupted: what had begun was finished, the rest was not begun."])
    }
    run.noteRest(fleetStatus, where: isLeft)
    session.state.destination.end(run.id.description)
    books.attempt {
      let header = try session.header(run.id, command, startedAt: started, fleetStatus, stop)
      try journal.finish(run.id, result: session.result(stop), header: header, at: Session.now())
    }
    return books.exitStatus(session.exitStatus(fleetStatus), changed: done > 0)
  }
}
