internal import Glibc

/// The files that SQLite keeps beside a database: journal, log, and the log's index.
///
/// SQLite opens whatever has one of these names. Opening a FIFO blocks until somebody writes to it, possibly forever,
/// so anything that isn't a regular file must be found before.
struct CompanionFiles {
  private let base: String

  /// Locates the files, which are beside the database file itself, not beside a symbolic link to it; nil if the link is
  /// broken.
  init?(of path: String) {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else {
      base = path
      return
    }
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    base = String(cString: real)
  }

  /// Whether the file with this suffix exists and is not empty.
  func isFilled(_ ending: String) -> Bool {
    var status = stat()
    return stat(base + ending, &status) == 0 && status.st_size > 0
  }

  /// The path and the kind of something other than a regular file that has the name of such a file; nil if there is
  /// none.
  func obstacle() -> (path: String, kind: String)? {
    for ending in ["-journal", "-wal", "-shm"] {
      if let kind = Self.oddKind(base + ending) { return (base + ending, kind) }
    }
    guard isFilled("-journal"), let name = superJournal(), let kind = Self.oddKind(name) else { return nil }
    return (name, kind)
  }

  /// The kind of something other than a regular file; nil if it is a regular file or doesn't exist.
  private static func oddKind(_ path: String) -> String? {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return nil }
    return DatabaseFile.kind(status.st_mode)
  }

  /// The super-journal that the journal names at its end, which SQLite opens after a rollback. The name is followed by
  /// its length, a checksum, and eight magic bytes. (https://sqlite.org/fileformat2.html#the_rollback_journal)
  private func superJournal() -> String? {
    let file = open(base + "-journal", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    var end = [UInt8](repeating: 0, count: 16)
    guard fstat(file, &status) == 0, status.st_size >= 16, pread(file, &end, 16, status.st_size - 16) == 16,
      end[8...] == [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]
    else { return nil }
    let length = end[..<4].reduce(0) { $0 << 8 | Int($1) }
    guard length > 0, length <= Int(PATH_MAX), length <= status.st_size - 16 else { return nil }
    var name = [UInt8](repeating: 0, count: length)
    guard pread(file, &name, length, status.st_size - 16 - length) == length else { return nil }
    return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
  }
}
