internal import Basics
internal import Crypto
internal import Glibc
internal import SQLite

/// SHA-256 and size of a file.
struct FileDigest {
  /// In hexadecimal digits.
  let sha256: String
  let bytes: Int64

  /// Reads the file at `path` to its end; throws a `Failure` where it can't, and an `SQLiteError` with code
  /// `.interrupt` when the deadline passes.
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

  /// Calls `body` with one piece of the file after the other, until there is none or `body` says false.
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
