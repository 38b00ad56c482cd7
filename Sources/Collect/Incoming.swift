/// What a request said of itself, apart from its body.
public struct Incoming: Sendable {
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

  /// Takes the headers by name, whichever case they have on the wire.
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

/// What the collector answers.
public struct Answer: Sendable {
  /// The HTTP status.
  public let status: Int
  /// Headers besides `Content-Length`.
  public var headers: [(name: String, value: String)]
  /// The body.
  public let body: [UInt8]

  /// For a sender who comes when too many others do.
  public static let busy = Answer(503, "too many reports at once", headers: [("Retry-After", "5")])

  /// The words that go with the status.
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

  init(page: HTML, status: Int = 200) {
    self.status = status
    headers = [
      ("Content-Type", "text/html; charset=utf-8"),
      // No script, nothing from elsewhere, whatever a report may hold.
      ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ]
    body = Array(page.text.utf8)
  }

  init(json body: [UInt8], isCompressed: Bool) {
    status = 200
    headers = [("Content-Type", "application/json")]
    if isCompressed { headers.append(("Content-Encoding", "gzip")) }
    self.body = body
  }
}
