import Foundation
import TestSupport

/// A small file system that only a child process sees.
enum SmallMount {
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
