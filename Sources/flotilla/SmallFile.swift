import Basics
import FoundationEssentials
import Glibc

/// Files such as units, which are read and written whole.
enum SmallFile {
  /// Its bytes; nil where there is none.
  static func read(_ path: String) throws -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    if file < 0, errno == ENOENT || errno == ENOTDIR { return nil }
    guard file >= 0 else { throw Self.refusal(path, "can't be read") }
    defer { close(file) }
    var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
    while true {
      let count = Glibc.read(file, &buffer, buffer.count)
      guard count >= 0 else { throw Self.refusal(path, "can't be read") }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }

  /// Writes it, mode 0644; it appears under its name when it is whole and synced. Folders on the way are made.
  static func write(_ text: String, to path: String) throws {
    let folder = parentFolder(of: path)
    do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
      throw UsageError("\(folder) can't be made; are you allowed to?")
    }
    let temporary = "\(path).\(getpid()).tmp"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard file >= 0 else { throw Self.refusal(path, "can't be written") }
    let bytes = Array(text.utf8)
    let isWritten =
      Glibc.write(file, bytes, bytes.count) == bytes.count && fchmod(file, 0o644) == 0 && fsync(file) == 0
    let isClosed = close(file) == 0
    guard isWritten, isClosed, rename(temporary, path) == 0 else {
      let refusal = Self.refusal(path, "can't be written")
      unlink(temporary)
      throw refusal
    }
    sync(folder)
  }

  /// Takes it away.
  ///
  /// - Returns: whether it was there.
  static func remove(_ path: String) throws -> Bool {
    if unlink(path) == 0 { return true }
    guard errno == ENOENT || errno == ENOTDIR else { throw Self.refusal(path, "can't be removed") }
    return false
  }

  private static func sync(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private static func refusal(_ path: String, _ what: String) -> UsageError {
    UsageError("\(path) \(what): \(strerror(errno).map { String(cString: $0) } ?? "error \(errno)")")
  }
}
