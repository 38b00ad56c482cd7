/// The syntax of glob(3) patterns for paths, in which `*` doesn't match a slash and `\` escapes a character. See also
/// `Glob`, which is for names.
public enum FilePattern {
  /// Escapes the characters of `path` that have a special meaning in a pattern.
  public static func escaped(_ path: String) -> String {
    var result = ""
    for character in path {
      if "*?[]\\".contains(character) { result.append("\\") }
      result.append(character)
    }
    return result
  }

  /// The folder from which a pattern starts: the parts before its first wildcard, without the file name.
  ///
  /// Installations that the pattern will match in the future are in this folder too.
  public static func start(of pattern: String) -> String {
    var folder = ""
    for part in pattern.split(separator: "/").dropLast() {
      guard let plain = unescaped(part) else { break }
      folder += "/" + plain
    }
    return folder.isEmpty ? "/" : folder
  }

  private static func unescaped(_ part: Substring) -> String? {
    var (plain, isEscaped) = ("", false)
    for character in part {
      if !isEscaped, "*?[{~".contains(character) { return nil }
      isEscaped = !isEscaped && character == "\\"
      if !isEscaped { plain.append(character) }
    }
    return plain
  }
}
