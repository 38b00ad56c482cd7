/// Why a file could not be compressed or expanded with zstd.
public struct ZstdError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of error. Match on this, not on the text.
  public enum Code: String, Sendable {
    /// It isn't zstd, is incomplete, or was altered.
    case damaged
    /// It doesn't say how much it holds, holds something else than it says, or more than the limit.
    case wrongSize = "wrong_size"
    /// There is no memory left.
    case memory
  }

  /// The kind of error.
  public let code: Code

  /// A few words for the user.
  public var description: String {
    switch code {
    case .damaged: "it isn't whole, valid zstd"
    case .wrongSize: "it doesn't hold as much as it should"
    case .memory: "there is no memory to compress or expand it"
    }
  }
}
