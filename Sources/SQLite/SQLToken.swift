/// A token of an SQL text, as in SQLite's own tokenizer (https://sqlite.org/lang_keywords.html,
/// https://sqlite.org/lang_expr.html#literal_values_constants_).
public struct SQLToken: Hashable, Sendable {
  /// The kinds of tokens.
  public enum Kind: Hashable, Sendable {
    /// A keyword or a bare name.
    case word
    /// A name in double quotes, brackets or backticks.
    case quotedName
    /// A literal in single quotes.
    case string
    /// A number.
    case number
    /// `X'…'`.
    case blob
    /// A parameter such as `?1` or `:name`.
    case parameter
    /// An operator or punctuation.
    case symbol
  }

  /// The kind of the token.
  public let kind: Kind
  /// The text: a quoted name without its quotes, everything else as written.
  public let text: String
  /// The position of the token, in bytes from the start of the SQL text.
  public let range: Range<Int>

  /// Whether the token is this keyword. A quoted name is never a keyword.
  public func isKeyword(_ keyword: String) -> Bool {
    kind == .word && text.utf8.count == keyword.utf8.count
      && zip(text.utf8, keyword.utf8).allSatisfy { $0.folded == $1.folded }
  }

  /// Whether the token is this operator or punctuation.
  public func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }

  /// Whether the token is a word (a name or keyword) or a quoted name.
  public var isName: Bool { kind == .word || kind == .quotedName }

  /// The token as a name, in lower case and without quotes. SQLite also accepts a string as a name.
  public var name: String {
    guard kind == .string else { return text.folded }
    let content = text.dropFirst().dropLast()
    return content.split(separator: "''", omittingEmptySubsequences: false).joined(separator: "'").folded
  }

  /// The token without differences in case, quoting of names, and spelling of operators.
  public var normal: String {
    switch kind {
    case .word, .quotedName, .blob, .number: text.folded
    case .string, .parameter: text
    case .symbol: text == "==" ? "=" : text == "<>" ? "!=" : text
    }
  }
}

/// Divides SQL text into tokens. Space and comments are left out. If the text ends within a literal, the token ends
/// there too.
///
/// ```swift
/// for token in SQLTokenizer("SELECT a FROM \"b c\" -- why") {
///   print(token.kind, token.text)  // word SELECT, word a, word FROM, quotedName b c
/// }
/// ```
///
/// See also ``SQLToken`` and ``SQLScript``.
public struct SQLTokenizer: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var position = 0
  /// The positions of the `--` comments that were skipped so far, in bytes from the start of the text.
  public private(set) var lineComments: [Int] = []
  /// The position of the literal or comment in which the text ended; nil if it didn't end in one.
  public private(set) var unclosed: Int?

  /// Creates a tokenizer at the beginning of `sql`.
  public init(_ sql: String) { bytes = Array(sql.utf8) }

  /// Returns the next token, or nil at the end.
  public mutating func next() -> SQLToken? {
    skipSpaceAndComments()
    guard position < bytes.count else { return nil }
    let start = position
    switch bytes[position] {
    case UInt8(ascii: "'"): return quoted(from: start, close: UInt8(ascii: "'"), kind: .string)
    case UInt8(ascii: "\""): return quoted(from: start, close: UInt8(ascii: "\""), kind: .quotedName)
    case UInt8(ascii: "`"): return quoted(from: start, close: UInt8(ascii: "`"), kind: .quotedName)
    case UInt8(ascii: "["): return quoted(from: start, close: UInt8(ascii: "]"), kind: .quotedName)
    case UInt8(ascii: "x") where peek(1) == UInt8(ascii: "'"),
      UInt8(ascii: "X") where peek(1) == UInt8(ascii: "'"):
      position += 1
      return quoted(from: start, close: UInt8(ascii: "'"), kind: .blob)
    case UInt8(ascii: "?"), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "$"):
      position += 1
      advance { Self.isWord($0) }
      return token(.parameter, from: start)
    case let byte
    where Self.isDigit(byte) || (byte == UInt8(ascii: ".") && peek(1).map(Self.isDigit) == true):
      return number(from: start)
    case let byte where Self.isWord(byte):
      advance { Self.isWord($0) }
      return token(.word, from: start)
    default: return symbol(from: start)
    }
  }

  private func peek(_ offset: Int) -> UInt8? {
    position + offset < bytes.count ? bytes[position + offset] : nil
  }

  private mutating func advance(while holds: (UInt8) -> Bool) {
    while position < bytes.count, holds(bytes[position]) { position += 1 }
  }

  private mutating func skipSpaceAndComments() {
    while let byte = peek(0) {
      if byte == 0x20 || (0x09...0x0d).contains(byte) {
        position += 1
      } else if byte == 0xef, peek(1) == 0xbb, peek(2) == 0xbf {
        position += 3  // a byte order mark
      } else if byte == UInt8(ascii: "-"), peek(1) == UInt8(ascii: "-") {
        lineComments.append(position)
        advance { $0 != UInt8(ascii: "\n") }
      } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
        let start = position
        position += 2
        while let byte = peek(0), !(byte == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/")) {
          position += 1
        }
        if position >= bytes.count { unclosed = start }
        position = Swift.min(position + 2, bytes.count)
      } else {
        return
      }
    }
  }

  private func token(_ kind: SQLToken.Kind, from start: Int) -> SQLToken {
    SQLToken(
      kind: kind, text: String(decoding: bytes[start..<position], as: UTF8.self), range: start..<position)
  }

  /// Reads a literal or quoted name. A doubled closing quote is part of the content.
  private mutating func quoted(from start: Int, close: UInt8, kind: SQLToken.Kind) -> SQLToken {
    position += 1
    var content: [UInt8] = []
    var isClosed = false
    while let byte = peek(0) {
      position += 1
      if byte == close {
        isClosed = close == UInt8(ascii: "]") || peek(0) != close
        guard !isClosed else { break }
        position += 1
      }
      content.append(byte)
    }
    if !isClosed { unclosed = start }
    guard kind == .quotedName else { return token(kind, from: start) }
    return SQLToken(kind: kind, text: String(decoding: content, as: UTF8.self), range: start..<position)
  }

  private mutating func number(from start: Int) -> SQLToken {
    advance { Self.isWord($0) || $0 == UInt8(ascii: ".") }
    let exponent = bytes[position - 1] == UInt8(ascii: "e") || bytes[position - 1] == UInt8(ascii: "E")
    let isHex =
      position > start + 1 && bytes[start] == UInt8(ascii: "0")
      && bytes[start + 1] | 0x20 == UInt8(ascii: "x")
    if exponent, !isHex, let sign = peek(0), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      position += 1
      advance { Self.isDigit($0) }
    }
    return token(.number, from: start)
  }

  private mutating func symbol(from start: Int) -> SQLToken {
    let pair = peek(1).map { [bytes[position], $0] } ?? []
    let pairs = ["<=", ">=", "<>", "!=", "==", "||", "<<", ">>", "->"]
    position += pairs.contains { Array($0.utf8) == pair } ? 2 : 1
    if bytes[start..<position].elementsEqual("->".utf8), peek(0) == UInt8(ascii: ">") { position += 1 }
    return token(.symbol, from: start)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: "$") || byte >= 0x80
  }
}
