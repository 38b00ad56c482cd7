import Foundation
import TestSupport

/// A small file system that only a child process sees.
enum SmallMount {
  /// Whether a child may mount a file system of its own: root on most machines, not in every container.
  static let isPossible: Bool = {
    let script = "unshare -m sh -c 'mount -t tmpfs -o size=64k tmpfs \"$PWD\"'"
    guard let folder = try? TemporaryFolder() else { return false }
    return (try? Program.shell(script, in: folder.path))?.status == 0
  }()

  /// Runs a script in a mount namespace of its own, with a small file system at `small`.
  static func run(_ fleet: SmallFleet, size: String, _ script: String) throws -> ProgramResult {
    try FileManager.default.createDirectory(
      atPath: fleet.folder.file("small"), withIntermediateDirectories: true)
    try fleet.folder.write(script, to: "script.sh")
    return try Program.shell(
      "unshare -m sh -c 'mount -t tmpfs -o size=\(size) tmpfs small && sh -u script.sh'",
      in: fleet.folder.path)
  }
}
