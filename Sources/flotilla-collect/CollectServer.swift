import Collect
import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

/// The HTTP server around a collector.
struct CollectServer: HTTPHandler {
  private let collector: Collector
  private let bodies = Bodies()

  /// How many bodies may be received at once; further senders are asked to try again.
  private static let mostBodies = 16
  /// The time limit for one request, in seconds.
  private static let patience: TimeInterval = 120

  init(_ collector: Collector) { self.collector = collector }

  /// Creates a server that isn't listening yet.
  func server(on listening: Listening) -> HTTPServer {
    func configuration(_ address: some SocketAddress) -> HTTPServer.Configuration {
      // At most one buffer is kept in memory before the handler has checked the sender.
      HTTPServer.Configuration(
        address: address, timeout: Self.patience, sharedRequestBufferSize: 64 * 1024,
        sharedRequestReplaySize: 64 * 1024, logger: .disabled)
    }
    return HTTPServer(config: configuration(listening.address), handler: self)
  }

  /// Refuses new reports, and waits for those that are being received.
  func close(within time: Duration) async throws {
    let end = ContinuousClock.now + time
    while !bodies.close(), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(20)) }
    // The last report must still be acknowledged. A sender without an acknowledgment sends it again.
    try await Task.sleep(for: .milliseconds(100))
  }

  func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
    let incoming = RequestHeaders { request.headers[HTTPHeader($0)] }
    let answer: Answer
    switch request.method {
    case .POST, .PUT: answer = try await receive(request, incoming)
    case .GET, .HEAD:
      try await Self.drain(request)
      answer = await collector.page(
        request.target.path(), incoming,
        takesGzip: request.headers[HTTPHeader("Accept-Encoding")]?.contains("gzip") == true)
    default:
      try await Self.drain(request)
      return HTTPResponse(statusCode: .methodNotAllowed)
    }
    return Self.response(answer, hasBody: request.method != .HEAD)
  }

  private func receive(_ request: HTTPRequest, _ incoming: RequestHeaders) async throws -> Answer {
    switch collector.begin(incoming) {
    case .failure(let refusal):
      try await Self.drain(request)
      return refusal.answer
    case .success(let reception):
      // Unauthenticated senders don't occupy a slot.
      guard bodies.enter(most: Self.mostBodies) else {
        try await Self.drain(request)
        return Answer.busy
      }
      defer { bodies.leave() }
      for try await piece in request.bodySequence { reception.add(Array(piece)[...]) }
      return await collector.finish(reception)
    }
  }

  /// Reads the rest of a body, which would otherwise be parsed as the next request.
  private static func drain(_ request: HTTPRequest) async throws {
    for try await _ in request.bodySequence {}
  }

  private static func response(_ answer: Answer, hasBody: Bool) -> HTTPResponse {
    var headers = HTTPHeaders()
    for (name, value) in answer.headers { headers[HTTPHeader(name)] = value }
    headers[HTTPHeader("Cache-Control")] = "no-store"
    headers[HTTPHeader("X-Content-Type-Options")] = "nosniff"
    headers[HTTPHeader("Referrer-Policy")] = "no-referrer"
    if !hasBody { headers[.contentLength] = "\(answer.body.count)" }
    return HTTPResponse(
      statusCode: HTTPStatusCode(answer.status, phrase: answer.phrase), headers: headers,
      body: hasBody ? Data(answer.body) : Data())
  }
}

/// Counts the bodies that are being received.
private final class Bodies: Sendable {
  private let state = Mutex((count: 0, isClosed: false))

  func enter(most: Int) -> Bool {
    state.withLock { state in
      guard state.count < most, !state.isClosed else { return false }
      state.count += 1
      return true
    }
  }

  func leave() { state.withLock { $0.count -= 1 } }

  /// Admits no further bodies, and returns whether all are done.
  func close() -> Bool {
    state.withLock { state in
      state.isClosed = true
      return state.count == 0
    }
  }
}
