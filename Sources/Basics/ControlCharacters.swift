extension Unicode.Scalar {
  /// Whether it is a control character: C0, DEL or C1 (Unicode's category Cc, which never grows).
  public var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}

extension Character {
  /// Whether a control character is part of it.
  public var isControl: Bool { unicodeScalars.contains(where: \.isControl) }
}

extension StringProtocol {
  /// Whether it has a control character, which would end a header or a line, or drive a terminal.
  public var hasControlCharacter: Bool { unicodeScalars.contains(where: \.isControl) }

  /// The text with each control character replaced.
  ///
  /// - Parameters:
  ///   - replacement: what stands in its place.
  ///   - kept: control characters that stay, such as a line feed.
  /// - Returns: the text; itself where there is none in it.
  public func replacingControlCharacters(
    with replacement: Unicode.Scalar = "\u{FFFD}", keeping kept: String = ""
  ) -> String {
    guard hasControlCharacter else { return String(self) }
    var scalars = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      scalars.append(scalar.isControl && !kept.unicodeScalars.contains(scalar) ? replacement : scalar)
    }
    return String(scalars)
  }

  /// The words, with one space between them and nothing that a terminal would act upon or that can't be seen.
  public var printableLine: String {
    split { $0.isWhitespace || $0.isControl }.joined(separator: " ").harmless()
  }
}
