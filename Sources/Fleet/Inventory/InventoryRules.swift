internal import Basics

/// The rules for ids, hosts and users.
enum InventoryRules {
  /// The maximum length of an id in bytes of UTF-8. Paths can be four times as long, but messages become unreadable.
  private static let longest = 1_000

  /// Why `id` is not allowed as an id; nil if it is.
  static func problem(id: String) -> String? {
    switch id {
    case "": return "an id must not be empty"
    case ".", "..": return "\"\(id)\" can't be an id"
    case "all", "*": return "\"\(id)\" can't be an id: as a pattern it means every installation"
    default: break
    }
    if id.hasControlCharacter {
      return "id \"\(id.harmless())\" must not contain a line break or another control character"
    }
    if id.utf8.count > longest {
      return "id \"\(id.prefix(40))…\" is too long: \(id.utf8.count) bytes, at most \(longest) are allowed"
    }
    return nil
  }

  /// Why the name of an Ansible host is not allowed as an id; nil if it is.
  static func problem(hostID name: String) -> String? {
    name.contains("/") ? "id \"\(name)\" must not contain \"/\"" : problem(id: name)
  }

  /// Why `word` is not allowed as a host or a user; nil if it is. ssh would read a leading dash as an option.
  static func problem(_ kind: String, _ word: String) -> String? {
    if word.isEmpty { return "a \(kind) must not be empty" }
    if word.hasPrefix("-") { return "\(kind) \"\(word.harmless())\" must not begin with \"-\"" }
    guard !word.hasControlCharacter, !word.contains(where: \.isWhitespace) else {
      return "\(kind) \"\(word.harmless())\" must not contain a space or a control character"
    }
    return nil
  }

}
