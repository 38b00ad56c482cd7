/// Texts as they are written into a fleet file.
enum YAMLScalar {
  /// Words that mean something else than themselves in some version of YAML.
  private static let reserved: Set = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]

  /// A text as a scalar, in quotes if needed, which is read as that text in any place.
  static func written(_ text: String) -> String {
    let text = escapingReferences(text)
    let isPlain =
      text.first.map { $0.isASCII && $0.isLetter } ?? false
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_./-*".contains($0)) }
    return isPlain && !reserved.contains(text.lowercased()) ? text : quoted(text)
  }

  /// A text in double quotes.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16)
        result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
      }
    }
    return result + "\""
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E: true
    case 0..<0xA0, 0xFEFF, 0x2028, 0x2029: false
    default: scalar.properties.generalCategory != .format
    }
  }

  /// The text with `$${NAME}` for `${NAME}`, which would be replaced by a variable.
  private static func escapingReferences(_ text: String) -> String {
    text.replacing(/\$\{\w+\}/.asciiOnlyWordCharacters()) { "$" + $0.output }
  }
}
