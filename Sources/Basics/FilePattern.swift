/// A pattern for the absolute paths of files.
///
/// ```swift
/// let pattern = try FilePattern("/srv/actors/**/store.sqlite")
/// print(pattern.start)  // /srv/actors
/// let found = FileSearch(pattern)
/// ```
///
/// `*`, `?` and `[…]` match within one name, as in a ``Glob``, and `\` escapes a character. `**` between slashes stands
/// for any number of folders, or none. A wildcard doesn't match a dot at the beginning of a name. ``FileSearch`` finds
/// the files.
public struct FilePattern: Sendable, Hashable {
  /// What one part of the path must be.
  enum Part: Sendable, Hashable {
    /// This name.
    case name(String)
    /// A name that the wildcards match. If `isHidden`, the pattern itself begins with a dot.
    case wildcard(Glob, isHidden: Bool)
    /// Any number of folders.
    case folders
  }

  /// Why a text is not a pattern for files.
  public enum Mistake: Error, Sendable {
    /// `**` is only a part of a name.
    case foldersInName
    /// `..` follows a wildcard.
    case parentAfterWildcard
    /// The pattern ends with a slash, so it would match folders.
    case folder
    /// A `[` is not closed, a range runs backwards, or nothing follows a `\`.
    case brackets
    /// The pattern has a character class, such as `[[:digit:]]`.
    case characterClass
  }

  /// The folder before the first wildcard: all matches are in it, also those of the future.
  public let start: String
  /// What follows in the path after `start`. Two `.folders` never follow each other, and it isn't the last part.
  let parts: [Part]
  /// Whether no two matches can have the same file name without its extension: all are in one folder, and the pattern
  /// ends with a fixed extension.
  public let hasDistinctNames: Bool

  /// Parses a pattern, which must be absolute.
  ///
  /// - Throws: `Mistake` if it can't be a pattern for files.
  public init(_ pattern: String) throws(Mistake) {
    guard !pattern.hasSuffix("/") else { throw .folder }
    var (folder, parts) = ("", [Part]())
    let texts = pattern.split(separator: "/").filter { $0 != "." }
    for (number, text) in texts.enumerated() {
      let part = try Self.part(text)
      if parts.isEmpty, number < texts.count - 1, case .name(let name) = part {
        folder += "/" + name
      } else if part == .name("..") {
        throw .parentAfterWildcard
      } else if part != .folders || parts.last != .folders {
        parts.append(part)
      }
    }
    // `a/**` matches all files below `a`.
    if parts.last == .folders { parts.append(try Self.part("*")) }
    start = folder.isEmpty ? "/" : folder
    self.parts = parts
    hasDistinctNames = parts.count == 1 && Self.hasFixedExtension(texts.last ?? "")
  }

  private static func hasFixedExtension(_ name: Substring) -> Bool {
    guard name.contains(where: { "*?[".contains($0) }) else { return true }
    guard let dot = name.lastIndex(of: ".") else { return false }
    return !name[dot...].contains { "*?[]\\".contains($0) }
  }

  private static func part(_ text: Substring) throws(Mistake) -> Part {
    if text == "**" { return .folders }
    var (plain, isEscaped, isWild, last) = ("", false, false, Character("/"))
    for character in text {
      if !isEscaped, "*?[".contains(character) {
        if character == "*", last == "*" { throw .foldersInName }
        isWild = true
      }
      last = isEscaped ? "\\" : character
      isEscaped = !isEscaped && character == "\\"
      if !isEscaped { plain.append(character) }
    }
    guard isWild else { return .name(plain) }
    guard !text.contains("[:") else { throw .characterClass }
    guard let glob = Glob(String(text), escapes: true) else { throw .brackets }
    return .wildcard(glob, isHidden: text.hasPrefix(".") || text.hasPrefix(#"\."#))
  }

  /// Escapes the characters of `path` that have a special meaning in a pattern.
  public static func escaped(_ path: String) -> String {
    var result = ""
    for character in path {
      if "*?[]\\".contains(character) { result.append("\\") }
      result.append(character)
    }
    return result
  }
}
