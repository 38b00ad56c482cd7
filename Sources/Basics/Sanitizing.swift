/// Makes text from databases, hosts, inventories and receivers safe to display.
extension String {
  /// Replaces characters that control a terminal, change the order of their neighbours, or are invisible, by U+FFFD.
  ///
  /// These are the control characters (C0, DEL, C1), the line and paragraph separators, and the characters that Unicode
  /// calls default-ignorable: marks, embeddings, overrides and isolates of text direction, zero-width characters, soft
  /// hyphens, tags. Variation selectors are kept. A zero-width joiner or non-joiner is kept between two characters that
  /// are not ASCII, because emoji and many scripts need it.
  /// - Parameter kept: control characters to keep, such as a line feed.
  /// - Returns: the text with these characters replaced.
  public func harmless(keeping kept: String = "") -> String {
    guard !holdsOnly(bytesFrom: 0x20), unicodeScalars.contains(where: \.isHidden) else { return self }
    let kept = kept.unicodeScalars
    return replacingHidden { scalar in kept.contains(scalar) ? String(scalar) : "\u{FFFD}" }
  }

  /// Equivalent JSON that is safe to display: the characters that `harmless` replaces are escaped.
  ///
  /// The text must be JSON, where these characters occur only in strings, except for white space, which is kept.
  public var harmlessJSON: String {
    guard !holdsOnly(bytesFrom: 0), unicodeScalars.contains(where: { $0.value >= 0x7F && $0.isHidden }) else {
      return self
    }
    return replacingHidden { scalar in
      if scalar.value < 0x20 { return String(scalar) }
      return String(scalar).utf16.map { unit in
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }.joined()
    }
  }

  /// Whether all bytes are ASCII, at least `lowest`, and not DEL. This must be fast for large reports.
  private func holdsOnly(bytesFrom lowest: UInt8) -> Bool {
    // No early exit, so that the compiler can compare many bytes at once.
    let isPlain = utf8.withContiguousStorageIfAvailable { bytes in
      var isOther: UInt8 = 0
      for byte in bytes { isOther |= byte &- lowest >= 0x7F &- lowest ? 1 : 0 }
      return isOther == 0
    }
    return isPlain ?? utf8.allSatisfy { $0 >= lowest && $0 < 0x7F }
  }

  private func replacingHidden(_ replacement: (Unicode.Scalar) -> String) -> String {
    let scalars = Array(unicodeScalars)
    var text = ""
    text.reserveCapacity(utf8.count)
    for (place, scalar) in scalars.enumerated() {
      let isJoining = scalar.isJoiner && Self.joins(scalars, at: place)
      if scalar.isHidden, !isJoining {
        text += replacement(scalar)
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  private static func joins(_ scalars: [Unicode.Scalar], at place: Int) -> Bool {
    let neighbours = [place - 1, place + 1]
    return neighbours.allSatisfy { place in
      scalars.indices.contains(place) && !scalars[place].isASCII && !scalars[place].isHidden
    }
  }
}

extension Unicode.Scalar {
  fileprivate var isJoiner: Bool { value == 0x200C || value == 0x200D }

  fileprivate var isHidden: Bool {
    switch value {
    case 0x20...0x7E: false
    // Variation selectors choose the form of the preceding character.
    case 0xFE00...0xFE0F, 0xE0100...0xE01EF: false
    // Line and paragraph separators, and the marks of interlinear annotations.
    case 0x2028, 0x2029, 0xFFF9...0xFFFB: true
    default: properties.generalCategory == .control || properties.isDefaultIgnorableCodePoint
    }
  }
}
