/// The running checksum of a log (https://sqlite.org/fileformat2.html#checksum_algorithm).
struct LogChecksum: Hashable, Sendable {
  private(set) var first: UInt32
  private(set) var second: UInt32

  init(_ first: UInt32, _ second: UInt32) { (self.first, self.second) = (first, second) }

  /// Adds bytes, whose number is a multiple of 8.
  mutating func add(_ bytes: UnsafeRawBufferPointer, isBigEndian: Bool) {
    var (one, two) = (first, second)
    var offset = 0
    while offset + 8 <= bytes.count {
      let x = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      let y = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
      one = one &+ (isBigEndian ? x.bigEndian : x.littleEndian) &+ two
      two = two &+ (isBigEndian ? y.bigEndian : y.littleEndian) &+ one
      offset += 8
    }
    (first, second) = (one, two)
  }
}
