/// Words as systemd, a shell, cron and YAML read them back.
enum Quoting {
  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  /// Whether every reader takes the text as it stands.
  private static func isPlain(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { isAlphanumeric($0) || "/._-".utf8.contains($0) }
  }

  /// One word of a unit file: quoted as in systemd.syntax(7), with `%` doubled, which else names a specifier.
  ///
  /// A `$` stays: the lines in which systemd replaces variables are told not to.
  static func systemd(_ text: String) -> String {
    guard !isPlain(text) else { return text }
    return "\"\(escaped(specifiers(text)))\""
  }

  /// Text of a unit file that isn't divided into words.
  static func specifiers(_ text: String) -> String {
    text.map { $0 == "%" ? "%%" : String($0) }.joined()
  }

  /// One word of a shell command.
  static func shell(_ text: String) -> String {
    guard !isPlain(text) else { return text }
    return "'" + text.map { $0 == "'" ? "'\\''" : String($0) }.joined() + "'"
  }

  /// One YAML scalar. What could be read as a number, a truth value or null is quoted.
  static func yaml(_ text: String) -> String {
    let startsPlain = text.utf8.first.map { $0 == UInt8(ascii: "/") || isLetter($0) } ?? false
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    if startsPlain, isPlain(text), !words.contains(text.lowercased()) { return text }
    return "\"\(escaped(text))\""
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func escaped(_ text: String) -> String {
    text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
  }
}
