internal import Basics
import Glibc

/// A failed system call: what was tried on what, and the error number.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The system call, such as `open`.
  public let call: String
  /// The file or folder that it was tried on.
  public let path: String
  /// `errno` after the call.
  public let number: Int32

  /// The system's words for the number.
  public var text: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// One sentence for the user.
  public var description: String { "\(path): \(call): \(text)" }
}

/// An open file, closed with its last reference.
package final class FileDescriptor {
  package let number: Int32
  let path: String

  /// Opens an existing regular file.
  package convenience init(reading path: String) throws(SystemError) {
    try self.init(path, O_RDONLY | O_NONBLOCK)
    guard try status().st_mode & S_IFMT == S_IFREG else {
      throw SystemError(call: "open", path: path, number: EINVAL)
    }
  }

  init(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws(SystemError) {
    number = open(path, flags | O_CLOEXEC, mode)
    self.path = path
    guard number >= 0 else { throw SystemError(call: "open", path: path, number: errno) }
  }

  /// Makes an empty file in the folder of another. It has no name, so that it goes with the process at the latest.
  package init(temporaryBeside neighbour: String) throws(SystemError) {
    let folder = parentFolder(of: neighbour)
    path = "\(folder)/a temporary file"
    // mkstemp(3) puts a name that is free in the place of each X.
    var template = Array("\(folder)/\(Folder.temporaryPrefix)XXXXXX".utf8CString)
    number = mkstemp(&template)
    guard number >= 0 else { throw SystemError(call: "mkstemp", path: path, number: errno) }
    unlink(template)
    try check("fcntl", fcntl(number, F_SETFD, FD_CLOEXEC))
  }

  deinit { if number >= 0 { close(number) } }

  func status() throws(SystemError) -> stat {
    var status = stat()
    try check("stat", fstat(number, &status))
    return status
  }

  func sync() throws(SystemError) { try check("fsync", fsync(number)) }

  /// The file's bytes, as many as `limit`.
  package func readAll(limit: Int) throws(SystemError) -> [UInt8] {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(limit, 64 * 1024))
    while all.count < limit {
      let count = try read(at: all.count, into: &chunk)
      guard count > 0 else { break }
      all += chunk.prefix(min(count, limit - all.count))
    }
    return all
  }

  /// Calls `body` with the file's bytes, piece by piece.
  package func forEachChunk(_ body: (ArraySlice<UInt8>) throws -> Void) throws {
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    var offset = 0
    while case let count = try read(at: offset, into: &chunk), count > 0 {
      try body(chunk[..<count])
      offset += count
    }
  }

  /// Fills `chunk` from `offset` on; 0 at the end of the file.
  func read(at offset: Int, into chunk: inout [UInt8]) throws(SystemError) -> Int {
    try check("read", chunk.withUnsafeMutableBytes { pread(number, $0.baseAddress, $0.count, offset) })
  }

  package func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) {
    var rest = bytes
    while !rest.isEmpty {
      rest = rest.dropFirst(
        try check("write", rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }))
    }
  }

  @discardableResult
  private func check<Result: SignedInteger>(
    _ call: String, _ result: @autoclosure () -> Result
  ) throws(SystemError) -> Result {
    while true {
      let value = result()
      if value >= 0 { return value }
      guard errno == EINTR else { throw SystemError(call: call, path: path, number: errno) }
    }
  }
}
