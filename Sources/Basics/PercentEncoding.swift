extension String {
  /// Percent-encodes everything except ASCII letters, digits and `kept`.
  ///
  /// - Parameter kept: ASCII characters that are not encoded.
  /// - Returns: the encoded text, with upper-case digits.
  public func percentEncoded(keeping kept: String) -> String {
    let kept = kept.utf8
    let digits = Array("0123456789ABCDEF".unicodeScalars)
    var text = UnicodeScalarView()
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        text.append(Unicode.Scalar(byte))
      case _ where byte < 0x80 && kept.contains(byte): text.append(Unicode.Scalar(byte))
      default: text += ["%", digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(text)
  }
}
