import Fleet
import Migrations
import Report
import Upgrade

/// What the rows of every installation say to its pending migrations.
struct PlanData {
  private let session: Session
  private let findings: DataFindings

  /// Asks the installations. Nothing is changed, so nothing is locked.
  init(_ session: Session, _ run: FleetRun, _ fleetStatus: FleetStatus) {
    self.session = session
    var options = session.options
    options.recovers = false
    var control = WorkControl()
    control.cancellation = session.interruption.cancellation
    let worker = LocalWorker(session.set, session.expectedSchema, options, control: control)
    let progress = Progress(session.console, "asking", total: fleetStatus.count { $0.status == .pending })
    let files = ([session.set.baseline].compactMap { $0 } + session.set.migrations).map(\.file)
    findings = run.ask(fleetStatus, here: worker, files: files, lanes: session.lanes(), progress)
    progress.end()
  }

  /// The lines to show.
  var lines: [String] {
    let rest = session.interruption.signal == nil ? [] : ["Interrupted: the rest was not asked."]
    return [""] + DataTable(findings, isVerbose: session.global.verbose, names: session.name).lines() + rest
      + [""]
  }

  /// The last line; `migrate` is the command that does the plan.
  func next(_ migrate: String) -> String {
    exitStatus == .well ? "Next: \(migrate)" : "Next, once that is mended: flotilla plan --data"
  }

  /// Whether a migration will fail somewhere, or not everything could be asked.
  var exitStatus: ExitStatus { findings.isBad ? .someFailed : .well }
}
