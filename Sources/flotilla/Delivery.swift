import Fleet
import Glibc
import Report
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
    endpoint = try Endpoint(session.fleet.report, url: url)
    if let warning = endpoint.warning { session.console.talk("flotilla: \(warning)") }
  }

  var host: String { endpoint.host }

  /// Puts the report at `path` into the outbox and sends what waits, oldest first.
  ///
  /// - Returns: lines for people, and whether this report was delivered.
  func deliver(_ path: String, id: RunID) throws -> (lines: [String], isDelivered: Bool) {
    let (sentence, isDelivered) = try send(path, id)
    return (["Report  \(Session.shown(path))"] + TextLayout.wrap(sentence, first: "        "), isDelivered)
  }

  private func send(_ path: String, _ id: RunID) throws -> (sentence: String, isDelivered: Bool) {
    let outbox = try Outbox(path: session.state.outbox)
    if case .refused(let full) = try outbox.put(contentsOf: path, id: id.description) {
      return ("\(full)", false)
    }
    let flush = try send(outbox)
    let earlier = flush.delivered.count { $0 != id.description }
    let others = earlier == 0 ? "" : " (and \(Session.count(earlier, "earlier report")))"
    if flush.delivered.contains(id.description) { return ("delivered to \(endpoint.host)\(others)", true) }
    if let refused = flush.rejected.first(where: { $0.entry.id == id.description }) {
      let place = "It stays in \(session.state.outbox) and is tried again after the others."
      return ("not delivered: \(Self.sentence("\(refused.failure)")) \(place)", false)
    }
    let reason = (flush.stopped ?? flush.rejected.first).map { "\($0.failure)" }
    return (
      "not delivered: \(Self.sentence(reason ?? "another flotilla is sending")) It waits in \(session.state.outbox) and goes "
        + "first the next time, or with flotilla report flush.", false
    )
  }

  /// Sends what waits, oldest first.
  ///
  /// - Returns: sentences for people, and whether nothing waits any more.
  func flush() throws -> (sentences: [String], isDone: Bool) {
    guard access(session.state.outbox, F_OK) == 0 else { return (["nothing waits"], true) }
    let flush = try send(try Outbox(path: session.state.outbox))
    if flush.isBusy { return (["another flotilla is sending"], flush.remaining == 0) }
    var sentences = (flush.rejected + [flush.stopped].compactMap { $0 }).map {
      "\($0.entry.id) not delivered: \($0.failure)"
    }
    let delivered = Session.count(flush.delivered.count, "report") + " delivered to \(endpoint.host)"
    sentences.append(
      flush.remaining == 0
        ? flush.delivered.isEmpty ? "nothing waits" : delivered
        : "\(delivered), \(flush.remaining) still in \(session.state.outbox)")
    return (sentences, flush.remaining == 0)
  }

  private func send(_ outbox: Outbox) throws -> OutboxFlush {
    let interruption = session.interruption
    let uploader = Uploader(
      endpoint: endpoint, version: programVersion,
      surroundings: Surroundings(isCancelled: { interruption.signal != nil }),
      logger: session.console.logger)
    let flush = try outbox.flush(using: uploader)
    if let warning = try outbox.warning() { session.console.talk("flotilla: \(warning)") }
    return flush
  }

  private static func sentence(_ text: String) -> String { text.hasSuffix(".") ? text : text + "." }
}
