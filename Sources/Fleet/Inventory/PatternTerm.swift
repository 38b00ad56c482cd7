internal import Basics
internal import Schema

/// One term of a pattern.
struct PatternTerm: Sendable, Hashable {
  enum Role: Sendable, Hashable {
    case adds, narrows, takesAway
  }

  enum Matcher: Sendable, Hashable {
    case everything
    case name(String)
    case glob(Glob)
    /// Stored as text, since a compiled `Regex` is not Sendable.
    case expression(String)
    /// What a recorded run says of installations.
    case run(RunSelector)
  }

  /// A range of positions among the matches of a term, including the last; negative positions count from the end.
  struct Positions: Sendable, Hashable {
    let first: Int
    let last: Int

    func pick(from indices: [Int]) -> [Int] {
      let low = first < 0 ? indices.count + first : first
      let high = last < 0 ? indices.count + last : min(last, indices.count - 1)
      guard low >= 0, low <= high, high < indices.count else { return [] }
      return Array(indices[low...high])
    }
  }

  let role: Role
  let matcher: Matcher
  let positions: Positions?

  init(role: Role, matcher: Matcher, positions: Positions? = nil) {
    self.role = role
    self.matcher = matcher
    self.positions = positions
  }

  init(_ text: String, of pattern: String) throws(PatternError) {
    var body: Substring
    (role, body) = Self.role(of: text)
    guard !body.isEmpty else { throw PatternError(.emptyTerm, pattern: pattern, term: String(body)) }
    if body.first == "~" {
      let expression = String(body.dropFirst())
      guard !expression.isEmpty, (try? Regex(expression)) != nil else {
        throw PatternError(.expression, pattern: pattern, term: String(body))
      }
      (matcher, positions) = (.expression(expression), nil)
      return
    }
    positions = Self.positions(&body)
    if body.first == "\"" {
      matcher = .name(try Self.unquoted(body, of: pattern))
      return
    }
    let name = String(body)
    if name == "all" || name == "*" {
      matcher = .everything
    } else if Glob.isPattern(name) {
      guard let glob = Glob(name) else { throw PatternError(.brackets, pattern: pattern, term: name) }
      matcher = .glob(glob)
    } else {
      matcher = .name(name)
    }
  }

  /// The role of a term, and what follows its `!` or `&`.
  static func role(of text: String) -> (role: Role, body: Substring) {
    let body = trimmed(text[...])
    switch body.first {
    case "!": return (.takesAway, trimmed(body.dropFirst()))
    case "&": return (.narrows, trimmed(body.dropFirst()))
    default: return (.adds, body)
    }
  }

  /// The name in quotes, in which a quote is doubled.
  private static func unquoted(_ body: Substring, of pattern: String) throws(PatternError) -> String {
    let inside = String(body.dropFirst().dropLast())
    guard body.count > 1, body.last == "\"", !inside.replacing("\"\"", with: "").contains("\"") else {
      throw PatternError(.quotes, pattern: pattern, term: String(body))
    }
    guard !inside.isEmpty else { throw PatternError(.emptyTerm, pattern: pattern, term: String(body)) }
    return inside.replacing("\"\"", with: "\"")
  }

  /// Removes a trailing `[n]`, `[-n]`, `[a:b]` or `[a:]` and returns it, unless it is the whole term.
  static func positions(_ body: inout Substring) -> Positions? {
    guard body.last == "]", let open = body.lastIndex(of: "["), open > body.startIndex else { return nil }
    let inside = body[body.index(after: open)...].dropLast()
    let parts = inside.split(separator: ":", omittingEmptySubsequences: false)
    let positions: Positions
    if parts.count == 1, let number = wholeNumber(inside.first == "-" ? inside.dropFirst() : inside) {
      let position = inside.first == "-" ? -number : number
      positions = Positions(first: position, last: position)
    } else if parts.count == 2, let first = wholeNumber(parts[0]), parts[1].isEmpty {
      positions = Positions(first: first, last: .max)
    } else if parts.count == 2, let first = wholeNumber(parts[0]), let last = wholeNumber(parts[1]) {
      positions = Positions(first: first, last: last)
    } else {
      return nil
    }
    body = body[..<open]
    return positions
  }

  static func trimmed(_ text: Substring) -> Substring {
    let start = text.drop { $0.isWhitespace }
    return start.lastIndex { !$0.isWhitespace }.map { start[...$0] } ?? ""
  }
}
