internal import Glibc

/// The inode and the size of a file, and the times of its last changes. They differ if it was written in between.
struct FileStamp: Equatable {
  private let bytes: Int
  private let inode: UInt
  private let modified: Int
  private let changed: Int

  /// Reads the stamp of an open file.
  ///
  /// - Throws: `Failure`.
  init(_ descriptor: Int32, _ path: String) throws(Failure) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw BackupWriter.failure("can't read \(path)") }
    bytes = Int(status.st_size)
    inode = UInt(status.st_ino)
    modified = Self.nanoseconds(status.st_mtim)
    changed = Self.nanoseconds(status.st_ctim)
  }

  /// Reads the stamp of an open file, and waits until the file system's clock has advanced, which takes a few
  /// milliseconds. Any later change gives another stamp.
  ///
  /// - Throws: `Failure`.
  init(settled descriptor: Int32, _ path: String) throws(Failure) {
    try self.init(descriptor, path)
    var now = timespec()
    while clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0, Self.nanoseconds(now) <= changed,
      changed - Self.nanoseconds(now) < 1_000_000_000
    { usleep(500) }
  }

  private static func nanoseconds(_ time: timespec) -> Int { time.tv_sec * 1_000_000_000 + time.tv_nsec }
}
