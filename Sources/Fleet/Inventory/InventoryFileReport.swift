public import Basics

extension FleetFile {
  /// `report:`. Its descriptions hold no secret, and of the address neither user nor query.
  public struct Report: Sendable, Equatable {
    /// How a report is sent.
    public enum Method: String, Sendable, CaseIterable {
      /// HTTP POST.
      case post = "POST"
      /// HTTP PUT.
      case put = "PUT"
    }

    /// Whether reports are compressed.
    public enum Compression: Sendable {
      /// Above 8 kB, unless they are signed: libraries that verify signatures expect text.
      case automatic
      /// Above 8 kB, signed or not.
      case always
      /// Not at all, for receivers that don't know gzip.
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

    /// The address that reports go to; may hold a secret, so not to be printed as it is.
    public var url: String?
    /// The bearer token.
    public var token: Secret?
    /// A file with the bearer token.
    public var tokenFile: String?
    /// The secrets that reports are signed with.
    public var secrets: [Secret] = []
    /// A file with the certificates to trust.
    public var caFile: String?
    /// A file with the certificate that this program shows.
    public var clientCertificate: String?
    /// A file with its key, where that is another one.
    public var clientKey: String?
    /// Whether reports are compressed.
    public var compression = Compression.automatic
    /// How a report is sent.
    public var method = Method.post
    /// Addresses that are told of a report.
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
  /// The settings without their secrets.
  public var description: String {
    let address = url.map(Self.withoutSecrets) ?? "nowhere"
    return "report by \(method.rawValue) to \(address)"
  }

  /// The settings without their secrets.
  public var debugDescription: String { description }

  /// A mirror without children.
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// Scheme and host of an address: a user, a path or a query can hold a secret.
  private static func withoutSecrets(_ url: String) -> String {
    guard let scheme = url.firstIndex(of: ":") else { return "[redacted]" }
    let authority = url[scheme...].dropFirst(3).prefix { !"/?#".contains($0) }
    return "\(url[..<scheme])://\(authority.split(separator: "@").last ?? "")"
  }
}
