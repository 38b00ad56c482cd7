/// A shell pattern over whole names: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`.
///
/// It works on characters, whatever the locale: `?` is one letter, also where that letter takes several bytes.
public struct Glob: Sendable, Hashable {
  private enum Token: Sendable, Hashable {
    case any
    case one
    case literal(Character)
    case set([ClosedRange<Character>], negated: Bool)
  }

  private let tokens: [Token]

  /// Whether the text holds a character that makes it a pattern.
  public static func isPattern(_ text: String) -> Bool {
    text.contains { "*?[".contains($0) }
  }

  /// Reads a pattern; nil where a `[` is not closed or holds a range that runs backwards.
  public init?(_ text: String) {
    var tokens: [Token] = []
    var rest = text[...]
    while let character = rest.popFirst() {
      switch character {
      case "*":
        if tokens.last != .any { tokens.append(.any) }
      case "?": tokens.append(.one)
      case "[":
        guard let set = Self.set(&rest) else { return nil }
        tokens.append(set)
      default: tokens.append(.literal(character))
      }
    }
    self.tokens = tokens
  }

  private static func set(_ rest: inout Substring) -> Token? {
    var ranges: [ClosedRange<Character>] = []
    let negated = rest.first == "!" || rest.first == "^"
    if negated { rest.removeFirst() }
    while let low = rest.popFirst() {
      // A bracket that comes first stands for itself.
      if low == "]", !ranges.isEmpty { return .set(ranges, negated: negated) }
      let end = rest.dropFirst()
      if rest.first == "-", let high = end.first, high != "]" {
        guard low <= high else { return nil }
        rest = end.dropFirst()
        ranges.append(low...high)
      } else {
        ranges.append(low...low)
      }
    }
    return nil
  }

  /// Whether the pattern matches all of `name`, in time proportional to the two lengths multiplied at worst.
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
        // Let the latest star take one character more; earlier stars need not be tried again.
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
