import Fleet
import Glibc
import Logging
import Upload
import Wire

/// Uploads reports, through the outbox: what can't be delivered stays there and goes first the next time.
struct ReportDelivery {
  private let session: Session
  private let endpoint: Endpoint

  /// Nil where the fleet file names no address.
  init?(_ session: Session) throws {
    guard let url = session.fleet.report.url else { return nil }
    self.session = session
    var token: Secret?
    if let text = session.fleet.report.token { token = try Secret(text.revealedSecret) }
    if let file = session.fleet.report.tokenFile { token = try Secret.file(file) }
    do {
      endpoint = try Endpoint(
        url: url, method: Endpoint.Method(rawValue: session.fleet.report.method.rawValue) ?? .post,
        token: token,
        certificateAuthorities: session.fleet.report.caFile)
    } catch {
      throw Refusal("report.url: \(error)")
    }
    if let warning = endpoint.warning { session.console.talk("flotilla: \(warning)") }
  }

  var host: String { endpoint.host }

  /// Puts the report at `path` into the outbox and sends what waits, oldest first.
  ///
  /// - Returns: a sentence for people, and whether this report was delivered.
  func deliver(_ path: String, id: RunID) throws -> (sentence: String, isDelivered: Bool) {
    let outbox = try Outbox(path: session.state.outbox)
    if case .refused(let full) = try outbox.put(contentsOf: path, id: id.description) {
      return ("\(full)", false)
    }
    let interruption = session.interruption
    let uploader = Uploader(
      endpoint: endpoint, version: programVersion,
      surroundings: Surroundings(isCancelled: { interruption.signal != nil }))
    let flush = try outbox.flush(using: uploader)
    let earlier = flush.delivered.count { $0 != id.description }
    let others = earlier == 0 ? "" : " (and \(Session.count(earlier, "earlier report")))"
    if flush.delivered.contains(id.description) { return ("delivered to \(endpoint.host)\(others)", true) }
    let mine = flush.rejected.first { $0.entry.id == id.description } ?? flush.stopped ?? flush.rejected.first
    let reason = mine.map { "\($0.failure)" } ?? "another flotilla is sending"
    return (
      "not delivered: \(reason) It waits in \(session.state.outbox) and goes first the next time.", false
    )
  }
}
