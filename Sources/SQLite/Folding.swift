extension StringProtocol {
  /// In lower case as SQLite compares names: only the letters A to Z have a counterpart.
  public var folded: String { String(decoding: utf8.map(\.folded), as: UTF8.self) }
}

extension UInt8 {
  /// The lower-case letter of an ASCII capital; every other byte as it is.
  var folded: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}
