internal import Basics
internal import Compression
internal import Dispatch
internal import FoundationEssentials
internal import SQLite
internal import Upload

/// Receives reports and shows them as pages.
///
/// ```swift
/// let collector = try Collector(
///   store: "reports.sqlite", authorizer: authorizer, limit: 64 << 20, keep: 100, log: { print($0) })
/// switch collector.begin(headers) {
/// case .success(let upload):
///   upload.add(bytes)
///   let answer = await collector.finish(upload)
/// case .failure(let rejected): print(rejected.answer.status)
/// }
/// ```
///
/// Requests are checked as they arrive. Work that takes memory or uses the store is done one at a time. Pages are
/// made in parallel with that, also one at a time.
///
/// A ``RequestAuthorizer`` decides about ``RequestHeaders``, an ``UploadInProgress`` takes the body, and each
/// ``Answer`` is an HTTP response. Reports are kept in a `ReportStore`.
public final class Collector: @unchecked Sendable {  // `queue` owns the store, `reading` owns the pages.
  /// Decides who may send reports and read pages.
  public let authorizer: RequestAuthorizer
  /// The maximum size of a report in bytes, both compressed and expanded.
  public let limit: Int

  private let path: String
  private let store: ReportStore
  private let queue = DispatchQueue(label: "collector")
  private let shelf: ReportReader
  private let pages: Pages
  private let reading = DispatchQueue(label: "pages")
  private let log: @Sendable (String) -> Void

  /// - Parameters:
  ///   - path: The store's file, which is created if it doesn't exist.
  ///   - authorizer: Decides who may send reports and read pages.
  ///   - limit: The maximum size of a report in bytes, both compressed and expanded.
  ///   - keep: How many reports of each fleet and coordinator are kept.
  ///   - log: Gets a line for each report and each refusal.
  /// - Throws: ``CollectError`` or `SQLiteError` if the store can't be opened.
  public init(
    store path: String, authorizer: RequestAuthorizer, limit: Int, keep: Int,
    log: @escaping @Sendable (String) -> Void
  ) throws {
    self.path = path
    self.authorizer = authorizer
    self.limit = limit
    self.log = log
    store = try ReportStore(path: path, keep: keep)
    shelf = try ReportReader(path: path)
    pages = Pages(shelf)
  }

  /// Starts to receive a report.
  ///
  /// - Returns: an object that takes the body, or the answer if the body need not be read.
  public func begin(_ request: RequestHeaders) -> Result<UploadInProgress, RejectedUpload> {
    if let answer = authorizer.refusal(of: request) { return .failure(refuse(answer, request)) }
    guard request.encoding == nil || request.encoding == "gzip" || request.encoding == "identity" else {
      return .failure(refuse(Answer(415, "gzip is the only Content-Encoding that is taken"), request))
    }
    guard request.length ?? 0 <= limit else { return .failure(refuse(tooLarge, request)) }
    do {
      return .success(
        UploadInProgress(request, try OpenFile(temporaryBeside: path), authorizer, limit: limit))
    } catch {
      return .failure(refuse(cannotWrite, request, because: "\(error)"))
    }
  }

  /// Stores a report after its whole body has been added.
  public func finish(_ reception: UploadInProgress) async -> Answer {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: self.take(reception)) }
    }
  }

  private func take(_ reception: UploadInProgress) -> Answer {
    let request = reception.request
    guard !reception.isTooLarge else { return refuse(tooLarge, request).answer }
    guard request.length == nil || request.length == reception.count else {
      return refuse(Answer(400, "the body broke off"), request).answer
    }
    if let failure = reception.failure { return refuse(cannotWrite, request, because: "\(failure)").answer }
    if let answer = authorizer.refusal(of: request, reception.signature) {
      return refuse(answer, request).answer
    }
    do {
      return try keep(reception, request.id ?? "")
    } catch let error as GzipError {
      return refuse(error.code == .tooLarge ? tooLarge : Answer(400, "the body: \(error)"), request).answer
    } catch {
      return refuse(Answer(500, "the report can't be stored"), request, because: "\(error)").answer
    }
  }

  private func keep(_ reception: UploadInProgress, _ id: String) throws -> Answer {
    if try store.has(id) {
      log("report \(id): already received")
      return Answer(200, "already received")
    }
    let coordinator = Self.name(reception.request.coordinator)
    let kept = try store.add(id, from: coordinator, at: Date().formatted(.iso8601), reception.content)
    guard let kept else {
      return refuse(Answer(400, "the body is no flotilla.report/1"), reception.request).answer
    }
    log("report \(id): \(kept.fleet.printableLine) from \(coordinator), \(kept.bytes) bytes")
    return Answer(200, "received")
  }

  /// A coordinator's name in a form that can be shown.
  private static func name(_ header: String?) -> String {
    let name = (header ?? "").printableLine.prefix(100)
    // In an address, the names . and .. would lead elsewhere.
    return ["", ".", ".."].contains(name) ? "unnamed" : String(name)
  }

  private var cannotWrite: Answer { Answer(500, "the report can't be put down") }

  private var tooLarge: Answer {
    Answer(413, "more than \(limit) bytes, on the wire or expanded, are not taken")
  }

  private func refuse(_ answer: Answer, _ request: RequestHeaders, because cause: String? = nil)
    -> RejectedUpload
  {
    let reason = String(decoding: answer.body.dropLast(), as: UTF8.self)
    let sender = Self.name(request.coordinator)
    log(
      "refused with \(answer.status), from \(sender): \(reason)\(cause.map { " (\($0.printableLine))" } ?? "")"
    )
    return RejectedUpload(answer: answer)
  }

  /// A request whose body need not be read.
  public struct RejectedUpload: Error {
    /// The answer to send.
    public let answer: Answer
  }

  /// Checkpoints the store after the work in progress is done.
  public func close() async {
    await withCheckedContinuation { continuation in
      queue.async {
        self.store.rest()
        continuation.resume()
      }
    }
  }

  // MARK: Pages

  /// Answers a GET request for `path`, which is still percent-encoded.
  public func page(_ path: String, _ request: RequestHeaders, takesGzip: Bool) async -> Answer {
    if path == "/health" { return Answer(200, "ok") }
    if let answer = authorizer.refusal(ofReader: request) { return answer }
    return await withCheckedContinuation { continuation in
      reading.async {
        do {
          continuation.resume(returning: try self.find(path, takesGzip: takesGzip))
        } catch {
          self.log("\(path.printableLine): \("\(error)".printableLine)")
          continuation.resume(returning: Answer(500, "the page can't be made"))
        }
      }
    }
  }

  private func find(_ path: String, takesGzip: Bool) throws -> Answer {
    let parts = Address.parts(of: path) ?? ["?"]
    return try shelf.reading {
      if parts.count == 2, parts[0] == "reports", parts[1].hasSuffix(".json") {
        let body = try shelf.body(String(parts[1].dropLast(5)))
        return try body.map { try Answer(json: $0, takesGzip: takesGzip) } ?? Self.nothing
      }
      let page: String? =
        switch (parts.first, parts.count) {
        case (nil, _): try pages.fleets()
        case ("fleets", 2): try pages.fleet(parts[1])
        case ("fleets", 3): try pages.coordinator(parts[1], parts[2])
        case ("reports", 2): try pages.report(parts[1])
        default: nil
        }
      return try page.map { try Answer(page: $0, takesGzip: takesGzip) }
        ?? Self.nothing
    }
  }

  private static let nothing = Answer(404, "there is nothing here")
}
