import Basics
import FoundationEssentials
import Glibc
import SystemPackage

/// Files such as units, which are read and written whole.
enum SmallFile {
  /// Its bytes; nil where there is none.
  static func read(_ path: String) throws -> [UInt8]? {
    do throws(SystemError) {
      return try readFile(path)
    } catch {
      if [.noSuchFileOrDirectory, .notDirectory].contains(error.code) { return nil }
      throw UsageError("\(path) can't be read: \(error.text)")
    }
  }

  /// Writes it, mode 0644; it appears under its name when it is whole and synced. Folders on the way are made.
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

  /// Takes it away.
  ///
  /// - Returns: whether it was there.
  static func remove(_ path: String) throws -> Bool {
    if unlink(path) == 0 { return true }
    guard errno == ENOENT || errno == ENOTDIR else {
      throw UsageError("\(path) can't be removed: \(Errno.last)")
    }
    return false
  }
}
