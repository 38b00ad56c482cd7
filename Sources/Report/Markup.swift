internal import Basics

/// HTML or XML. Interpolated text is escaped; only literals in the source code, and other markup, are not.
package struct Markup: ExpressibleByStringInterpolation, Sendable {
  /// The finished text.
  package private(set) var text: String

  package init(stringLiteral value: String) { text = value }
  package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  /// Joins parts.
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
    /// Appends text of this program without escaping: the page's style and script.
    mutating func appendInterpolation(trusted: String) { text += trusted }
  }

  /// Escapes text for elements and quoted attributes.
  ///
  /// Characters that XML 1.0 doesn't allow, that are invisible, or that change the order of the text around them
  /// become U+FFFD. Line ends become character references, since an attribute would lose them.
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
  /// Escapes everything but letters, digits and `-_.~`, for a part of an address.
  package var asAddressPart: String { percentEncoded(keeping: "-_.~") }
}
