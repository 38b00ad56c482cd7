/// Why a secret can't be used. It says where the secret should have come from, and never holds any of it.
public struct SecretError: Error, Sendable, CustomStringConvertible {
  /// What is wrong, to match on.
  public enum Code: String, Sendable {
    /// The variable is unset, or there is no such file.
    case missing
    /// There is nothing in it.
    case empty
    /// The file is there and can't be read.
    case unreadable
    /// The file isn't UTF-8.
    case notText = "not_text"
    /// It is longer than 64 KiB.
    case tooLong = "too_long"
    /// It has a line end or another control character inside.
    case controlCharacter = "control_character"
  }

  /// Where the secret was looked for.
  public enum Source: Sendable, Equatable {
    /// Given directly.
    case value
    /// An environment variable of this name.
    case environment(String)
    /// A file at this path.
    case file(String)
  }

  /// What is wrong.
  public let code: Code
  /// Where the secret was looked for.
  public let source: Source
  /// The system's error, for `missing` and `unreadable` files.
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
