/// Replaces `{{ NAME }}` in the variables of a host, if NAME is another variable of that host. All other Jinja syntax
/// is refused: a wrong guess would be the path of another database.
struct AnsibleTemplate {
  let host: String
  let variables: [String: String]

  /// References nested deeper than this count as a cycle.
  private static let deepest = 20

  /// Returns `text`, the value of the variable `name`, with its references replaced.
  ///
  /// - Throws: `AnsibleRefusal` if the text contains anything but simple references, or if a reference can't be
  ///   resolved.
  func filled(_ text: String, of name: String) throws(AnsibleRefusal) -> String {
    try filled(text, of: name, depth: 0)
  }

  private func filled(_ text: String, of name: String, depth: Int) throws(AnsibleRefusal) -> String {
    guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
    guard !text.contains("{%"), !text.contains("{#") else { throw notUnderstood(text, name) }
    guard depth < Self.deepest else {
      throw AnsibleRefusal(.invalidValue, "\(name) refers to itself, by way of other variables")
    }
    var (result, rest) = ("", text[...])
    while let start = rest.firstRange(of: "{{") {
      result += rest[..<start.lowerBound]
      rest = rest[start.upperBound...]
      guard let end = rest.firstRange(of: "}}") else { throw notUnderstood(text, name) }
      let reference = Self.trimmed(rest[..<end.lowerBound])
      guard Self.isName(reference) else { throw notUnderstood(text, name) }
      guard let value = value(reference) else {
        throw AnsibleRefusal(
          .invalidValue, "\(name) refers to {{ \(reference) }}, which the host doesn't have")
      }
      result += try filled(value, of: name, depth: depth + 1)
      rest = rest[end.upperBound...]
    }
    return result + rest
  }

  private func value(_ name: String) -> String? {
    switch name {
    case "inventory_hostname": host
    case "inventory_hostname_short": host.split(separator: ".").first.map(String.init) ?? host
    case "ansible_host": variables[name] ?? host
    default: variables[name]
    }
  }

  private func notUnderstood(_ text: String, _ name: String) -> AnsibleRefusal {
    AnsibleRefusal(
      .invalidValue,
      "\(name) is \"\(text.prefix(200))\": only {{ NAME }} is understood, with the name of a variable of the host"
    )
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.first, first == "_" || (first.isASCII && first.isLetter) else { return false }
    return text.allSatisfy { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
  }
}
