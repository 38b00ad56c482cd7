/// Why a secret can't be used. The error names the source of the secret, and never contains any part of it.
public struct SecretError: Error, Sendable, CustomStringConvertible {
  /// The kind of problem, for code that reacts to it.
  public enum Code: String, Sendable {
    /// The variable is unset, or the file doesn't exist.
    case missing
    /// The secret is empty.
    case empty
    /// The file exists but can't be read.
    case unreadable
    /// The file isn't UTF-8.
    case notText = "not_text"
    /// The secret is longer than 64 KiB.
    case tooLong = "too_long"
    /// The secret contains a line break or another control character.
    case controlCharacter = "control_character"
  }

  /// The source of a secret.
  public enum Source: Sendable, Equatable {
    /// The secret was given directly.
    case value
    /// The environment variable of this name.
    case environment(String)
    /// The file at this path.
    case file(String)
  }

  /// The kind of problem.
  public let code: Code
  /// The source of the secret.
  public let source: Source
  /// The system's error for `missing` and `unreadable` files; nil otherwise.
  public let cause: SystemError?

  init(code: Code, source: Source, cause: SystemError? = nil) {
    self.code = code
    self.source = source
    self.cause = cause
  }

  /// One sentence for the user.
  public var description: String {
    let place =
      switch source {
      case .value: "the secret"
      case .environment(let name): "the secret in $\(name)"
      case .file(let path): "the secret in \(path)"
      }
    return switch code {
    case .missing: "\(place) is missing: \(cause?.text ?? "the variable is not set")"
    case .empty: "\(place) is empty"
    case .unreadable: "\(place) can't be read: \(cause?.text ?? "unknown error")"
    case .notText: "\(place) is not UTF-8 text"
    case .tooLong: "\(place) is longer than 64 KiB"
    case .controlCharacter: "\(place) has a line end or another control character in it; it must be one line"
    }
  }
}
