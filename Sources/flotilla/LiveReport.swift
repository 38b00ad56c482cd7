import Fleet
import FoundationEssentials
import Report
import Upgrade

/// A report of the current state of the fleet. Its journal is in a temporary folder.
struct LiveReport {
  private let session: Session
  private let command: String

  init(_ session: Session, command: String) {
    self.session = session
    self.command = command
  }

  /// Prints the report to standard output.
  func print() throws -> ExitStatus {
    try scan { _, writer in try writer.write { session.console.out($0) } }
  }

  /// Scans the fleet and passes the report to `body`.
  func scan(_ body: (RunID, ReportWriter) throws -> Void) throws -> ExitStatus {
    try withTemporaryFolder { try scan(in: $0, body) }
  }

  private func scan(in path: String, _ body: (RunID, ReportWriter) throws -> Void) throws -> ExitStatus {
    let journal = try Journal(StateFolder(path))
    let started = Session.now()
    var options = session.options
    options.recovers = false
    let run = FleetRun(
      session.inventory, session.selection, try session.workers(options), journal: journal,
      interruption: session.interruption)
    try journal.begin(run.id, command: command, fleet: session.fleet.name, at: started)
    let fleetStatus = session.scan(run)
    try journal.check()
    let header = try session.header(run.id, command, startedAt: started, fleetStatus)
    let content = ReportContent(
      header: header, past: { past(of: run.id) }, records: { try journal.forEachRecord(of: run.id, $0) })
    try body(run.id, ReportWriter(content))
    return session.exitStatus(fleetStatus)
  }

  /// The history from the state folder. If it can't be read, such as when another user owns the folder, the report
  /// does without it.
  private func past(of run: RunID) -> ReportContent.Past {
    guard session.state.exists else { return ReportContent.Past() }
    do {
      return try ReportContent.Past(Journal(session.state), of: run)
    } catch {
      session.console.log("flotilla: the report goes without the fleet's history: \(error)")
      return ReportContent.Past()
    }
  }
}
