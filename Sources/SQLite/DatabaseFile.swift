internal import Glibc
internal import SystemPackage

/// The kind and state of the file at a path, determined without SQLite and without changing anything.
///
/// The file is opened and closed once. Closing a file drops all POSIX locks that this process holds on it, so inspect
/// it only while no connection of this process has it open.
public struct DatabaseFile: Hashable, Sendable {
  /// The reasons why a path can't be used as a database.
  public enum Trouble: Hashable, Sendable {
    /// There is no file. If the path is a symbolic link, `link` is its target.
    case missing(link: String?)
    /// The path leads to something other than a file: `a directory`, `a socket`, …
    case notAFile(String)
    /// The file has no bytes.
    case empty
    /// The file is shorter than its header says, in bytes.
    case truncated(Int64, expected: Int64)
    /// The file doesn't begin like an SQLite database.
    case notADatabase
    /// Something other than a regular file has the name of the journal or log: its path and its kind.
    case obstructed(String, kind: String)
    /// The operating system refuses access; its error number.
    case refused(Int32)
  }

  /// The size in bytes.
  public let bytes: Int64
  /// Device and inode, which identify a file independently of its path.
  public let device: UInt64, inode: UInt64
  /// How many names (hard links) the file has.
  public let links: Int
  /// Owner and group.
  public let user: UInt32, group: UInt32
  /// The time of the last change of content, in nanoseconds since 1970.
  public let modified: Int64
  /// The page size in bytes.
  public let pageSize: Int
  /// Whether the header says WAL mode.
  public let isWAL: Bool
  /// The number that `PRAGMA user_version` returns, as long as there is no log.
  public let userVersion: Int32
  /// Whether a non-empty `-wal` file exists beside it.
  public let hasLog: Bool
  /// Whether a `-shm` file exists beside that log. If so, a process has the database open, or had it open when the
  /// machine stopped.
  public let hasSharedMemory: Bool
  /// Whether the last change is long enough ago that another change would result in a different time. The kernel's
  /// clock for files ticks every few milliseconds.
  public let isSettled: Bool

  /// Inspects the file at `path`.
  public static func inspect(_ path: String) -> Result<DatabaseFile, TroubleError> {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var status = stat()
    guard stat(path, &status) == 0 else { return .failure(missing(path, errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      return .failure(TroubleError(trouble: .notAFile(kind(status.st_mode))))
    }
    guard status.st_size > 0 else { return .failure(TroubleError(trouble: .empty)) }
    if let (path, kind) = CompanionFiles(of: path)?.obstacle() {
      return .failure(TroubleError(trouble: .obstructed(path, kind: kind)))
    }
    // If a FIFO has replaced the file in the meantime, opening it doesn't block, and reading it fails.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return .failure(TroubleError(trouble: .refused(errno))) }
    defer { Glibc.close(file) }
    var header = [UInt8](repeating: 0, count: 100)
    let count = pread(file, &header, 100, 0)
    guard count >= 0 else { return .failure(TroubleError(trouble: .refused(errno))) }
    return read(Array(header.prefix(count)), status, path, at: nanoseconds(now))
  }

  /// Whether a non-empty log exists beside the database at `path`. Without a log, the file holds everything that is
  /// committed. The file itself is not opened.
  public static func hasLog(beside path: String) -> Bool { isFilled(beside: path, "-wal") }

  /// Whether the file at `path` is the same one and its content hasn't changed since the inspection.
  public func isUnchanged(at path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    return UInt64(status.st_ino) == inode && UInt64(status.st_dev) == device && Int64(status.st_size) == bytes
      && Self.nanoseconds(status.st_mtim) == modified && Self.isFilled(beside: path, "-wal") == hasLog
  }

  /// Whether the file at `path` is the same one, even if its content has changed.
  func isSameFile(at path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && UInt64(status.st_ino) == inode && UInt64(status.st_dev) == device
  }

  static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Parses the header as defined in https://sqlite.org/fileformat2.html#the_database_header.
  private static func read(_ header: [UInt8], _ status: stat, _ path: String, at now: Int64)
    -> Result<DatabaseFile, TroubleError>
  {
    let size = Int64(status.st_size)
    guard header.starts(with: Array("SQLite format 3\0".utf8).prefix(header.count)) else {
      return .failure(TroubleError(trouble: .notADatabase))
    }
    guard header.count == 100 else {
      return .failure(TroubleError(trouble: .truncated(size, expected: 512)))
    }
    let number = { (at: Int) in header[at..<at + 4].reduce(Int64(0)) { $0 << 8 | Int64($1) } }
    let stored = Int(header[16]) << 8 | Int(header[17])
    let pageSize = stored == 1 ? 65536 : stored
    guard pageSize >= 512, pageSize.nonzeroBitCount == 1 else {
      return .failure(TroubleError(trouble: .notADatabase))
    }
    // If a log or a journal exists, the missing part may be there: the rest of a commit or checkpoint that is in
    // progress, or that a crash interrupted and SQLite will complete.
    let hasLog = isFilled(beside: path, "-wal")
    let countsPages = number(24) == number(92) && !hasLog && !isFilled(beside: path, "-journal")
    let expected = countsPages ? max(number(28), 1) * Int64(pageSize) : Int64(pageSize)
    guard size >= expected else {
      return .failure(TroubleError(trouble: .truncated(size, expected: expected)))
    }
    return .success(
      DatabaseFile(
        bytes: size, device: UInt64(status.st_dev), inode: UInt64(status.st_ino), links: Int(status.st_nlink),
        user: status.st_uid, group: status.st_gid,
        modified: nanoseconds(status.st_mtim),
        pageSize: pageSize, isWAL: header[18] == 2 || header[19] == 2,
        userVersion: Int32(truncatingIfNeeded: number(60)),
        hasLog: hasLog, hasSharedMemory: hasLog && isFilled(beside: path, "-shm"),
        isSettled: nanoseconds(status.st_mtim) < now - 50_000_000))
  }

  /// Whether the companion file with this suffix exists and is not empty.
  static func isFilled(beside path: String, _ ending: String) -> Bool {
    CompanionFiles(of: path)?.isFilled(ending) ?? false
  }

  private static func missing(_ path: String, _ code: Int32) -> TroubleError {
    guard code == ENOENT else { return TroubleError(trouble: .refused(code)) }
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &target, target.count - 1)
    guard count > 0 else { return TroubleError(trouble: .missing(link: nil)) }
    let link = String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return TroubleError(trouble: .missing(link: link))
  }

  static func kind(_ mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFLNK: "a symbolic link"
    case S_IFDIR: "a directory"
    case S_IFSOCK: "a socket"
    case S_IFIFO: "a pipe"
    default: "a device"
    }
  }

  /// A `Trouble` as an error, with a text for people.
  public struct TroubleError: Error, Hashable, CustomStringConvertible {
    /// The reason.
    public let trouble: Trouble

    /// The reason in words.
    public var description: String {
      switch trouble {
      case .missing(nil): "there is no file"
      case .missing(let link?): "it is a symbolic link to \(link), where there is no file"
      case .notAFile(let kind): "it is \(kind), not a file"
      case .empty: "the file is empty"
      case .truncated(let bytes, let expected):
        "the file is truncated: it has \(bytes) bytes of at least \(expected)"
      case .obstructed(let path, let kind): "\(path) is \(kind), not a file, and SQLite would open it"
      case .notADatabase: "the file is not an SQLite database, or is encrypted"
      case .refused(let code): "\(Errno(rawValue: code))"
      }
    }
  }
}
