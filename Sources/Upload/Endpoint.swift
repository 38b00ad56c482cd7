public import Basics

/// The address that receives reports, with the credentials and settings for sending to it.
///
/// ```swift
/// let endpoint = try Endpoint(
///   url: "https://collector.example.net/fleet", token: token, coordinator: "berlin", compresses: true)
/// if let warning = endpoint.warning { print(warning) }
/// let uploader = Uploader(endpoint: endpoint, version: "0.1.0")
/// ```
///
/// Printing an endpoint shows only its host: the path and the query of a URL often contain a key. An ``Uploader``
/// sends to an endpoint, and each ``SigningSecret`` signs what it sends.
public struct Endpoint: Sendable {
  /// The host's name or address, without the port.
  public let host: String
  /// Whether others can read reports on their way. They can't with `https`, or if reports don't leave this machine.
  public let isReadable: Bool
  /// The HTTP method.
  public let method: HTTPMethod
  /// The token that is sent as `Authorization: Bearer …`, if any.
  public let token: Secret?
  /// The secrets that sign reports, each with a signature of its own; without any, reports aren't signed.
  public let secrets: [SigningSecret]
  /// The sender's name, sent as `Flotilla-Coordinator`, so that a receiver can distinguish several senders.
  public let coordinator: String?
  /// Whether a report over 8 kB is sent compressed. Signatures then cover the compressed bytes.
  public let compresses: Bool
  /// The certificate that identifies this program to the receiver, if any.
  public let clientCertificate: ClientCertificate?
  /// A PEM file whose authorities are trusted *instead of* the system's.
  public let certificateAuthorities: String?
  /// The time limit for setting up a connection, including TLS.
  public let connectTimeout: Duration
  /// The time limit for one attempt.
  public let attemptTimeout: Duration

  /// The whole URL. It is sent, but must never be shown.
  let url: String
  /// The key in fleet.yml that contains the address, for advice.
  let key: String
  /// The parts of the URL that may contain a secret, to be redacted from the receiver's answers.
  private let secretParts: [String]

  /// Creates an endpoint. The URL is checked with the parser that is used for sending.
  ///
  /// - Throws: ``EndpointError`` if it isn't an http or https URL with a host, or if it has a user part. The error
  ///   doesn't contain the URL.
  public init(
    url: String, method: HTTPMethod = .post, token: Secret? = nil, secrets: [SigningSecret] = [],
    coordinator: String? = nil, compresses: Bool = false, clientCertificate: ClientCertificate? = nil,
    certificateAuthorities: String? = nil, connectTimeout: Duration = .seconds(10),
    attemptTimeout: Duration = .seconds(60)
  ) throws(EndpointError) {
    let parts = try URLParts(url)
    host = parts.host
    isReadable = parts.isReadable
    key = "report.url"
    secretParts = [parts.query].compactMap { $0 }
    self.url = url
    self.method = method
    self.token = token
    self.secrets = secrets
    self.coordinator = coordinator
    self.compresses = compresses
    self.clientCertificate = clientCertificate
    self.certificateAuthorities = certificateAuthorities
    self.connectTimeout = connectTimeout
    self.attemptTimeout = attemptTimeout
  }

  /// Creates an endpoint whose address is a secret as a whole, as chat services provide: whoever knows its path may
  /// post.
  init(notifying url: String) throws(EndpointError) {
    let parts = try URLParts(url)
    host = parts.host
    isReadable = parts.isReadable
    key = "report.notify"
    let pieces = parts.path.split(separator: "/").map(String.init).filter { $0.utf8.count >= 6 }
    secretParts = [parts.path, parts.query ?? ""].filter { $0.utf8.count > 1 } + pieces
    self.url = url
    (method, token, secrets, coordinator, compresses) = (.post, nil, [], nil, false)
    (clientCertificate, certificateAuthorities) = (nil, nil)
    (connectTimeout, attemptTimeout) = (.seconds(5), .seconds(10))
  }

  /// A warning to show before the endpoint is used, or nil.
  public var warning: String? {
    guard token != nil, isReadable else { return nil }
    return "the token goes to \(host) unencrypted; use https"
  }

  /// `text` without the token and the secret parts of the URL, in case a receiver repeated them.
  func redact(_ text: String) -> String {
    hidden.reduce(text) { text, secret in text.replacing(secret, with: "(secret)") }
  }

  private var hidden: [String] {
    ([token?.revealedValue].compactMap { $0 } + secretParts).filter { !$0.isEmpty }
  }

  /// The length in bytes of the longest text that `redact` removes.
  var longestRedaction: Int { hidden.map(\.utf8.count).max() ?? 0 }
}

extension Endpoint: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The host.
  public var description: String { host }
  /// The host.
  public var debugDescription: String { host }
  /// A mirror that shows only the host, for `dump`.
  public var customMirror: Mirror { Mirror(self, children: ["host": host]) }
}

/// A certificate that identifies this program, for receivers that ask for one.
public struct ClientCertificate: Sendable, Equatable {
  /// A PEM file with the certificate and its intermediate certificates.
  public let path: String
  /// A PEM file with the unencrypted key; nil if the file at `path` contains it.
  public let keyPath: String?

  /// Names the files. They are read for each upload.
  public init(path: String, keyPath: String? = nil) {
    self.path = path
    self.keyPath = keyPath
  }
}

/// Why a URL can't be used. The error never contains the URL.
public struct EndpointError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of error. Match on this, not on the text.
  public enum Code: String, Sendable {
    /// It isn't a URL.
    case malformed
    /// It is neither http nor https.
    case scheme
    /// It has a user name or password.
    case userInformation = "user_information"
  }

  /// The kind of error.
  public let code: Code

  /// One sentence for the user.
  public var description: String {
    switch code {
    case .malformed: "not a URL: expected something like https://collector.example.net/fleet"
    case .scheme: "not an http or https URL"
    case .userInformation: "the URL holds a user name or password; give a token instead"
    }
  }
}
