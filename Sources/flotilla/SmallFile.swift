import Basics
import FoundationEssentials
import Glibc
import SystemPackage

/// Reads and writes small files, such as units, as a whole.
enum SmallFile {
  /// The content of a file; nil if it doesn't exist.
  static func read(_ path: String) throws -> [UInt8]? {
    do throws(SystemError) {
      return try readFile(path)
    } catch {
      if [.noSuchFileOrDirectory, .notDirectory].contains(error.code) { return nil }
      throw UsageError("\(path) can't be read: \(error.text)")
    }
  }

  /// Writes a file with mode 0644. It appears under its name when it is complete and synced. Missing folders are
  /// created.
  static func write(_ text: String, to path: String) throws {
    let folder = parentFolder(of: path)
    do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
      throw UsageError("\(folder) can't be made; are you allowed to?")
    }
    do throws(SystemError) {
      let file = try UnfinishedFile(path, temporary: "\(path).\(getpid()).tmp")
      try file.write(text.utf8)
      try file.publish(permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch {
      throw UsageError("\(path) can't be written: \(error.text)")
    }
  }

  /// Removes a file.
  ///
  /// - Returns: whether it existed.
  static func remove(_ path: String) throws -> Bool {
    if unlink(path) == 0 { return true }
    guard errno == ENOENT || errno == ENOTDIR else {
      throw UsageError("\(path) can't be removed: \(Errno.last)")
    }
    return false
  }
}
