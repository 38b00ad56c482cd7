internal import Glibc
public import SystemPackage

/// An open file or folder, which is closed with its last reference.
public final class OpenFile {
  /// The file's descriptor, valid as long as the object exists.
  public let descriptor: FileDescriptor
  /// The path by which the file was opened; a description if the file has no name.
  public let path: String

  /// Opens a file or folder. Child processes don't inherit the descriptor.
  ///
  /// - Parameters:
  ///   - path: the path. If it contains a NUL, which the system would treat as its end, the error is `EINVAL`.
  ///   - mode: reading, writing or both.
  ///   - options: options such as `.create`.
  ///   - permissions: the permissions of a new file, reduced by the umask.
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

  /// Opens an existing regular file for reading. Anything else is refused with `EINVAL`, and a FIFO doesn't block.
  public convenience init(reading path: String) throws(SystemError) {
    try self.init(path, .readOnly, options: .nonBlocking)
    guard try status().st_mode & S_IFMT == S_IFREG else {
      throw SystemError(call: "open", path: path, code: .invalidArgument)
    }
  }

  /// Creates an empty file without a name in `folder`. It is removed with its last reference, at the latest when the
  /// process ends.
  ///
  /// - Parameters:
  ///   - folder: a folder on the disk that holds the file.
  ///   - prefix: the beginning of the file's temporary name. The name remains only after a crash before it is removed.
  /// - Throws: `SystemError` with the call `mkstemp` if no file can be created in the folder.
  public init(temporaryIn folder: String, prefix: String) throws(SystemError) {
    path = "\(folder)/a temporary file"
    // mkstemp(3) replaces the X's to form an unused name. mkostemp(3) is not declared to Swift.
    var template = Array("\(folder)/\(prefix)XXXXXX".utf8CString)
    let number = mkstemp(&template)
    guard number >= 0 else { throw SystemError(call: "mkstemp", path: path) }
    unlink(template)
    descriptor = FileDescriptor(rawValue: number)
    try SystemError.checking("fcntl", path) { fcntl(number, F_SETFD, FD_CLOEXEC) }
  }

  // An error of close(2) says nothing about synced content, and no caller could receive it.
  deinit { try? descriptor.close() }

  private func status() throws(SystemError) -> stat {
    var status = stat()
    try SystemError.checking("stat", path) { fstat(descriptor.rawValue, &status) }
    return status
  }

  /// The size in bytes.
  public func size() throws(SystemError) -> Int { try status().st_size }

  /// Syncs a file's content, or the names in a folder, to disk, so that they survive a power failure.
  public func sync() throws(SystemError) {
    try SystemError.checking("fsync", path) { fsync(descriptor.rawValue) }
  }

  /// Writes all of `bytes` at the current position.
  public func write(_ bytes: some Sequence<UInt8>) throws(SystemError) {
    try SystemError.reporting("write", path) { _ = try descriptor.writeAll(bytes) }
  }

  /// Reads from the current position to the end.
  ///
  /// - Parameter limit: the maximum number of bytes.
  /// - Returns: the bytes, at most `limit` of them.
  /// - Throws: `SystemError` with the call `read`; for a folder with `EISDIR`.
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

  /// Reads up to 64 KiB at `offset`; the result is empty only at the end of the file.
  public func bytes(at offset: Int) throws(SystemError) -> ArraySlice<UInt8> {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = try SystemError.reporting("read", path) {
      try chunk.withUnsafeMutableBytes { try descriptor.read(fromAbsoluteOffset: Int64(offset), into: $0) }
    }
    return chunk[..<count]
  }

  /// Calls `body` with each piece of the file in order, so that memory use is bounded.
  public func forEachChunk(_ body: (ArraySlice<UInt8>) throws -> Void) throws {
    var offset = 0
    while case let chunk = try bytes(at: offset), !chunk.isEmpty {
      try body(chunk)
      offset += chunk.count
    }
  }
}
