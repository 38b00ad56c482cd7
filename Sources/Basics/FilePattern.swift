/// The syntax of glob(3) patterns over paths, in which `*` doesn't match a slash and `\` escapes. See also `Glob`, which
/// is for names.
public enum FilePattern {
  /// `path` with the characters escaped that a pattern takes for something else.
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
  /// An installation that comes later, and that the same pattern finds, is in it as well.
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
