import Basics
import Fleet
import Glibc
import Report
import Upgrade
import Upload
import Wire

/// Uploads reports through the outbox. Reports that can't be delivered stay there and are sent again the next time.
struct ReportDelivery {
  private let context: FleetContext
  private let endpoint: Endpoint

  /// Creates a delivery; nil if the fleet file has no address.
  init?(_ context: FleetContext) throws {
    guard let url = context.fleet.report.url else { return nil }
    self.context = context
    endpoint = try Endpoint(context.fleet.report, url: url)
    if let warning = endpoint.warning { context.console.log("flotilla: \(warning)") }
  }

  var host: String { endpoint.host }

  /// Puts the report at `path` into the outbox and sends its reports, oldest first. If the outbox can't be used, the
  /// report is sent without it.
  ///
  /// - Returns: a sentence for people, and whether this report was delivered.
  func deliver(_ path: String, id: RunID, _ books: Bookkeeping) -> (sentence: String, isDelivered: Bool) {
    do {
      let outbox = try Outbox(path: context.state.outbox)
      if case .refused(let full) = try outbox.put(contentsOf: path, id: id.description) {
        return ("\(full)", false)
      }
      return books.attempt { try report(send(outbox), id) }
        ?? ("whether it was delivered is not known; it goes again the next time", false)
    } catch {
      books.attempt { throw error }
      return sendDirectly(path, id)
    }
  }

  private func report(_ flush: OutboxFlush, _ id: RunID) -> (sentence: String, isDelivered: Bool) {
    let earlier = flush.delivered.count { $0 != id.description }
    let others = earlier == 0 ? "" : " (and \(counted(earlier, "earlier report")))"
    if flush.delivered.contains(id.description) { return ("delivered to \(endpoint.host)\(others)", true) }
    if let refused = flush.rejected.first(where: { $0.entry.id == id.description }) {
      let place = "It stays in \(context.state.outbox) and is tried again after the others."
      return ("not delivered: \(Self.sentence("\(refused.failure)")) \(place)", false)
    }
    let reason = (flush.stopped ?? flush.rejected.first).map { "\($0.failure)" }
    return (
      "not delivered: \(Self.sentence(reason ?? "another flotilla is sending")) It waits in \(context.state.outbox) and goes "
        + "first the next time, or with flotilla report flush.", false
    )
  }

  private func sendDirectly(_ path: String, _ id: RunID) -> (sentence: String, isDelivered: Bool) {
    switch uploader.deliver(file: path, id: id.description) {
    case .delivered: return ("delivered to \(endpoint.host), past the outbox", true)
    case .undelivered(let failure):
      return ("not delivered: \(Self.sentence("\(failure)")) It can't wait in the outbox either.", false)
    }
  }

  /// Sends the reports of the outbox, oldest first.
  ///
  /// - Returns: sentences for people, and whether the outbox is empty now.
  func flush() throws -> (sentences: [String], isDone: Bool) {
    guard access(context.state.outbox, F_OK) == 0 else { return (["nothing waits"], true) }
    let flush = try send(try Outbox(path: context.state.outbox))
    if flush.isBusy { return (["another flotilla is sending"], flush.remaining == 0) }
    var sentences = (flush.rejected + [flush.stopped].compactMap { $0 }).map {
      "\($0.entry.id) not delivered: \($0.failure)"
    }
    let delivered = counted(flush.delivered.count, "report") + " delivered to \(endpoint.host)"
    sentences.append(
      flush.remaining == 0
        ? flush.delivered.isEmpty ? "nothing waits" : delivered
        : "\(delivered), \(flush.remaining) still in \(context.state.outbox)")
    return (sentences, flush.remaining == 0)
  }

  private func send(_ outbox: Outbox) throws -> OutboxFlush {
    let flush = try outbox.flush(using: uploader)
    do {
      if let warning = try outbox.warning() { context.console.log("flotilla: \(warning)") }
    } catch {
      context.console.log("flotilla: \(error)")
    }
    return flush
  }

  private var uploader: Uploader {
    let interruption = context.interruption
    return Uploader(
      endpoint: endpoint, version: programVersion,
      environment: UploadEnvironment(isCancelled: { interruption.signal != nil }),
      logger: context.console.logger)
  }

  private static func sentence(_ text: String) -> String { text.hasSuffix(".") ? text : text + "." }
}

/// The report of a finished run, which goes to the state folder and to `report.url`.
struct FinishedReport {
  let writer: ReportWriter
  let id: RunID
  let context: FleetContext
  let books: Bookkeeping

  /// Writes it to the state folder.
  ///
  /// - Returns: its path; nil if it can't be written, which is reported.
  func keep() -> String? {
    let path = "\(context.state.reports)/\(id).json"
    return books.attempt { try writer.write(to: path) }.map { path }
  }

  /// Uploads it: from the state folder, or from a temporary folder if it isn't there.
  ///
  /// - Returns: lines for people, and whether it was delivered.
  func deliver(_ delivery: ReportDelivery, keptAt path: String?) -> (lines: [String], isDelivered: Bool) {
    let place = ["Report  \(path.map(Session.shown) ?? "could not be written into \(context.state.reports)")"]
    let sent =
      path.map { delivery.deliver($0, id: id, books) }
      ?? books.attempt {
        try withTemporaryFolder { folder in
          let spare = "\(folder)/\(id).json"
          try writer.write(to: spare)
          return delivery.deliver(spare, id: id, books)
        }
      }
    let (sentence, isDelivered) = sent ?? ("not delivered: it can't be written", false)
    return (place + TextLayout.wrap(sentence, first: "        "), isDelivered)
  }
}
