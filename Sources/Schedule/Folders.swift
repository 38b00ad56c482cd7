/// Which folders have to be named so that all are.
public enum Folders {
  /// Those of `folders` that are in no other, sorted; where they are more than `limit`, their parents instead.
  ///
  /// A fleet has an installation in each of 10,000 folders; a unit file that lists them all serves nobody.
  public static func outermost(_ folders: [String], limit: Int = 32) -> [String] {
    var paths = outermost(folders.map { $0.split(separator: "/") })
    // A top-level folder such as /srv is as far up as this goes.
    while paths.count > limit, let depth = paths.map(\.count).max(), depth > 1 {
      paths = outermost(paths.map { Array($0.prefix(depth - 1)) })
    }
    return paths.map { "/" + $0.joined(separator: "/") }
  }

  private static func outermost(_ paths: [[Substring]]) -> [[Substring]] {
    var kept: [[Substring]] = []
    for path in paths.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      if let last = kept.last, path.starts(with: last) { continue }
      kept.append(path)
    }
    return kept
  }

  /// Whether `path` is `folder` or in it.
  public static func contains(_ folder: String, _ path: String) -> Bool {
    path == folder || path.hasPrefix(folder.hasSuffix("/") ? folder : folder + "/")
  }
}
