/// Plain text for a terminal of 80 columns.
enum TextLayout {
  static let width = 80

  /// Breaks `text` at spaces so that no line is longer than the terminal is wide.
  ///
  /// - Parameters:
  ///   - text: one paragraph.
  ///   - first: what the first line begins with; the others are indented as far.
  /// - Returns: the lines.
  static func wrap(_ text: String, first: String = "") -> [String] {
    var lines: [String] = []
    var line = first
    let indent = String(repeating: " ", count: first.count)
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = indent
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines + [line]
  }

  /// Puts two blocks of lines side by side.
  static func beside(_ left: [String], _ right: [String], at column: Int) -> [String] {
    (0..<max(left.count, right.count)).map { row in
      let start = row < left.count ? left[row] : ""
      guard row < right.count else { return start }
      let gap = String(repeating: " ", count: max(2, column - start.count))
      return start + gap + right[row]
    }
  }

  /// `1–9, 1001`
  static func ranges(_ numbers: [Int64]) -> String {
    var parts: [(Int64, Int64)] = []
    for number in numbers {
      if let last = parts.last, number == last.1 + 1 {
        parts[parts.count - 1].1 = number
      } else {
        parts.append((number, number))
      }
    }
    return parts.map { $0 == $1 ? "\($0)" : $1 == $0 + 1 ? "\($0), \($1)" : "\($0)–\($1)" }.joined(
      separator: ", ")
  }

  /// A number with its noun: `1 installation`, `24 installations`.
  static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
