/// Why a gzip file can't be written or read.
public struct GzipError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of error. Match on this, not on the text.
  public enum Code: String, Sendable {
    /// It isn't gzip, is incomplete, or was altered.
    case damaged
    /// It expands to more than the limit.
    case tooLarge = "too_large"
    /// There is no memory left.
    case memory
  }

  /// The kind of error.
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
