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
  init(_ session: Session, _ run: FleetRun, _ fleetStatus: FleetStatus) throws {
    self.session = session
    try session.state.create()
    let lock = try session.state.lock()
    defer { withExtendedLifetime(lock) {} }
    var options = session.options
    options.recovers = false
    var control = WorkControl()
    control.cancellation = session.interruption.cancellation
    let worker = LocalWorker(session.set, session.expectedSchema, options, control: control)
    let cohorts = fleetStatus.members().count { $0.cohort.status == .pending }
    let progress = Progress(session.console, "rehearsing", total: cohorts)
    rehearsals = run.rehearse(fleetStatus, here: worker, in: session.state.rehearsal, progress)
    progress.end()
    let atOnce = min(session.lanes().count, ProcessInfo.processInfo.activeProcessorCount)
    table = RehearsalTable(rehearsals, atOnce: atOnce, names: session.name)
  }

  /// The lines to show.
  var lines: [String] {
    let head = ["", "Rehearsed on copies, of each cohort one database:", ""] + table.lines() + [""]
    if session.interruption.signal != nil {
      return (rehearsals.isEmpty ? [] : head) + ["Interrupted: the rest was not rehearsed."]
    }
    let next = hasFailed ? "Next, once that is mended: flotilla plan --rehearse" : "Next: flotilla migrate"
    return head + declarations + TextLayout.wrap(table.summary) + [next]
  }

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

  /// Whether the upgrade of any copy failed.
  var hasFailed: Bool { rehearsals.contains(where: \.hasFailed) }
}
