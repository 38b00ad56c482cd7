import Glibc

/// The folder that agents are sent to, each under its SHA-256.
struct AgentCache {
  private let folder: String
  private let own: String

  /// An agent that nobody started for a week is of a version that nobody has any more, in seconds.
  private static let longestUnused = 7 * 24 * 3600

  /// The folder of the agent that was started as `path`; nil where that isn't one that was sent.
  init?(startedAs path: String) {
    guard let slash = path.lastIndex(of: "/") else { return nil }
    (folder, own) = (String(path[..<slash]), String(path[path.index(after: slash)...]))
    guard Self.isDigest(own) else { return nil }
  }

  /// Removes agents that are not in use any more, and what was left of one that never arrived whole.
  func tidy() {
    // The time of a file is when it was last started.
    utimensat(AT_FDCWD, "\(folder)/\(own)", nil, 0)
    guard let stream = opendir(folder) else { return }
    defer { closedir(stream) }
    let now = time(nil)
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      var status = stat()
      guard name != own, Self.isDigest(name.split(separator: ".").first.map(String.init) ?? ""),
        lstat("\(folder)/\(name)", &status) == 0, now - status.st_mtim.tv_sec > Self.longestUnused
      else { continue }
      unlink("\(folder)/\(name)")
    }
  }

  private static func isDigest(_ name: String) -> Bool {
    name.utf8.count == 64 && name.allSatisfy { $0.isASCII && $0.isHexDigit }
  }
}
