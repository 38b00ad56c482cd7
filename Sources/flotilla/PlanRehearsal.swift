import Fleet
import FoundationEssentials
import Migrations
import Report
import Upgrade

/// A rehearsal of a plan on copies, in the state folder or, on hosts, beside the databases.
struct PlanRehearsal {
  private let session: Session
  private let rehearsals: [CohortRehearsal]
  private let table: RehearsalTable

  /// Rehearses. The state folder is locked meanwhile, so no other flotilla changes these installations.
  init(locking session: Session, _ run: FleetRun, _ fleetStatus: FleetStatus) throws {
    try session.state.create()
    let lock = try session.state.lock()
    defer { withExtendedLifetime(lock) {} }
    self.init(session, session.options, run, fleetStatus)
  }

  /// Rehearses a rollout if fleet.yml limits how long writers may have to wait. The caller has locked the state folder.
  ///
  /// - Throws: the exit status, when the reason is shown: a rehearsal failed, or predicts more than the limit.
  init?(
    forLimitOf session: Session, _ options: UpgradeOptions, _ run: FleetRun, _ fleetStatus: FleetStatus
  ) throws {
    guard session.fleet.rollout.maxLock != nil, session.interruption.signal == nil else { return nil }
    self.init(session, options, run, fleetStatus)
    try requireShortLocks()
  }

  /// Rehearses in the state folder, which the caller has locked.
  private init(_ session: Session, _ options: UpgradeOptions, _ run: FleetRun, _ fleetStatus: FleetStatus) {
    self.session = session
    var options = options
    options.recovers = false
    var control = WorkControl()
    control.cancellation = session.interruption.cancellation
    let worker = LocalWorker(session.set, session.expectedSchema, options, control: control)
    let cohorts = fleetStatus.members().count { $0.cohort.status == .pending }
    let progress = Progress(session.console, "rehearsing", total: cohorts)
    rehearsals = run.rehearse(fleetStatus, here: worker, in: session.state.rehearsal, progress)
    progress.end()
    let atOnce = min(session.lanes().count, ProcessInfo.processInfo.activeProcessorCount)
    table = RehearsalTable(
      rehearsals, limit: session.fleet.rollout.maxLock, atOnce: atOnce, names: session.name)
  }

  /// The lines to show. `migrate` is the command that does what was rehearsed.
  func lines(_ migrate: String) -> [String] {
    let head = report + [""]
    if session.interruption.signal != nil {
      return (rehearsals.isEmpty ? [] : head) + ["Interrupted: the rest was not rehearsed."]
    }
    let isGood = exitStatus == .well
    let next = isGood ? "Next: \(migrate)" : "Next, once that is mended: flotilla plan --rehearse"
    let excesses = table.excesses.flatMap { TextLayout.wrap($0) }
    return head + declarations + TextLayout.wrap(table.summary) + excesses + [next]
  }

  /// The results by cohort, with an introduction.
  var report: [String] { ["", "Rehearsed on copies, of each cohort one database:", ""] + table.lines() }

  /// The lines that declare what the migrations don't declare, with an introduction; empty if they declare everything.
  private var declarations: [String] {
    let migrations = [session.set.baseline].compactMap { $0 } + session.set.migrations
    let fixed = Dictionary(
      migrations.compactMap { migration in
        session.set.historyTable.fixedVersion(of: migration).map { (migration.file, $0) }
      }
    ) { first, _ in first }
    let lines = table.declarations(in: migrations.map(\.file), fixed: fixed)
    let head = "If all of that is meant, add these lines to the files. If not, mend the files."
    return lines.isEmpty ? [] : [head, ""] + lines + [""]
  }

  /// What the rehearsals say: whether the upgrade of any copy failed, or writers would have to wait too long.
  var exitStatus: ExitStatus {
    if rehearsals.contains(where: \.hasFailed) { return .someFailed }
    return table.excesses.isEmpty ? .well : .lockedTooLong
  }

  /// Ends the command before anything is changed, unless all of a rollout was rehearsed and is within `max_lock`.
  ///
  /// - Throws: the exit status, when the reason is shown.
  private func requireShortLocks() throws {
    guard session.interruption.signal == nil else { return }
    let unknown = rehearsals.filter { !$0.hasFailed && $0.predictedLock == nil }
    guard exitStatus != .well || !unknown.isEmpty else { return }
    let console = session.console
    for line in report + [""] { console.log(line) }
    let reason: String
    switch exitStatus {
    case .lockedTooLong: reason = "writers would have to wait longer than rollout.max_lock allows"
    case .someFailed: reason = "rollout.max_lock asks for a rehearsal, and it failed"
    default: reason = "databases changed while they were rehearsed for rollout.max_lock; try again"
    }
    for line in declarations + table.excesses.flatMap({ TextLayout.wrap($0) }) { console.log(line) }
    console.log("flotilla: nothing was changed: \(reason)")
    throw (exitStatus == .well ? .someFailed : exitStatus).code
  }
}
