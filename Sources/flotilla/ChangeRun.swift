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

  init(_ session: Session, _ command: String) throws {
    self.session = session
    self.command = command
    books = Bookkeeping(session.console)
    try session.state.create()
    lock = try session.state.lock()
    journal = try Journal(session.state)
    try session.context.recover(journal, session.inventory, session.set.historyTable)
    workers = try session.workers()
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

  /// Works on each selected installation and prints the result, even if the journal fails.
  func each(
    lanes: Lanes, limit: FailureLimit, only ids: Set<String>? = nil,
    _ work: @escaping @Sendable (Installation) -> Outcome, describe: (RunSummary, Int) -> [String]
  ) -> ExitStatus {
    var fleetStatus = FleetStatus(count: session.inventory.installations.count)
    let chosen = session.selection.filter { ids?.contains(session.inventory.installations[$0].id) ?? true }
    let progress = Progress(session.console, command, total: chosen.count, verbose: session.global.verbose)
    let wave = Wave(number: 1, name: command, indices: chosen)
    let stop = run.rollOut([wave], &fleetStatus, lanes: lanes, maxFailures: limit, progress, work)
    progress.end()
    books.attempt { try journal.check() }
    let summary = RunSummary(fleetStatus, names: session.name)
    let attention = summary.attention()
    let done = fleetStatus.count { ![.failed, .unreachable].contains($0.status) }
    session.console.out(lines: attention + (attention.isEmpty ? [] : [""]) + describe(summary, done))
    if case .unrecorded = stop, fleetStatus.count(where: { _ in true }) < chosen.count {
      session.console.out(
        lines: TextLayout.wrap(
          "Stopped, since the journal can't be written any more. What had begun was finished, the rest was not begun."
        ))
    }
    session.state.destination.end(run.id.description)
    books.attempt {
      let header = try session.header(run.id, command, startedAt: started, fleetStatus, stop)
      try journal.finish(run.id, result: session.result(stop), header: header, at: Session.now())
    }
    return books.exitStatus(session.exitStatus(fleetStatus), changed: done > 0)
  }
}
