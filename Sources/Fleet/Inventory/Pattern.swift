/// Selects installations, in the syntax of Ansible's host patterns.
///
/// ```swift
/// let pattern = try Pattern("stores:&eu:!berlin")
/// let selection = inventory.select(pattern)
/// for unmatched in selection.unmatched { print("nothing is called \(unmatched.name)") }
/// ```
///
/// Terms are separated by `:` or `,`. Whatever their order, plain terms are united first (without any, all
/// installations are taken), then each `&term` narrows the result, and then each `!term` removes from it.
///
/// A term is one of these:
/// - `all` or `*`;
/// - a name: the installation with this id, and the members of the group with this name. In double quotes it may
///   contain any character; a quote in it is doubled;
/// - a glob over ids and groups (`berlin*`);
/// - a regular expression that an id or a group must begin with (`~ber.*`);
/// - where runs are recognized, a ``RunSelector``: `failed:last`, `pending`, `wave:2`.
///
/// Except after an expression, a position or a range may follow: `stores[0]`, `stores[-1]`, `stores[0:4]` (including
/// the last), `stores[5:]`.
///
/// ``Inventory/select(_:)`` applies a pattern, and ``Waves`` uses patterns to form waves.
public struct Pattern: Sendable, Hashable, CustomStringConvertible {
  /// The pattern as it was written.
  public let text: String

  let terms: [PatternTerm]

  /// Every installation.
  public static let all = Pattern(text: "all", terms: [PatternTerm(role: .adds, matcher: .everything)])

  private init(text: String, terms: [PatternTerm]) {
    self.text = text
    self.terms = terms
  }

  /// Parses a pattern.
  ///
  /// - Parameters:
  ///   - text: the pattern.
  ///   - recognizesRuns: whether terms may be a ``RunSelector``. Otherwise `failed:last` is two names.
  /// - Throws: ``PatternError`` if a term is empty, a bracket isn't closed, or a regular expression is invalid.
  public init(_ text: String, recognizesRuns: Bool = false) throws(PatternError) {
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw PatternError(.empty, pattern: text, term: "")
    }
    var terms: [PatternTerm] = []
    var pieces = try Self.split(text)[...]
    while let piece = pieces.popFirst() {
      let next = piece.separator == ":" ? pieces.first?.text : nil
      if recognizesRuns, let (term, takesNext) = PatternTerm.ofRun(piece.text, next: next) {
        terms.append(term)
        if takesNext { pieces.removeFirst() }
      } else {
        terms.append(try PatternTerm(piece.text, of: text))
      }
    }
    self.init(text: text, terms: terms)
  }

  /// The selectors of runs in it, in its order.
  public var runSelectors: [RunSelector] {
    terms.compactMap { if case .run(let selector) = $0.matcher { selector } else { nil } }
  }

  /// The pattern that selects an id, whatever characters it contains.
  public static func quoted(_ id: String) -> String { "\"\(id.replacing("\"", with: "\"\""))\"" }

  /// The pattern as it was written.
  public var description: String { text }

  /// Splits the text at separators outside brackets and quotes. Each piece but the last has its separator.
  private static func split(_ text: String) throws(PatternError) -> [(text: String, separator: Character?)] {
    var (terms, term, depth, isQuoted) = ([(text: String, separator: Character?)](), "", 0, false)
    for character in text {
      if !isQuoted, depth == 0, character == ":" || character == "," {
        terms.append((term, character))
        term = ""
        continue
      }
      if character == "\"" {
        // A quote opens at the beginning of a name. A doubled quote closes and opens again.
        let name = term.drop { $0.isWhitespace || $0 == "!" || $0 == "&" }
        isQuoted = !isQuoted && (name.isEmpty || (name.first == "\"" && name.last == "\""))
      } else if !isQuoted {
        if character == "[" { depth = 1 }
        if character == "]" { depth = 0 }
      }
      term.append(character)
    }
    terms.append((term, nil))
    guard !isQuoted else { throw PatternError(.quotes, pattern: text, term: term) }
    return terms
  }
}

/// Why a text is not a pattern.
public struct PatternError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of mistake.
  public enum Code: String, Sendable {
    /// The pattern is empty.
    case empty
    /// A term is empty: between two separators, or after `!` or `&`.
    case emptyTerm
    /// A `[` is not closed, or a range runs backwards.
    case brackets
    /// The text after `~` is not a regular expression.
    case expression
    /// A quote is not closed, or other text follows a name in quotes.
    case quotes
  }

  /// The kind of mistake.
  public let code: Code
  /// The whole pattern.
  public let pattern: String
  /// The term with the mistake.
  public let term: String

  init(_ code: Code, pattern: String, term: String) {
    self.code = code
    self.pattern = pattern
    self.term = term
  }

  /// What is wrong, in one sentence without a full stop.
  public var description: String {
    switch code {
    case .empty: "the pattern is empty; \"all\" selects every installation"
    case .emptyTerm: "pattern \"\(pattern)\": a name is missing between separators or after ! or &"
    case .brackets:
      "pattern \"\(pattern)\": \"\(term)\" has a [ that is not closed, or a range that runs backwards"
    case .expression: "pattern \"\(pattern)\": \"\(term)\" is not a regular expression"
    case .quotes:
      "pattern \"\(pattern)\": a name in quotes doesn't end with its quote; a quote within a name is doubled"
    }
  }
}
