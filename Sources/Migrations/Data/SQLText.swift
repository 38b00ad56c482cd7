internal import SQLite

/// An SQL text with its tokens, to take pieces out of it. Positions are indices of tokens.
struct SQLText {
  let tokens: [SQLToken]
  private let bytes: [UInt8]

  init(_ sql: String) {
    tokens = Array(SQLTokenizer(sql))
    bytes = Array(sql.utf8)
  }

  var all: Range<Int> { tokens.indices }

  /// The text of a range of tokens, as written.
  func text(_ range: Range<Int>) -> String {
    guard let first = range.first, let last = range.last else { return "" }
    let place = tokens[first].range.lowerBound..<tokens[last].range.upperBound
    return String(decoding: bytes[place], as: UTF8.self)
  }

  func isKeyword(_ word: String, at index: Int) -> Bool {
    tokens.indices.contains(index) && tokens[index].isKeyword(word)
  }

  func isSymbol(_ symbol: String, at index: Int) -> Bool {
    tokens.indices.contains(index) && tokens[index].isSymbol(symbol)
  }

  func isOne(of words: Set<String>, at index: Int) -> Bool {
    tokens.indices.contains(index) && tokens[index].kind == .word && words.contains(tokens[index].text.folded)
  }

  /// The position of the parenthesis that closes the one at `open`.
  func closing(_ open: Int) -> Int? {
    var depth = 0
    for index in open..<tokens.count {
      if tokens[index].isSymbol("(") { depth += 1 }
      if tokens[index].isSymbol(")") { depth -= 1 }
      if depth == 0 { return index }
    }
    return nil
  }

  /// The positions in a range that are outside all parentheses within it.
  func outer(_ range: Range<Int>) -> [Int] {
    var depth = 0
    var found: [Int] = []
    for index in range {
      if tokens[index].isSymbol(")") { depth -= 1 }
      if depth == 0 { found.append(index) }
      if tokens[index].isSymbol("(") { depth += 1 }
    }
    return found
  }

  /// The first position of one of these keywords outside parentheses.
  func first(of words: Set<String>, in range: Range<Int>) -> Int? {
    outer(range).first { isOne(of: words, at: $0) }
  }

  /// The parts of a range between its commas outside parentheses.
  func parts(_ range: Range<Int>) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var start = range.lowerBound
    for comma in outer(range) where tokens[comma].isSymbol(",") {
      parts.append(start..<comma)
      start = comma + 1
    }
    return parts + (range.isEmpty ? [] : [start..<range.upperBound])
  }

  /// A name that may have a schema before it.
  ///
  /// - Returns: the name in lower case, and the position after it.
  func name(at index: Int) -> (name: String, next: Int)? {
    guard tokens.indices.contains(index) else { return nil }
    if isSymbol(".", at: index + 1), tokens.indices.contains(index + 2) {
      return (tokens[index + 2].name, index + 3)
    }
    return (tokens[index].name, index + 1)
  }

  /// The position after these keywords, as far as they follow each other from `index`.
  func after(_ words: [String], from index: Int) -> Int {
    var index = index
    for word in words where isKeyword(word, at: index) { index += 1 }
    return index
  }
}
