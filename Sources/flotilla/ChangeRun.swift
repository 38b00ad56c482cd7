import Fleet
import Glibc
import Remote
import Report
import Upgrade

/// A run other than `migrate` that touches installations: one wave, noted in the journal, with a report.
struct ChangeRun {
  let session: Session
  let journal: Journal
  let run: FleetRun
  let workers: FleetWorkers
  private let command: String
  private let lock: StateLock
  private let started = Session.now()

  init(_ session: Session, _ command: String) throws {
    self.session = session
    self.command = command
    try session.state.create()
    lock = try session.state.lock()
    journal = try Journal(session.state)
    try journal.recover(session.state, session.inventory)
    workers = try session.workers()
    run = FleetRun(
      session.inventory, session.selection, workers, journal: journal,
      interruption: session.interruption)
    try journal.begin(run.id, command: command, fleet: session.fleet.name, at: started)
  }

  /// Where this run's backups go; `prunes` says whether they push out older ones.
  func backups(prunes: Bool = true) throws -> BackupStore {
    try session.backups(journal, run.id, prunes: prunes)
  }

  /// Works on each selected installation and tells how it went.
  func each(
    lanes: Lanes, limit: FailureLimit, only ids: Set<String>? = nil,
    _ work: @escaping @Sendable (Installation) -> Outcome, tell: (RunSummary, Int) -> String
  ) throws -> Ending {
    var standing = Standing(count: session.selection.count)
    let chosen = session.selection.filter { ids?.contains(session.inventory.installations[$0].id) ?? true }
    let progress = Progress(session.console, command, total: chosen.count, verbose: session.global.verbose)
    let wave = Wave(number: 1, name: command, indices: chosen)
    let stop = run.rollOut([wave], &standing, lanes: lanes, maxFailures: limit, progress, work)
    progress.end()
    let header = try session.header(run.id, command, startedAt: started, standing, stop)
    try journal.finish(run.id, result: session.result(stop), header: header, at: Session.now())
    let summary = RunSummary(standing, names: session.name)
    let attention = summary.attention()
    let done = standing.count { ![.failed, .unreachable].contains($0.status) }
    session.console.out(lines: attention + (attention.isEmpty ? [] : [""]) + [tell(summary, done)])
    rmdir("\(session.state.backups)/\(run.id)")
    return session.ending(standing)
  }
}
