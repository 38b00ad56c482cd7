internal import CSQLite

/// Digests of one value, for comparing it later without keeping it.
///
/// An integer and its text have the same digests, and so have 5 and 5.0, and a fraction and its shortest text of up to
/// 17 characters. Such conversions don't count as changes. Others do, for example from '7.50' to 7.5. Different values
/// have equal digests with a probability of 2^-64.
public struct ValueDigest: Hashable, Sendable {
  /// The digest of the value; 0 only for NULL.
  public let value: UInt64
  /// The digest of the result of CAST AS INTEGER; 0 for NULL.
  public let integer: UInt64
  /// How many bytes of text or blob were read.
  public let bytes: Int

  /// The digests of NULL.
  static let null = ValueDigest(value: 0, integer: 0, bytes: 0)

  init(value: UInt64, integer: UInt64, bytes: Int = 0) {
    (self.value, self.integer, self.bytes) = (value, integer, bytes)
  }

  /// The digests of an integer.
  public init(integer number: Int64) {
    let digest = Self.digest(of: number)
    self.init(value: digest, integer: digest)
  }

  init(_ number: Double) {
    if number == number.rounded(.towardZero), abs(number) < 9_007_199_254_740_992 {
      self.init(integer: Int64(number))
    } else {
      self.init(value: Self.digest(ofFraction: number), integer: Self.digest(of: Self.truncated(number)))
    }
  }

  init(text: UnsafeRawBufferPointer) {
    // Most texts are not numbers, and their first byte shows it.
    guard let first = text.first, first <= UInt8(ascii: "9") else {
      self.init(value: Self.digest(of: text, seed: 2), integer: Self.zero, bytes: text.count)
      return
    }
    let integer = Self.digest(of: Self.leadingInteger(text))
    let value =
      Self.canonicalInteger(text).map(Self.digest(of:))
      ?? Self.canonicalFraction(text).map(Self.digest(ofFraction:)) ?? Self.digest(of: text, seed: 2)
    self.init(value: value, integer: integer, bytes: text.count)
  }

  init(blob: UnsafeRawBufferPointer) {
    self.init(
      value: Self.digest(of: blob, seed: 3), integer: Self.digest(of: Self.leadingInteger(blob)),
      bytes: blob.count)
  }

  // MARK: Mixing

  /// Combines two digests into one. The order matters.
  public static func combine(_ one: UInt64, _ other: UInt64) -> UInt64 { mix(one &* 31 ^ other) }

  /// The finalizer of SplitMix64, except that the result is never 0.
  private static func mix(_ word: UInt64) -> UInt64 {
    var mixed = word &+ 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    mixed ^= mixed >> 31
    return mixed == 0 ? 1 : mixed
  }

  /// The digest of 0, the result of CAST AS INTEGER for a text without a number.
  private static let zero = digest(of: 0)

  private static func digest(of number: Int64) -> UInt64 { mix(UInt64(bitPattern: number)) }

  private static func digest(ofFraction number: Double) -> UInt64 { mix(mix(number.bitPattern) ^ 1) }

  private static func digest(of bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var digest = mix(seed ^ UInt64(bytes.count) << 8)
    var at = 0
    while at + 8 <= bytes.count {
      digest = mix(digest ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      at += 8
    }
    var rest: UInt64 = 0
    while at < bytes.count {
      rest = rest << 8 | UInt64(bytes[at])
      at += 1
    }
    return mix(digest ^ rest)
  }

  // MARK: Numbers in texts

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  /// The number that CAST AS INTEGER reads from a text: the longest prefix that is an integer, clamped to 64 bits.
  /// (https://sqlite.org/lang_expr.html#castexpr)
  private static func leadingInteger(_ text: UnsafeRawBufferPointer) -> Int64 {
    var at = 0
    while at < text.count, text[at] == 0x20 || (0x09...0x0d).contains(text[at]) { at += 1 }
    let isNegative = at < text.count && text[at] == UInt8(ascii: "-")
    if at < text.count, isNegative || text[at] == UInt8(ascii: "+") { at += 1 }
    var number: Int64 = 0
    while at < text.count, isDigit(text[at]) {
      let (product, overflows) = number.multipliedReportingOverflow(by: 10)
      let digit = Int64(text[at] - 0x30)
      let (sum, exceeds) = product.addingReportingOverflow(isNegative ? -digit : digit)
      guard !overflows, !exceeds else { return isNegative ? .min : .max }
      number = sum
      at += 1
    }
    return number
  }

  private static func truncated(_ number: Double) -> Int64 {
    if number.isNaN { return 0 }
    return Int64(exactly: number.rounded(.towardZero)) ?? (number < 0 ? .min : .max)
  }

  /// The integer if the text is exactly its canonical form; otherwise nil.
  private static func canonicalInteger(_ text: UnsafeRawBufferPointer) -> Int64? {
    guard (1...20).contains(text.count) else { return nil }
    let start = text[0] == UInt8(ascii: "-") ? 1 : 0
    guard start < text.count, text[start...].allSatisfy(isDigit) else { return nil }
    guard text[start] != UInt8(ascii: "0") || text.count == 1 else { return nil }
    return Int64(String(decoding: text, as: UTF8.self))
  }

  /// The number with a fraction if the text is exactly its canonical form; otherwise nil.
  private static func canonicalFraction(_ text: UnsafeRawBufferPointer) -> Double? {
    guard (3...17).contains(text.count), text.last != UInt8(ascii: "0"),
      let point = text.firstIndex(of: UInt8(ascii: "."))
    else { return nil }
    let start = text[0] == UInt8(ascii: "-") ? 1 : 0
    let whole = text[start..<max(start, point)]
    let fraction = text[(point + 1)...]
    guard !whole.isEmpty, !fraction.isEmpty, whole.allSatisfy(isDigit), fraction.allSatisfy(isDigit),
      whole.first != UInt8(ascii: "0") || whole.count == 1
    else { return nil }
    return Double(String(decoding: text, as: UTF8.self))
  }
}

extension Statement {
  /// The digests of a column's value in the current row.
  public func digest(_ column: Int) -> ValueDigest { Self.digest(handle, column) }

  /// Calls `body` with the digests of these columns' values in the current row, in order.
  public func forEachDigest(in columns: Range<Int>, _ body: (ValueDigest) -> Void) {
    let handle = handle
    for column in columns { body(Self.digest(handle, column)) }
  }

  private static func digest(_ handle: OpaquePointer, _ column: Int) -> ValueDigest {
    // Reading the value itself avoids most of the overhead of the functions for columns.
    let value = sqlite3_column_value(handle, Int32(column))
    switch sqlite3_value_type(value) {
    case SQLITE_INTEGER: return ValueDigest(integer: sqlite3_value_int64(value))
    case SQLITE_FLOAT: return ValueDigest(sqlite3_value_double(value))
    case SQLITE_TEXT:
      let text = sqlite3_value_text(value)
      return ValueDigest(
        text: UnsafeRawBufferPointer(start: text, count: Int(sqlite3_value_bytes(value))))
    case SQLITE_BLOB:
      let blob = sqlite3_value_blob(value)
      return ValueDigest(
        blob: UnsafeRawBufferPointer(start: blob, count: Int(sqlite3_value_bytes(value))))
    default: return .null
    }
  }
}
