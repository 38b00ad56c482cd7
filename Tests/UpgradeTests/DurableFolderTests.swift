import Foundation
import Glibc
import TestSupport
import Testing

@testable import Upgrade

/// Folders for backups, which many lanes make and remove at once.
@Suite struct DurableFolderTests {
  @Test(.timeLimit(.minutes(2)))
  func `a file is made although others remove its folder whenever it is empty`() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("runs/one")
    let made = await withTaskGroup(of: Int.self) { group in
      for lane in 0..<8 {
        group.addTask {
          (0..<200).count { round in
            let file = "\(path)/\(lane)-\(round)"
            guard let descriptor = try? BackupWriter.open(newFile: file, O_WRONLY) else { return false }
            close(descriptor)
            unlink(file)
            rmdir(path)
            return true
          }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(made == 8 * 200)
  }

  @Test func `a folder is made with those above it, for this user alone`() throws {
    let folder = try TemporaryFolder()
    try DurableFolder.make(folder.file("a/b/c"))
    for name in ["a", "a/b", "a/b/c"] {
      let mode =
        try FileManager.default.attributesOfItem(atPath: folder.file(name))[.posixPermissions] as? Int
      #expect(mode == 0o700)
    }
    try FileManager.default.removeItem(atPath: folder.file("a"))
    try DurableFolder.make(folder.file("a/b/c"))
    #expect(FileManager.default.fileExists(atPath: folder.file("a/b/c")))
  }

  @Test func `a folder that can't be made is a failure`() throws {
    let folder = try TemporaryFolder()
    try folder.write("", to: "file")
    #expect(throws: Failure.self) { try DurableFolder.make(folder.file("file/a")) }
  }
}
