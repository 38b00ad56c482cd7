/// Text that comes from databases, hosts, inventories and receivers, as it can be shown.
extension String {
  /// The text with U+FFFD for every character that a terminal obeys, that changes the order of its neighbours, or that
  /// nobody sees.
  ///
  /// These are the control characters (C0, DEL, C1), the line and paragraph separators, and what Unicode calls
  /// default-ignorable: the marks, embeddings, overrides and isolates of text direction, zero-width characters, soft
  /// hyphens, tags. Variation selectors stay. A zero-width joiner or non-joiner stays between two characters that are
  /// not ASCII, where emoji and many scripts need it.
  /// - Parameter kept: control characters to keep, such as a line feed.
  /// - Returns: the text itself where there is nothing of that in it.
  public func harmless(keeping kept: String = "") -> String {
    guard !holdsOnly(bytesFrom: 0x20), unicodeScalars.contains(where: \.isHidden) else { return self }
    let kept = kept.unicodeScalars
    return replacingHidden { scalar in kept.contains(scalar) ? String(scalar) : "\u{FFFD}" }
  }

  /// JSON that means the same, with the characters that `harmless` replaces as escapes, so that it can be shown.
  ///
  /// The text must be JSON: there these characters stand in strings alone, but for the white space that is kept.
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

  /// Whether all bytes are ASCII from `lowest` on, without DEL. Large reports go through here.
  private func holdsOnly(bytesFrom lowest: UInt8) -> Bool {
    // All bytes, without an early end, so that many are compared at once.
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
    // Variation selectors choose the form of the character before them.
    case 0xFE00...0xFE0F, 0xE0100...0xE01EF: false
    // Line and paragraph separators, and the marks of interlinear annotations.
    case 0x2028, 0x2029, 0xFFF9...0xFFFB: true
    default: properties.generalCategory == .control || properties.isDefaultIgnorableCodePoint
    }
  }
}
