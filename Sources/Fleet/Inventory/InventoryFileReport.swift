public import Basics

extension FleetFile {
  /// `report:`. Its descriptions contain no secrets, and only scheme and host of the address.
  public struct Report: Sendable, Equatable {
    /// Whether reports are compressed.
    public enum Compression: Sendable {
      /// Compressed above 8 kB, but only without a signature: libraries that verify signatures expect text.
      case automatic
      /// Compressed above 8 kB, signed or not.
      case always
      /// Never compressed, for receivers that don't support gzip.
      case never

      init?(written text: String) {
        switch text {
        case "auto": self = .automatic
        case "true", "yes": self = .always
        case "never", "false", "no": self = .never
        default: return nil
        }
      }
    }

    /// The address that receives reports. It may contain a secret, so never print it as it is.
    public var url: String?
    /// The bearer token.
    public var token: Secret?
    /// A file with the bearer token.
    public var tokenFile: String?
    /// The secrets that sign reports.
    public var secrets: [Secret] = []
    /// A file with the certificates of trusted authorities.
    public var caFile: String?
    /// A file with this program's client certificate.
    public var clientCertificate: String?
    /// A file with the key of the client certificate, if the key is in a file of its own.
    public var clientKey: String?
    /// Whether reports are compressed.
    public var compression = Compression.automatic
    /// The HTTP method of a report.
    public var method = HTTPMethod.post
    /// Addresses that are notified of a report.
    public var notify: [Secret] = []

    /// Whether a report above 8 kB is sent compressed.
    public var compresses: Bool {
      switch compression {
      case .automatic: secrets.isEmpty
      case .always: true
      case .never: false
      }
    }
  }
}

extension FleetFile.Report: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The method, and scheme and host of the address, without secrets.
  public var description: String {
    let address = url.map(Self.withoutSecrets) ?? "nowhere"
    return "report by \(method.rawValue) to \(address)"
  }

  /// The same as `description`, without secrets.
  public var debugDescription: String { description }

  /// A mirror without children, so that `dump` shows no secrets.
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// Scheme and host of an address. User, path and query can contain a secret.
  private static func withoutSecrets(_ url: String) -> String {
    guard let scheme = url.firstIndex(of: ":") else { return "[redacted]" }
    let authority = url[scheme...].dropFirst(3).prefix { !"/?#".contains($0) }
    return "\(url[..<scheme])://\(authority.split(separator: "@").last ?? "")"
  }
}
