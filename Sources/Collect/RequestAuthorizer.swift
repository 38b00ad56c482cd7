public import Basics
internal import Crypto
internal import FoundationEssentials
public import Upload

/// Decides who may send reports and who may read pages.
public struct RequestAuthorizer: Sendable {
  private let token: Secret?
  private let secrets: [SigningSecret]
  private let readToken: Secret?
  private let isLoopback: Bool
  private let now: @Sendable () -> Int

  /// The maximum difference between the clocks of sender and receiver, in seconds.
  static let tolerance = 300

  /// - Parameters:
  ///   - token: The token that senders must present; nil if they need none.
  ///   - secrets: The secrets of which one must have signed a report; empty if reports need no signature.
  ///   - readToken: The token that readers must present, or nil.
  ///   - isLoopback: Whether only this machine can connect; its users may then read without a token.
  ///   - now: The current time, in seconds since 1970.
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

  /// The refusal of a request before its body is read; nil if it is acceptable so far.
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

  /// A started signature of a request, to which the body is to be added.
  func signature(of request: RequestHeaders) -> WebhookSignature {
    WebhookSignature(id: request.id ?? "", timestamp: request.timestamp ?? "", secrets: secrets)
  }

  /// The refusal of a request whose signature, with the body added, doesn't match; nil if it is acceptable.
  func refusal(of request: RequestHeaders, _ signature: WebhookSignature) -> Answer? {
    guard !secrets.isEmpty, !signature.matches(request.signature ?? "") else { return nil }
    return Answer(401, "the signature doesn't match")
  }

  /// The refusal of a reader; nil if the request is allowed.
  ///
  /// Without a token, only this machine may read, and only under its own local names. A foreign page can make a
  /// browser on this machine send requests under another name, and a proxy on this machine uses the public name.
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

  /// Compares digests, so that the time doesn't depend on where or in which length the texts differ.
  private static func isSame(_ secret: Secret, _ given: String?) -> Bool {
    guard let given else { return false }
    return SHA256.hash(data: Array(secret.revealedValue.utf8)) == SHA256.hash(data: Array(given.utf8))
  }
}
