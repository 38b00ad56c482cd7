public import Basics
internal import Crypto
internal import FoundationEssentials
public import Upload

/// Who may send reports, and who may read the pages.
public struct RequestAuthorizer: Sendable {
  private let token: Secret?
  private let secrets: [SigningSecret]
  private let readToken: Secret?
  private let isLoopback: Bool
  private let now: @Sendable () -> Int

  /// How far the clocks of sender and receiver may be apart, in seconds.
  static let tolerance = 300

  /// - Parameters:
  ///   - token: What senders have to show, if anything.
  ///   - secrets: What reports have to be signed with, one of them, if any.
  ///   - readToken: What readers have to show.
  ///   - isLoopback: Whether only this machine can connect: then its people read without a token.
  ///   - now: Seconds since 1970.
  public init(
    token: Secret?, secrets: [SigningSecret], readToken: Secret?, isLoopback: Bool,
    now: @escaping @Sendable () -> Int = UploadEnvironment.systemDate
  ) {
    self.token = token
    self.secrets = secrets
    self.readToken = readToken
    self.isLoopback = isLoopback
    self.now = now
  }

  /// What is wrong with a request before its body is looked at; nil where nothing is.
  func refusal(of request: RequestHeaders) -> Answer? {
    if let token, !Self.isSame(token, Self.bearer(request.authorization)) {
      return Answer(401, "the token is missing or wrong", headers: [("WWW-Authenticate", "Bearer")])
    }
    guard let id = request.id, ReportID.isValid(id) else {
      return Answer(400, "webhook-id is missing, or is none: \(ReportID.rule)")
    }
    guard !secrets.isEmpty else { return nil }
    guard request.signature != nil, let timestamp = request.timestamp.flatMap({ Int($0) }) else {
      return Answer(401, "the report must be signed: webhook-timestamp and webhook-signature are missing")
    }
    let (distance, isTooLarge) = timestamp.subtractingReportingOverflow(now())
    guard !isTooLarge, distance.magnitude <= Self.tolerance else {
      return Answer(401, "webhook-timestamp is more than 5 minutes off: compare the clocks")
    }
    return nil
  }

  /// The beginning of a request's signature, to which its body is to be added.
  func signature(of request: RequestHeaders) -> WebhookSignature {
    WebhookSignature(id: request.id ?? "", timestamp: request.timestamp ?? "", secrets: secrets)
  }

  /// What is wrong with a signature whose body has been added; nil where nothing is.
  func refusal(of request: RequestHeaders, _ signature: WebhookSignature) -> Answer? {
    guard !secrets.isEmpty, !signature.matches(request.signature ?? "") else { return nil }
    return Answer(401, "the signature doesn't match")
  }

  /// Why a reader may not see the pages; nil where one may.
  ///
  /// Without a token only this machine may read, and only by a name of its own: a page elsewhere can have a browser
  /// here ask by another name, and a proxy on this machine asks by the name that the world knows.
  func refusal(ofReader request: RequestHeaders) -> Answer? {
    if let readToken {
      let given = Self.bearer(request.authorization) ?? Self.password(request.authorization)
      guard !Self.isSame(readToken, given) else { return nil }
      return Answer(
        401, "reading takes the read token, as the password of any user",
        headers: [("WWW-Authenticate", "Basic realm=\"flotilla\"")])
    }
    guard isLoopback else { return Answer(403, "reading is off: start the collector with --read-token-file") }
    let host = request.host ?? ""
    let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }
    guard ["localhost", "127.0.0.1", "[::1]"].contains(name.lowercased()) else {
      return Answer(403, "reading by this name takes a token: start the collector with --read-token-file")
    }
    return nil
  }

  private static func bearer(_ header: String?) -> String? { value(header, scheme: "bearer ") }

  private static func password(_ header: String?) -> String? {
    guard let value = value(header, scheme: "basic "), let data = Data(base64Encoded: value) else {
      return nil
    }
    let text = String(decoding: data, as: UTF8.self)
    return text.firstIndex(of: ":").map { String(text[text.index(after: $0)...]) }
  }

  private static func value(_ header: String?, scheme: String) -> String? {
    guard let header, header.lowercased().hasPrefix(scheme) else { return nil }
    return String(header.dropFirst(scheme.count))
  }

  /// Compares digests, which takes the same time wherever they differ and however long the texts are.
  private static func isSame(_ secret: Secret, _ given: String?) -> Bool {
    guard let given else { return false }
    return SHA256.hash(data: Array(secret.revealedValue.utf8)) == SHA256.hash(data: Array(given.utf8))
  }
}
