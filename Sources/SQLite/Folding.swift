extension String {
  /// The string in lower case as SQLite compares names: only the letters A to Z are converted.
  public var folded: String {
    var text = self
    let isFolded = text.withUTF8 { bytes in bytes.allSatisfy { $0.folded == $0 } }
    guard !isFolded else { return self }
    return text.withUTF8 { bytes in
      String(unsafeUninitializedCapacity: bytes.count) { folded in
        for (place, byte) in bytes.enumerated() { folded[place] = byte.folded }
        return bytes.count
      }
    }
  }
}

extension Substring {
  /// The text in lower case as SQLite compares names.
  public var folded: String { String(self).folded }
}

extension UInt8 {
  /// The lower-case letter if the byte is an ASCII capital; otherwise the byte itself.
  var folded: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}
