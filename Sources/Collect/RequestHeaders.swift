internal import Compression
internal import Report

/// The headers of a request.
public struct RequestHeaders: Sendable {
  /// `webhook-id`.
  public var id: String?
  /// `webhook-timestamp`.
  public var timestamp: String?
  /// `webhook-signature`.
  public var signature: String?
  /// `Authorization`.
  public var authorization: String?
  /// `Content-Encoding`.
  public var encoding: String?
  /// `Content-Length`; nil for a body in chunks.
  public var length: Int?
  /// `Flotilla-Coordinator`.
  public var coordinator: String?
  /// `Host`.
  public var host: String?

  /// Reads the headers by name; `header` must ignore case.
  public init(_ header: (String) -> String?) {
    id = header("webhook-id")
    timestamp = header("webhook-timestamp")
    signature = header("webhook-signature")
    authorization = header("authorization")
    encoding = header("content-encoding")?.lowercased()
    length = header("content-length").flatMap { Int($0) }
    coordinator = header("flotilla-coordinator")
    host = header("host")
  }
}

/// An HTTP response of the collector.
public struct Answer: Sendable {
  /// The HTTP status.
  public let status: Int
  /// Headers besides `Content-Length`.
  public var headers: [(name: String, value: String)]
  /// The body.
  public let body: [UInt8]

  /// The answer to a sender if too many others are sending.
  public static let busy = Answer(503, "too many reports at once", headers: [("Retry-After", "5")])

  /// The reason phrase of the status.
  public var phrase: String {
    let phrases = [
      200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
      413: "Content Too Large", 415: "Unsupported Media Type", 500: "Internal Server Error",
      503: "Service Unavailable",
    ]
    return phrases[status] ?? "Answer"
  }

  init(_ status: Int, _ text: String, headers: [(name: String, value: String)] = []) {
    self.status = status
    self.headers = [("Content-Type", "text/plain; charset=utf-8")] + headers
    body = Array("\(text)\n".utf8)
  }

  /// A page, compressed if it is large and the reader accepts gzip.
  init(page: String, takesGzip: Bool) throws {
    status = 200
    headers = [
      ("Content-Type", "text/html; charset=utf-8"),
      // Only the pages' own script, and nothing from elsewhere, whatever a report contains.
      ("Content-Security-Policy", "\(Page.policy); frame-ancestors 'none'"),
    ]
    let text = Array(page.utf8)
    let isCompressed = takesGzip && text.count > 8192
    body = isCompressed ? try GzipCompressor.compress(text) : text
    if isCompressed { headers.append(Self.gzip) }
  }

  /// A stored report.
  init(json compressed: [UInt8], takesGzip: Bool) throws {
    status = 200
    headers = [("Content-Type", "application/json")] + (takesGzip ? [Self.gzip] : [])
    body = takesGzip ? compressed : try GzipExpander.expand(compressed, limit: .max)
  }

  private static let gzip = (name: "Content-Encoding", value: "gzip")
}
