public import Basics
internal import Crypto
internal import FoundationEssentials

/// A key that reports are signed with, as the Standard Webhooks scheme has it: base64 behind `whsec_`.
public struct SigningSecret: Sendable {
  let key: SymmetricKey

  /// Reads a secret; the prefix may be missing.
  ///
  /// - Throws: `SigningSecretError` when it isn't base64, or not of 24 to 64 bytes, which the scheme asks for.
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
  /// Says that there is a secret, and nothing of it.
  public var description: String { "(secret)" }
  /// Says that there is a secret, and nothing of it.
  public var debugDescription: String { description }
  /// Has no children, so that `dump` shows nothing.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Why a text is no secret to sign with. It holds nothing of the text.
public struct SigningSecretError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, to match on.
  public enum Code: String, Sendable {
    /// It isn't base64.
    case encoding
    /// It has too few bytes, or too many.
    case length
  }

  /// What is wrong.
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
