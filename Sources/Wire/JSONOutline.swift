/// The number of values, the nesting depth, and the longest string of a JSON text, determined before it is decoded.
///
/// A decoder needs dozens of bytes for each value, no matter how short the value is. Four megabytes of `[0,0,0,…` would
/// take hundreds.
struct JSONOutline {
  /// The maximum number of values in a message.
  static let mostValues = 200_000
  /// The maximum nesting depth of a message.
  static let deepest = 16
  /// The maximum length of a string in a message, in bytes as written.
  static let longestString = 128 << 10

  private(set) var values = 1
  private(set) var depth = 0
  private(set) var longest = 0

  init(_ bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer { bytes in
      var (level, string, isEscaped): (Int, Int?, Bool) = (0, nil, false)
      for byte in bytes {
        if let length = string {
          string = length + 1
          if isEscaped {
            isEscaped = false
          } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
          } else if byte == UInt8(ascii: "\"") {
            longest = max(longest, length)
            string = nil
          }
          continue
        }
        switch byte {
        case UInt8(ascii: "\""): string = 0
        case UInt8(ascii: ","), UInt8(ascii: ":"): values += 1
        case UInt8(ascii: "["), UInt8(ascii: "{"):
          values += 1
          level += 1
          depth = max(depth, level)
        case UInt8(ascii: "]"), UInt8(ascii: "}"): level -= 1
        default: break
        }
      }
      longest = max(longest, string ?? 0)
    }
  }

  /// Whether decoding takes no more memory than a few times the size of the text.
  var isModest: Bool {
    values <= Self.mostValues && depth <= Self.deepest && longest <= Self.longestString
  }
}
