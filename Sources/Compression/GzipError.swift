/// Why a gzip file can't be made or read.
public struct GzipError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, to match on.
  public enum Code: String, Sendable {
    /// It isn't gzip, was cut off, or has been altered.
    case damaged
    /// It holds more than was allowed.
    case tooLarge = "too_large"
    /// There is no memory left.
    case memory
  }

  /// What is wrong.
  public let code: Code

  /// A few words for the user.
  public var description: String {
    switch code {
    case .damaged: "it isn't whole, valid gzip"
    case .tooLarge: "it holds more than is allowed"
    case .memory: "there is no memory to compress or expand it"
    }
  }
}
