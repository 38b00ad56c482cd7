extension String {
  /// The text of a file in `Resources`, which the build embeds, without its final line feed.
  init(embedded bytes: [UInt8]) {
    self.init(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self)
  }
}
