/// Why a report wasn't delivered.
///
/// Neither it nor its text holds the token, the URL's path or query, or a header.
public struct UploadFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, to match on.
  public enum Code: String, Sendable {
    /// The host's name couldn't be resolved.
    case unresolved
    /// No connection could be made.
    case unreachable
    /// No answer came in time.
    case timeout
    /// The connection was lost before the answer was complete.
    case disconnected
    /// The receiver's certificate isn't trusted, isn't its own, or has expired; or the file of authorities is bad.
    case certificate
    /// TLS failed for another reason.
    case tls
    /// The receiver answered with a redirection, which isn't followed.
    case redirected
    /// 401 or 407: the receiver doesn't accept the token, or the proxy wants to know who is asking.
    case unauthorized
    /// The receiver refused the report with another final status.
    case rejected
    /// 408 or 429: the receiver asks to be tried again later.
    case throttled
    /// The receiver answered with 5xx.
    case receiver
    /// What answered doesn't speak HTTP, or not the HTTP that is expected.
    case protocolError = "protocol"
    /// The report's file can't be read, or has changed while it was sent.
    case file
    /// The id, the program's version or an option can't be sent as it is.
    case request
    /// The program was told to stop.
    case cancelled
  }

  /// What is wrong.
  public let code: Code
  /// What happened, and what to do about it.
  public let message: String
  /// The receiver's host.
  public let host: String
  /// The HTTP status, if there was one.
  public internal(set) var status: Int?
  /// Whether it may work later without any change.
  public let isRetryable: Bool
  /// The attempts that were made.
  public internal(set) var attempts = 0
  /// The wait that the receiver asked for, in seconds.
  public internal(set) var retryAfter: Int?
  /// When the receiver wants to be tried again, in seconds since 1970.
  public internal(set) var tryAgainAt: Int?

  /// Whether another report might still be accepted: the receiver was there and refused only this one.
  var concernsOnlyThisReport: Bool { code == .rejected || code == .file || code == .request }

  /// One or two sentences for the user.
  public var description: String {
    var text = message
    if attempts > 1 { text += " (\(attempts) attempts)" }
    if let tryAgainAt { text += "; try again after \(utcTime(tryAgainAt))" }
    return text
  }
}
