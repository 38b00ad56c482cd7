/// A value as SQLite stores it.
public enum Value: Hashable, Sendable {
  /// NULL.
  case null
  /// A signed 64-bit integer.
  case integer(Int64)
  /// An IEEE 754 double.
  case real(Double)
  /// UTF-8 text.
  case text(String)
  /// Bytes.
  case blob([UInt8])

  /// The integer, where it is one.
  public var integer: Int64? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// The text, where it is text.
  public var text: String? {
    if case .text(let value) = self { value } else { nil }
  }

  /// SQLite's idea of truth: neither NULL nor zero.
  public var isTrue: Bool {
    switch self {
    case .null, .blob: false
    case .integer(let value): value != 0
    case .real(let value): value != 0
    case .text(let value): Double(value).map { $0 != 0 } ?? false
    }
  }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  /// A literal text.
  public init(stringLiteral value: String) { self = .text(value) }
  /// A literal integer.
  public init(integerLiteral value: Int64) { self = .integer(value) }
}
