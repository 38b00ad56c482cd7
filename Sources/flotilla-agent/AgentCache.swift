import Basics
import Glibc

/// The folder that agents are sent to, each under its SHA-256.
struct AgentCache {
  private let folder: String
  private let own: String

  /// An agent that nobody started for a week is of a version that nobody has any more, in seconds.
  private static let longestUnused = 7 * 24 * 3600

  /// The folder of the agent that was started as `path`; nil where that isn't one that was sent.
  init?(startedAs path: String) {
    guard path.contains("/") else { return nil }
    (folder, own) = (parentFolder(of: path), fileName(of: path))
    guard own.isSHA256 else { return nil }
  }

  /// Removes agents that are not in use any more, and what was left of one that never arrived whole.
  func tidy() {
    // The time of a file is when it was last started.
    utimensat(AT_FDCWD, "\(folder)/\(own)", nil, 0)
    let now = time(nil)
    for name in (try? namesInFolder(folder)) ?? [] {
      var status = stat()
      guard name != own, name.prefix(while: { $0 != "." }).isSHA256,
        lstat("\(folder)/\(name)", &status) == 0, now - status.st_mtim.tv_sec > Self.longestUnused
      else { continue }
      unlink("\(folder)/\(name)")
    }
  }
}
