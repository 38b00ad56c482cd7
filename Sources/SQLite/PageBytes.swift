/// Bytes from a file. Any offset is permitted; the result is nil if it is out of bounds.
struct PageBytes {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var count: Int { bytes.count }

  func byte(_ at: Int) -> UInt8? { at >= 0 && at < bytes.count ? bytes[at] : nil }

  func range(_ at: Int, _ count: Int) -> UnsafeRawBufferPointer? {
    guard at >= 0, count >= 0, at <= bytes.count, count <= bytes.count - at else { return nil }
    return UnsafeRawBufferPointer(rebasing: bytes[at..<at + count])
  }

  /// A big-endian number of up to eight bytes.
  func unsigned(_ at: Int, bytes size: Int) -> UInt64? {
    guard at >= 0, at <= bytes.count, size <= bytes.count - at else { return nil }
    var number: UInt64 = 0
    for offset in at..<at + size { number = number << 8 | UInt64(bytes[offset]) }
    return number
  }

  /// A big-endian number of up to four bytes.
  func number(_ at: Int, bytes size: Int) -> Int? {
    unsigned(at, bytes: size).flatMap { Int(exactly: $0) }
  }

  /// A variable-length number and the offset after it. Each byte has seven bits of the number, except that the ninth
  /// has eight.
  func varint(_ at: Int) -> (value: UInt64, next: Int)? {
    guard at >= 0 else { return nil }
    var value: UInt64 = 0
    for offset in at..<at + 8 {
      guard offset < bytes.count else { return nil }
      value = value << 7 | UInt64(bytes[offset] & 0x7f)
      if bytes[offset] < 0x80 { return (value, offset + 1) }
    }
    guard at + 8 < bytes.count else { return nil }
    return (value << 8 | UInt64(bytes[at + 8]), at + 9)
  }
}
