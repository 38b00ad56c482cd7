import Basics
import Fleet
import Report
import Schema
import Upgrade
import Upload
import Wire

/// Sends a few lines to the addresses in `report.notify` when a run failed or drift changed.
///
/// It never changes the exit status; failures are logged to standard error.
struct RunNotification {
  private let session: Session
  private let notifiers: [Notifier]

  /// Creates the notifiers; none if `isQuiet`.
  init(_ session: Session, isQuiet: Bool = false) throws {
    self.session = session
    let interruption = session.interruption
    do {
      notifiers = try (isQuiet ? [] : session.fleet.report.notify).map { address in
        try Notifier(
          url: Secret(address.revealedValue), version: programVersion,
          environment: UploadEnvironment(isCancelled: { interruption.signal != nil }),
          logger: session.console.logger)
      }
    } catch {
      throw UsageError("report.notify: \(error)")
    }
    for warning in notifiers.compactMap(\.warning) { session.console.log("flotilla: \(warning)") }
  }

  /// Reports failed and unreachable installations, and whether the rollout stopped because of them.
  func notify(ofFailures fleetStatus: FleetStatus, _ stop: RolloutStop?, _ run: RunID) {
    guard fleetStatus.count(where: { $0.status == .failed || $0.status == .unreachable }) > 0 else { return }
    let summary = RunSummary(fleetStatus, names: session.name)
    var lines = [summary.counts()]
    if case .failures(_, _, let wave) = stop { lines.append("stopped in wave \(wave.number), \(wave.name)") }
    post("migrate failed", lines + summary.attention(), run)
  }

  /// Reports what is new and what is resolved since the last check.
  func notify(ofDrift changes: DriftChanges, counts: String, _ run: RunID) {
    guard changes.isChanged else { return }
    let new = changes.new.map { "new: \($0.installation) \($0.kind.rawValue) \($0.object)" }
    let resolved = changes.resolved.map { "resolved: \($0.installation) \($0.kind.rawValue) \($0.object)" }
    post("drift changed", [counts] + new + resolved, run)
  }

  /// Reports that a rollout waits for something, or that a gate was bad.
  func notify(_ what: String, _ lines: [String], _ run: RunID) { post(what, lines, run) }

  private func post(_ what: String, _ lines: [String], _ run: RunID) {
    let place = Endpoint.hostName.map { " on \($0)" } ?? ""
    let more = lines.count > Self.longest ? ["… and \(lines.count - Self.longest) more lines"] : []
    let text = ["\(session.fleet.name): \(what)\(place)"] + lines.prefix(Self.longest) + more + ["run \(run)"]
    let message = text.joined(separator: "\n").harmless(keeping: "\n")
    for notifier in notifiers {
      var failure = notifier.post(message, id: run.description, folder: session.state.path)
      // A state folder that takes no file is all the more reason to notify.
      if failure?.code == .file { failure = notifier.post(message, id: run.description, folder: "/tmp") }
      if let failure { session.console.log("flotilla: report.notify: not told: \(failure)") }
    }
  }

  private static let longest = 20
}
