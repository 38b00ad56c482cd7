/// A secret value that does not print itself.
///
/// Its description, its debug description and its mirror never hold the value, whatever it is nested in. Whoever
/// needs the value asks for it by name.
public struct Redacted: Sendable, Hashable {
  /// The secret itself, for the one place that sends it.
  public let revealedSecret: String

  /// Wraps a secret.
  public init(_ secret: String) {
    revealedSecret = secret
  }
}

extension Redacted: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Always `[redacted]`.
  public var description: String { "[redacted]" }

  /// Always `[redacted]`.
  public var debugDescription: String { description }

  /// A mirror without children.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
