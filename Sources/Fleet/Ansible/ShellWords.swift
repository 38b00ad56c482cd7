/// Splits text into words by the rules of a POSIX shell, without expansions. (Shell Command Language, 2.2)
enum ShellWords {
  /// The words; nil if a quotation mark is not closed, or if the last character is a backslash.
  static func split(_ text: String) -> [String]? {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var rest = text[...]
    while let character = rest.popFirst() {
      switch (quote, character) {
      case (nil, "'"), (nil, "\""):
        quote = character
        word = word ?? ""
      case (.some(let open), _) where open == character: quote = nil
      case (nil, "\\"):
        guard let next = rest.popFirst() else { return nil }
        if next != "\n" { word = (word ?? "") + String(next) }
      case ("\"", "\\"):
        guard let next = rest.popFirst() else { return nil }
        if next == "\n" { continue }
        word = (word ?? "") + ("$`\"\\".contains(next) ? "" : "\\") + String(next)
      case (nil, _) where character.isWhitespace:
        if let word { words.append(word) }
        word = nil
      default: word = (word ?? "") + String(character)
      }
    }
    guard quote == nil else { return nil }
    return words + (word.map { [$0] } ?? [])
  }
}

/// The options of OpenSSH's client.
enum SSHOptions {
  /// The options that take a value. (ssh(1), SYNOPSIS)
  private static let withValue = Set("BbcDEeFIiJLlmOoPpQRSWw")
  private static let flags = Set("46AaCfGgKkMNnqsTtVvXxYy")

  /// The first word that is neither an option nor the value of one; ssh would read it as the host. Nil if there is
  /// none.
  static func stray(in words: [String]) -> String? {
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("-"), word.count > 1 else { return word }
      var letters = word.dropFirst()
      while let letter = letters.popFirst() {
        if withValue.contains(letter) {
          // The value is the rest of this word, or the next word.
          if letters.isEmpty, rest.popFirst() == nil { return word }
          break
        }
        guard flags.contains(letter) else { return word }
      }
    }
    return nil
  }
}
