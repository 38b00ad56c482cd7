/// Selects installations, in the language of Ansible's host patterns.
///
/// Terms stand between `:` or `,`. Whatever their order, plain terms are united first (all installations where there is
/// none), then each `&term` narrows the result, then each `!term` takes away.
///
/// A term is `all` or `*`; a name, which stands for the installation with this id and for the members of the group of
/// this name; a glob over both (`berlin*`); a regular expression that both must begin with (`~ber.*`). A position or a
/// range may follow it: `stores[0]`, `stores[-1]`, `stores[0:4]` (the last included), `stores[5:]`.
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

  /// Reads a pattern.
  /// - Throws: `PatternError` where a term is empty, a bracket isn't closed, or an expression isn't one.
  public init(_ text: String) throws(PatternError) {
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw PatternError(.empty, pattern: text, term: "")
    }
    var terms: [PatternTerm] = []
    for term in try Self.split(text) {
      terms.append(try PatternTerm(term, of: text))
    }
    self.init(text: text, terms: terms)
  }

  /// The pattern as it was written.
  public var description: String { text }

  /// The texts between the separators that stand outside brackets.
  private static func split(_ text: String) throws(PatternError) -> [String] {
    var (terms, term, depth) = ([String](), "", 0)
    for character in text {
      if depth == 0, character == ":" || character == "," {
        terms.append(term)
        term = ""
        continue
      }
      if character == "[" { depth = 1 }
      if character == "]" { depth = 0 }
      term.append(character)
    }
    terms.append(term)
    return terms
  }
}

/// Why a text is not a pattern.
public struct PatternError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of mistake it is.
  public enum Code: String, Sendable {
    /// There is nothing in the pattern.
    case empty
    /// There is nothing between two separators, or after `!` or `&`.
    case emptyTerm
    /// `[` without `]`, or a range that runs backwards.
    case brackets
    /// The text after `~` is not a regular expression.
    case expression
  }

  /// What kind of mistake it is.
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
    }
  }
}
