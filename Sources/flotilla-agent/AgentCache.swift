import Basics
import Glibc

/// The folder with the agents that were sent to this host, each named by its SHA-256.
struct AgentCache {
  private let folder: String
  private let own: String

  /// How long an agent may stay unused, in seconds. An agent that hasn't been started for a week is of an obsolete
  /// version.
  private static let longestUnused = 7 * 24 * 3600

  /// The folder of the agent that was started as `path`; nil if that agent was not sent.
  init?(startedAs path: String) {
    guard path.contains("/") else { return nil }
    (folder, own) = (parentFolder(of: path), fileName(of: path))
    guard own.isSHA256 else { return nil }
  }

  /// Removes agents that are no longer used, and the remains of incomplete transfers.
  func tidy() {
    // The modification time of an agent says when it was last started.
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
