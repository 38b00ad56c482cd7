/// Reduces a list of folders to the outermost ones.
public enum Folders {
  /// The folders that are not within another one, sorted. If there are more than `limit`, their parents are used
  /// instead.
  ///
  /// A fleet may have installations in 10,000 folders, and a unit file with all of them would be useless.
  public static func outermost(_ folders: [String], limit: Int = 32) -> [String] {
    var paths = outermost(folders.map { $0.split(separator: "/") })
    // This stops at top-level folders such as /srv.
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
