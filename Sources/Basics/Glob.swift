/// A shell pattern for whole names: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`.
///
/// It matches characters, independently of the locale: `?` matches one letter, even if that has several bytes.
public struct Glob: Sendable, Hashable {
  private enum Token: Sendable, Hashable {
    case any
    case one
    case literal(Character)
    case set([ClosedRange<Character>], negated: Bool)
  }

  private let tokens: [Token]

  /// Whether the text contains a character that makes it a pattern.
  public static func isPattern(_ text: String) -> Bool {
    text.contains { "*?[".contains($0) }
  }

  /// Creates a pattern that matches one text only, whatever characters it has.
  public init(exactly text: String) { tokens = text.map(Token.literal) }

  /// Parses a pattern; nil if a `[` is not closed or contains a reversed range.
  ///
  /// - Parameters:
  ///   - text: the pattern.
  ///   - escapes: whether `\` takes the next character literally. Nil is returned if nothing follows it.
  public init?(_ text: String, escapes: Bool = false) {
    var tokens: [Token] = []
    var rest = text[...]
    while let character = rest.popFirst() {
      switch character {
      case "*":
        if tokens.last != .any { tokens.append(.any) }
      case "?": tokens.append(.one)
      case "[":
        guard let set = Self.set(&rest, escapes) else { return nil }
        tokens.append(set)
      case "\\" where escapes:
        guard let next = rest.popFirst() else { return nil }
        tokens.append(.literal(next))
      default: tokens.append(.literal(character))
      }
    }
    self.tokens = tokens
  }

  private static func set(_ rest: inout Substring, _ escapes: Bool) -> Token? {
    var ranges: [ClosedRange<Character>] = []
    let negated = rest.first == "!" || rest.first == "^"
    if negated { rest.removeFirst() }
    while var low = rest.popFirst() {
      // A closing bracket at the beginning of a set is a member of the set.
      if low == "]", !ranges.isEmpty { return .set(ranges, negated: negated) }
      if escapes, low == "\\", let next = rest.popFirst() { low = next }
      var end = rest.dropFirst()
      if rest.first == "-", var high = end.popFirst(), high != "]" {
        if escapes, high == "\\", let next = end.popFirst() { high = next }
        guard low <= high else { return nil }
        rest = end
        ranges.append(low...high)
      } else {
        ranges.append(low...low)
      }
    }
    return nil
  }

  /// Whether the pattern matches all of `name`. The time is at worst proportional to the product of both lengths.
  public func matches(_ name: String) -> Bool {
    var (position, token) = (name.startIndex, 0)
    var star: (position: String.Index, token: Int)?
    while position < name.endIndex {
      if token < tokens.count, tokens[token] == .any {
        token += 1
        star = (position, token)
      } else if token < tokens.count, matches(tokens[token], name[position]) {
        token += 1
        position = name.index(after: position)
      } else if let last = star {
        // Let the last star match one more character. Earlier stars need not be tried again.
        position = name.index(after: last.position)
        token = last.token
        star = (position, token)
      } else {
        return false
      }
    }
    return tokens[token...].allSatisfy { $0 == .any }
  }

  private func matches(_ token: Token, _ character: Character) -> Bool {
    switch token {
    case .any: false
    case .one: true
    case .literal(let literal): literal == character
    case .set(let ranges, let negated): ranges.contains { $0.contains(character) } != negated
    }
  }
}
