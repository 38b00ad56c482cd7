public import Basics
internal import Crypto
internal import FoundationEssentials

/// A key that signs reports, in the format of the Standard Webhooks scheme: `whsec_` followed by base64.
public struct SigningSecret: Sendable {
  let key: SymmetricKey

  /// Parses a secret; the prefix may be missing.
  ///
  /// - Throws: ``SigningSecretError`` if it isn't base64, or not 24 to 64 bytes long, as the scheme requires.
  public init(_ secret: Secret) throws(SigningSecretError) {
    var text = secret.revealedValue[...]
    if text.hasPrefix(Self.prefix) { text = text.dropFirst(Self.prefix.count) }
    guard let bytes = Data(base64Encoded: String(text)) else { throw SigningSecretError(code: .encoding) }
    guard (24...64).contains(bytes.count) else { throw SigningSecretError(code: .length) }
    key = SymmetricKey(data: bytes)
  }

  private static let prefix = "whsec_"
}

extension SigningSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// `(secret)`, without any of its content.
  public var description: String { "(secret)" }
  /// `(secret)`, without any of its content.
  public var debugDescription: String { description }
  /// A mirror without children, so that `dump` shows nothing.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Why a text is not a signing secret. The error contains nothing of the text.
public struct SigningSecretError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of error. Match on this, not on the text.
  public enum Code: String, Sendable {
    /// It isn't base64.
    case encoding
    /// It has too few or too many bytes.
    case length
  }

  /// The kind of error.
  public let code: Code

  /// One sentence for the user.
  public var description: String {
    let what =
      switch code {
      case .encoding: "a secret to sign with must be base64 behind whsec_"
      case .length: "a secret to sign with must have 24 to 64 bytes behind its base64"
      }
    return "\(what); this makes one: echo whsec_$(openssl rand -base64 32)"
  }
}
