public import Basics
internal import Glibc

/// A descriptor for the bytes of a database file that connections of this process have open, too.
///
/// Closing any descriptor of a file drops all POSIX locks that this process holds on it
/// (https://sqlite.org/howtocorrupt.html, 2.2). ``Connection/liveFile()`` keeps it open as long as the connection.
public final class LiveFile: Sendable {
  let descriptor: Int32
  private let path: String

  /// Opens the file at `path` for reading.
  ///
  /// - Parameter path: a path without symbolic links, such as `Connection.resolvedPath`.
  /// - Throws: `SystemError`.
  public init(_ path: String) throws(SystemError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { throw SystemError(call: "open", path: path) }
  }

  deinit { close(descriptor) }

  /// The size in bytes.
  func size() throws(SystemError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SystemError(call: "fstat", path: path) }
    return Int(status.st_size)
  }

  /// Fills the buffer with the bytes at `offset`. What is beyond the end of the file is zero.
  func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemError) {
    let count = readFully(descriptor, buffer, at: offset)
    guard count >= 0 else { throw SystemError(call: "read", path: path) }
    for index in count..<max(count, buffer.count) { buffer[index] = 0 }
  }
}
