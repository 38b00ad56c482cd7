internal import Glibc
public import SystemPackage

/// An open file or folder, closed with its last reference.
public final class OpenFile {
  /// Its descriptor, which is valid as long as the object.
  public let descriptor: FileDescriptor
  /// The path that it was opened by; for a file without a name, words for it.
  public let path: String

  /// Opens a file or folder. Programs that this one starts don't inherit it.
  ///
  /// - Parameters:
  ///   - path: the file; `EINVAL` if it contains a NUL, where the system would take the path for ended.
  ///   - mode: reading, writing or both.
  ///   - options: such as `.create`.
  ///   - permissions: those of a file that is created, less the umask.
  /// - Throws: `SystemError` with the call `open`.
  public init(
    _ path: String, _ mode: FileDescriptor.AccessMode, options: FileDescriptor.OpenOptions = [],
    permissions: FilePermissions = .ownerReadWrite
  ) throws(SystemError) {
    guard !path.utf8.contains(0) else {
      throw SystemError(call: "open", path: path, code: .invalidArgument)
    }
    self.path = path
    descriptor = try SystemError.reporting("open", path) {
      try FileDescriptor.open(path, mode, options: options.union(.closeOnExec), permissions: permissions)
    }
  }

  /// Opens an existing regular file for reading. Anything else is refused with `EINVAL`, without waiting for a writer.
  public convenience init(reading path: String) throws(SystemError) {
    try self.init(path, .readOnly, options: .nonBlocking)
    guard try status().st_mode & S_IFMT == S_IFREG else {
      throw SystemError(call: "open", path: path, code: .invalidArgument)
    }
  }

  /// Makes an empty file in `folder`. It has no name, so it goes with the process at the latest.
  ///
  /// - Parameters:
  ///   - folder: the folder whose disk holds the file.
  ///   - prefix: begins the name that the file has for a moment, and keeps after a crash in that moment.
  /// - Throws: `SystemError` with the call `mkstemp` if the folder takes no file.
  public init(temporaryIn folder: String, prefix: String) throws(SystemError) {
    path = "\(folder)/a temporary file"
    // mkstemp(3) puts a name that is free in the place of each X.
    var template = Array("\(folder)/\(prefix)XXXXXX".utf8CString)
    let number = mkstemp(&template)
    guard number >= 0 else { throw SystemError(call: "mkstemp", path: path) }
    unlink(template)
    descriptor = FileDescriptor(rawValue: number)
    try SystemError.checking("fcntl", path) { fcntl(number, F_SETFD, FD_CLOEXEC) }
  }

  // An error of close(2) says nothing of what was synced, and there is nobody left to hear it.
  deinit { try? descriptor.close() }

  private func status() throws(SystemError) -> stat {
    var status = stat()
    try SystemError.checking("stat", path) { fstat(descriptor.rawValue, &status) }
    return status
  }

  /// The size in bytes.
  public func size() throws(SystemError) -> Int { try status().st_size }

  /// Makes the content last over a power cut; of a folder, the names in it.
  public func sync() throws(SystemError) {
    try SystemError.checking("fsync", path) { fsync(descriptor.rawValue) }
  }

  /// Writes all of `bytes` where the last write ended.
  public func write(_ bytes: some Sequence<UInt8>) throws(SystemError) {
    try SystemError.reporting("write", path) { _ = try descriptor.writeAll(bytes) }
  }

  /// Reads from the current position to the end.
  ///
  /// - Parameter limit: the most bytes to return.
  /// - Returns: what was read, `limit` bytes at most.
  /// - Throws: `SystemError` with the call `read`; of a folder with `EISDIR`.
  public func readAll(limit: Int = .max) throws(SystemError) -> [UInt8] {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(limit, 65_536))
    while all.count < limit {
      let count = try SystemError.reporting("read", path) {
        try chunk.withUnsafeMutableBytes { try descriptor.read(into: $0) }
      }
      guard count > 0 else { break }
      all += chunk.prefix(min(count, limit - all.count))
    }
    return all
  }

  /// Reads 64 KiB from `offset` on, or less; nothing at the end of the file.
  public func bytes(at offset: Int) throws(SystemError) -> ArraySlice<UInt8> {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = try SystemError.reporting("read", path) {
      try chunk.withUnsafeMutableBytes { try descriptor.read(fromAbsoluteOffset: Int64(offset), into: $0) }
    }
    return chunk[..<count]
  }

  /// Calls `body` with the file's bytes from its start to its end, piece by piece, so that memory is bounded.
  public func forEachChunk(_ body: (ArraySlice<UInt8>) throws -> Void) throws {
    var offset = 0
    while case let chunk = try bytes(at: offset), !chunk.isEmpty {
      try body(chunk)
      offset += chunk.count
    }
  }
}
