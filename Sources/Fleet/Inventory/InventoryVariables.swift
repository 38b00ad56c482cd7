/// `${NAME}` in the values of a fleet file.
///
/// In YAML's flow style `{ token: ${NAME} }` the brace would end the value. So references are marked with private-use
/// characters before YAML is parsed, and replaced value by value afterwards: the content of a variable is never
/// parsed as YAML. `$${NAME}` is an escape for the text `${NAME}`.
struct InventoryVariables {
  private static let open: Character = "\u{E0F0}"
  private static let literal: Character = "\u{E0F1}"
  private static let close: Character = "\u{E0F2}"

  let environment: [String: String]

  enum Failure: Error {
    case unset(String)
    case malformed
  }

  /// Marks the references in the text of a file; the number of lines stays the same.
  static func mark(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
    var result = ""
    result.reserveCapacity(text.utf8.count)
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[dollar...]
      let escaped = rest.hasPrefix("$${")
      guard escaped || rest.hasPrefix("${") else {
        result.append(rest.removeFirst())
        continue
      }
      let inside = rest.dropFirst(escaped ? 3 : 2)
      let name = inside.prefix { $0 != "}" && !$0.isNewline }
      guard isName(name), inside.dropFirst(name.count).first == "}" else {
        result += rest.prefix(escaped ? 3 : 2)
        rest = inside
        continue
      }
      result.append(escaped ? literal : open)
      result += name
      result.append(close)
      rest = inside.dropFirst(name.count + 1)
    }
    return result + rest
  }

  /// The text as the file has it, for messages.
  static func written(_ marked: String) -> String {
    var result = ""
    for character in marked {
      switch character {
      case open: result += "${"
      case literal: result += "$${"
      case close: result += "}"
      default: result.append(character)
      }
    }
    return result
  }

  /// The names of the variables that a marked text refers to.
  static func names(in marked: String) -> [String] {
    marked.split(separator: open, omittingEmptySubsequences: false).dropFirst().map { part in
      String(part.prefix { $0 != close })
    }
  }

  /// Replaces the references in a marked text.
  func expand(_ marked: String) throws(Failure) -> String {
    // Most values have no reference. In UTF-8 the marks begin with the byte EE.
    guard marked.utf8.contains(where: { $0 == 0xEE || $0 == UInt8(ascii: "$") }) else { return marked }
    var result = ""
    var rest = marked[...]
    while let start = rest.firstIndex(where: { $0 == Self.open || $0 == Self.literal || $0 == "$" }) {
      result += rest[..<start]
      let mark = rest[start]
      rest = rest[start...].dropFirst()
      if mark == "$" {
        if rest.first == "{" { throw .malformed }
        result.append(mark)
        continue
      }
      let name = rest.prefix { $0 != Self.close }
      rest = rest.dropFirst(name.count + 1)
      if mark == Self.literal {
        result += "${\(name)}"
      } else if let value = environment[String(name)] {
        result += value
      } else {
        throw .unset(String(name))
      }
    }
    return result + rest
  }

  private static func isName(_ text: Substring) -> Bool {
    guard let first = text.first, first == "_" || (first.isASCII && first.isLetter) else { return false }
    return text.allSatisfy { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
  }
}
