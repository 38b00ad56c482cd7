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

  /// The integer; nil for any other type.
  public var integer: Int64? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// The text; nil for any other type.
  public var text: String? {
    if case .text(let value) = self { value } else { nil }
  }

  /// Whether SQLite considers the value true, that is, neither NULL nor zero.
  public var isTrue: Bool {
    switch self {
    case .null: false
    case .integer(let value): value != 0
    case .real(let value): value != 0
    case .text(let value): Self.isTrue(value.utf8)
    case .blob(let value): Self.isTrue(value)
    }
  }

  /// Whether the decimal number at the beginning of the text has a digit other than zero.
  private static func isTrue(_ text: some Sequence<UInt8>) -> Bool {
    let number = text.drop { $0 == 0x20 || (0x09...0x0d).contains($0) }
    let digits =
      Array(number.prefix(1)) == [UInt8(ascii: "-")] || Array(number.prefix(1)) == [UInt8(ascii: "+")]
      ? Array(number.dropFirst()) : Array(number)
    var points = 0
    for byte in digits {
      if byte == UInt8(ascii: ".") { points += 1 }
      guard byte == UInt8(ascii: "0") || (byte == UInt8(ascii: ".") && points == 1) else {
        return (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(byte)
      }
    }
    return false
  }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  /// Creates a text.
  public init(stringLiteral value: String) { self = .text(value) }
  /// Creates an integer.
  public init(integerLiteral value: Int64) { self = .integer(value) }
}
