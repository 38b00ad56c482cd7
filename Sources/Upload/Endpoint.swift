public import Basics

/// Where reports go, and how to get in.
///
/// Printing one shows its host only: the path and the query of a URL often carry a key.
public struct Endpoint: Sendable {
  /// How the report is sent.
  public enum Method: String, Sendable {
    /// `POST`, which receivers of webhooks expect.
    case post = "POST"
    /// `PUT`, for object stores.
    case put = "PUT"
  }

  /// The host's name or address, without port.
  public let host: String
  /// Whether what is sent can be read on its way: not with `https`, and not where it doesn't leave this machine.
  public let isReadable: Bool
  /// How the report is sent.
  public let method: Method
  /// Sent as `Authorization: Bearer …`.
  public let token: Secret?
  /// What reports are signed with, each by each; none, and they aren't signed.
  public let secrets: [SigningSecret]
  /// The sender's name, sent as `Flotilla-Coordinator`, so that a receiver can tell several apart.
  public let coordinator: String?
  /// Whether a report over 8 kB is sent compressed; a signature is then of the compressed bytes.
  public let compresses: Bool
  /// What the receiver knows this program by.
  public let clientCertificate: ClientCertificate?
  /// A PEM file whose authorities are trusted *instead of* the system's.
  public let certificateAuthorities: String?
  /// How long a connection, TLS included, may take to be set up.
  public let connectTimeout: Duration
  /// How long one attempt may take in all.
  public let attemptTimeout: Duration

  /// The whole URL. To be sent, never shown.
  let url: String
  /// The key in fleet.yml that the address stands under, for advice.
  let key: String
  /// What of the URL may hold a secret, for redaction of what the receiver answers.
  private let secretParts: [String]

  /// Checks `url` with the parser that will send to it.
  ///
  /// - Throws: `EndpointError` when it isn't an http or https URL with a host, or has a user part. The error doesn't
  ///   repeat the URL.
  public init(
    url: String, method: Method = .post, token: Secret? = nil, secrets: [SigningSecret] = [],
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

  /// An address that is a secret as a whole, as chats give out: part of its path lets in whoever knows it.
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

  /// What the user should know of this endpoint before it is used, if anything.
  public var warning: String? {
    guard token != nil, isReadable else { return nil }
    return "the token goes to \(host) unencrypted; use https"
  }

  /// `text` without the token and what of the URL is secret, should a receiver have repeated them.
  func redact(_ text: String) -> String {
    hidden.reduce(text) { text, secret in text.replacing(secret, with: "(secret)") }
  }

  private var hidden: [String] {
    ([token?.revealedValue].compactMap { $0 } + secretParts).filter { !$0.isEmpty }
  }

  /// The length of the longest text that `redact` looks for, in bytes.
  var longestRedaction: Int { hidden.map(\.utf8.count).max() ?? 0 }
}

extension Endpoint: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The host.
  public var description: String { host }
  /// The host.
  public var debugDescription: String { host }
  /// Shows the host to `dump`, and nothing else.
  public var customMirror: Mirror { Mirror(self, children: ["host": host]) }
}

/// A certificate of this program's own, for receivers that ask for one.
public struct ClientCertificate: Sendable, Equatable {
  /// A PEM file with the certificate, and those between it and its authority.
  public let path: String
  /// A PEM file with its key, unencrypted; nil where the key stands in the same file.
  public let keyPath: String?

  /// Names the files; they are read with each upload.
  public init(path: String, keyPath: String? = nil) {
    self.path = path
    self.keyPath = keyPath
  }
}

/// Why a URL can't be used. It never repeats the URL.
public struct EndpointError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, to match on.
  public enum Code: String, Sendable {
    /// It isn't a URL.
    case malformed
    /// It is neither http nor https.
    case scheme
    /// It has a user name or password.
    case userInformation = "user_information"
  }

  /// What is wrong.
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
