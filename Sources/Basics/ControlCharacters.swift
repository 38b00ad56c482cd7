extension Unicode.Scalar {
  /// Whether it is a control character: C0, DEL or C1 (Unicode's category Cc, which never grows).
  public var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}

extension Character {
  /// Whether the character contains a control character.
  public var isControl: Bool { unicodeScalars.contains(where: \.isControl) }
}

extension StringProtocol {
  /// Whether the text contains a control character, which could end a header or a line, or control a terminal.
  public var hasControlCharacter: Bool { unicodeScalars.contains(where: \.isControl) }

  /// Replaces each control character of the text.
  ///
  /// - Parameters:
  ///   - replacement: the character to insert instead.
  ///   - kept: control characters to keep, such as a line feed.
  /// - Returns: the text without control characters.
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

  /// The words separated by single spaces, without invisible characters and those that would control a terminal.
  public var printableLine: String {
    split { $0.isWhitespace || $0.isControl }.joined(separator: " ").harmless()
  }
}
