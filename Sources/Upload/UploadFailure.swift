/// Why a report wasn't delivered.
///
/// Neither the value nor its text contains the token, the path or query of the URL, or a header.
public struct UploadFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure. Match on this, not on the text.
  public enum Code: String, Sendable {
    /// The host's name couldn't be resolved.
    case unresolved
    /// No connection could be made.
    case unreachable
    /// No answer came in time.
    case timeout
    /// The connection was lost before the answer was complete.
    case disconnected
    /// The receiver's certificate isn't trusted, belongs to another host or has expired, or a certificate file is
    /// unusable.
    case certificate
    /// TLS failed for another reason.
    case tls
    /// The receiver answered with a redirection, which is never followed.
    case redirected
    /// 401 or 407: the receiver doesn't accept the credentials, or a proxy asks for some.
    case unauthorized
    /// The receiver refused the report with another final status.
    case rejected
    /// 408 or 429: the receiver asks for another attempt later.
    case throttled
    /// The receiver answered with 5xx.
    case receiver
    /// The other side doesn't speak HTTP, or sent an unexpected answer.
    case protocolError = "protocol"
    /// The report's file can't be read, or changed while it was sent.
    case file
    /// The id, the program's version or an option can't be sent.
    case request
    /// The program was asked to stop.
    case cancelled
  }

  /// The kind of failure.
  public let code: Code
  /// What happened, and what to do about it.
  public let message: String
  /// The receiver's host.
  public let host: String
  /// The HTTP status, if there was one.
  public internal(set) var status: Int?
  /// Whether the same upload may succeed later.
  public let isRetryable: Bool
  /// The number of attempts.
  public internal(set) var attempts = 0
  /// The wait that the receiver asked for, in seconds.
  public internal(set) var retryAfter: Int?
  /// The time from which the receiver accepts another attempt, in seconds since 1970.
  public internal(set) var tryAgainAt: Int?

  /// Whether another report might still be accepted, since only this one was refused.
  var concernsOnlyThisReport: Bool { code == .rejected || code == .file || code == .request }

  /// One or two sentences for the user.
  public var description: String {
    var text = message
    if attempts > 1 { text += " (\(attempts) attempts)" }
    if let tryAgainAt { text += "; try again after \(utcTime(tryAgainAt))" }
    return text
  }
}
