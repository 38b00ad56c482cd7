/// Quotes words for systemd, a shell, cron and YAML.
enum Quoting {
  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  /// Whether a text needs no quotes in any of these formats.
  private static func isPlain(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { isAlphanumeric($0) || "/._-".utf8.contains($0) }
  }

  /// One word of a unit file, quoted as in systemd.syntax(7). A `%` is doubled, since it would start a specifier.
  ///
  /// A `$` is not escaped: the lines in which systemd replaces variables have a prefix that prevents it.
  static func systemd(_ text: String) -> String {
    guard !isPlain(text) else { return text }
    return "\"\(escaped(specifiers(text)))\""
  }

  /// Text of a unit file that isn't split into words.
  static func specifiers(_ text: String) -> String {
    text.map { $0 == "%" ? "%%" : String($0) }.joined()
  }

  /// One word of a shell command.
  static func shell(_ text: String) -> String {
    guard !isPlain(text) else { return text }
    return "'" + text.map { $0 == "'" ? "'\\''" : String($0) }.joined() + "'"
  }

  /// One YAML scalar. Text that could be read as a number, a boolean or null is quoted.
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
