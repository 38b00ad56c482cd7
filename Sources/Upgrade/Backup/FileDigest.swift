internal import Basics
internal import Crypto
internal import Glibc
internal import SQLite

/// The SHA-256 and size of a file.
struct FileDigest {
  /// The SHA-256 as hexadecimal digits.
  let sha256: String
  let bytes: Int64

  /// Reads the whole file at `path`.
  ///
  /// - Throws: `Failure` if the file can't be read; `SQLiteError` with code `.interrupt` if the deadline passes.
  init(_ path: String, by deadline: Deadline? = nil) throws {
    var hash = SHA256()
    var total: Int64 = 0
    try Self.read(path, by: deadline) { chunk in
      hash.update(bufferPointer: chunk)
      total += Int64(chunk.count)
      return true
    }
    sha256 = hash.finalize().hex
    bytes = total
  }

  /// Calls `body` with each piece of the file in order, until the file ends or `body` returns false.
  static func read(
    _ path: String, by deadline: Deadline? = nil, _ body: (UnsafeRawBufferPointer) throws -> Bool
  ) throws {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw BackupWriter.failure("can't read \(path)") }
    defer { close(file) }
    try withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
      while true {
        try deadline?.check()
        let count = Glibc.read(file, buffer.baseAddress, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw BackupWriter.failure("can't read \(path)") }
        guard count > 0, try body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
      }
    }
  }
}
