internal import Basics

/// HTML or XML. Text that is put into it is escaped; only what is written in the source, or is markup itself, isn't.
package struct Markup: ExpressibleByStringInterpolation, Sendable {
  /// The finished text.
  package private(set) var text: String

  package init(stringLiteral value: String) { text = value }
  package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  /// One after the other.
  package init(_ parts: some Sequence<Markup>, separator: String = "") {
    text = parts.map(\.text).joined(separator: separator)
  }

  package static let nothing: Markup = ""

  package static func + (one: Markup, other: Markup) -> Markup { Markup([one, other]) }

  package struct StringInterpolation: StringInterpolationProtocol {
    var text = ""

    package init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity * 2) }

    package mutating func appendLiteral(_ literal: String) { text += literal }
    package mutating func appendInterpolation(_ number: Int) { text += String(number) }
    package mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
    package mutating func appendInterpolation(_ markup: [Markup]) { for part in markup { text += part.text } }
    package mutating func appendInterpolation(_ value: String) { Markup.escape(value, into: &text) }
    /// What this program itself wrote as a whole: the page's style and script.
    mutating func appendInterpolation(trusted: String) { text += trusted }
  }

  /// Writes text so that it stays text, in an element and in a quoted attribute alike.
  ///
  /// Characters that XML 1.0 doesn't have, that can't be seen or that change the order of what is around them are
  /// replaced by U+FFFD; line ends are numbered, since an attribute would lose them.
  private static func escape(_ value: String, into text: inout String) {
    for scalar in value.harmless(keeping: "\t\n\r").unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      case "\t", "\n", "\r": text += "&#\(scalar.value);"
      case "\u{FFFE}", "\u{FFFF}": text += "\u{FFFD}"
      default: text.unicodeScalars.append(scalar)
      }
    }
  }
}

extension String {
  /// As a part of an address: all but letters, digits and `-_.~` are escaped.
  package var asAddressPart: String { percentEncoded(keeping: "-_.~") }
}
