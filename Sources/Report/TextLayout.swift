internal import Schema

/// Plain text for a terminal of 80 columns.
public enum TextLayout {
  /// The number of columns.
  public static let width = 80

  /// Breaks `text` at spaces into lines that fit the terminal.
  ///
  /// - Parameters:
  ///   - text: one paragraph.
  ///   - first: the beginning of the first line; the other lines are indented by its width.
  /// - Returns: the lines.
  public static func wrap(_ text: String, first: String = "") -> [String] {
    fill(text, first: first, indent: first.columns, room: width)
  }

  /// Breaks `text` into lines of at most `room` columns, at spaces if possible and otherwise within words. Line
  /// breaks in the text count as spaces: foreign text must not start a line of its own.
  static func fill(_ text: String, first: String = "", indent: Int, room: Int) -> [String] {
    var lines: [String] = []
    var line = first
    var isEmpty = true
    let words = text.split { $0 == " " || $0.isNewline }
    for word in words.flatMap({ pieces(String($0), room: room - indent) }) {
      if !isEmpty, line.columns + 1 + word.columns > room {
        lines.append(line)
        line = String(repeating: " ", count: indent)
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines + [line]
  }

  private static func pieces(_ word: String, room: Int) -> [String] {
    guard word.columns > room else { return [word] }
    var pieces = [""]
    for character in word {
      if let last = pieces.last, last.columns + String(character).columns > max(8, room) { pieces.append("") }
      pieces[pieces.count - 1].append(character)
    }
    return pieces
  }

  /// A name, with its middle replaced by an ellipsis if it takes more than `room` columns.
  static func shortened(_ name: String, room: Int) -> String {
    guard name.columns > room else { return name }
    var (start, end) = (Substring(name), Substring(name))
    while String(start).columns > (room - 1) - (room - 1) / 2 { start = start.dropLast() }
    while String(end).columns > (room - 1) / 2 { end = end.dropFirst() }
    return start + "…" + end
  }

  /// Puts two blocks of lines side by side.
  static func beside(_ left: [String], _ right: [String], at column: Int) -> [String] {
    (0..<max(left.count, right.count)).map { row in
      let start = row < left.count ? left[row] : ""
      guard row < right.count else { return start }
      let gap = String(repeating: " ", count: max(2, column - start.columns))
      return start + gap + right[row]
    }
  }

  /// `1–9, 1001`
  static func ranges(_ versions: [MigrationVersion]) -> String {
    var parts: [(first: MigrationVersion, last: MigrationVersion)] = []
    for version in versions {
      if let last = parts.last?.last.number, let number = version.number, number == last &+ 1 {
        parts[parts.count - 1].last = version
      } else {
        parts.append((version, version))
      }
    }
    return parts.map { first, last in
      if first == last { return "\(first)" }
      let isPair = first.number.map { $0 &+ 1 } == last.number
      return isPair ? "\(first), \(last)" : "\(first)–\(last)"
    }.joined(separator: ", ")
  }
}

extension String {
  /// The number of terminal columns: two for East Asian wide characters and for emoji.
  var columns: Int {
    reduce(0) { sum, character in
      guard let first = character.unicodeScalars.first else { return sum }
      return switch first.value {
      case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
        0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
        sum + 2
      default: sum + 1
      }
    }
  }
}
