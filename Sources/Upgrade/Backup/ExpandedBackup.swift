internal import Basics
internal import Glibc
internal import SQLite

/// A temporary file with the content of a compressed backup. It is removed with its last reference.
///
/// Only this user may read it. One process at a time has it; others wait for it. What a killed process left is
/// overwritten.
final class ExpandedBackup {
  let path: String
  private let file: Int32

  /// Expands `compressed` to a file at `path`, on the disk that holds the backup.
  ///
  /// - Throws: what ``CompressedFile/expand(to:_:expecting:by:)`` throws; nothing is left behind.
  init(_ compressed: CompressedFile, at path: String, expecting bytes: Int64?, by deadline: Deadline?) throws
  {
    self.path = path
    file = try Self.lock(path)
    guard fchmod(file, 0o600) == 0, ftruncate(file, 0) == 0 else {
      throw BackupWriter.failure("can't write \(path)")
    }
    try compressed.expand(to: file, path, expecting: bytes, by: deadline)
  }

  deinit {
    unlink(path)
    close(file)
  }

  private static func lock(_ path: String) throws(Failure) -> Int32 {
    while true {
      let file = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard file >= 0 else { throw BackupWriter.failure("can't create \(path)") }
      var status = stat()
      guard flock(file, LOCK_EX) == 0, fstat(file, &status) == 0 else {
        let failure = BackupWriter.failure("can't lock \(path)")
        close(file)
        throw failure
      }
      if status.st_nlink > 0 { return file }
      // Whoever had it has removed it.
      close(file)
    }
  }
}
