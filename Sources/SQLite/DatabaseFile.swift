internal import Glibc
internal import SystemPackage

/// What a path turns out to be, found out without SQLite and without changing anything.
///
/// The file is opened and closed once, and closing a file lets go of all POSIX locks that this process holds on
/// it: look only while no connection of this process has the file open.
public struct DatabaseFile: Hashable, Sendable {
  /// Why a path can't be used as a database.
  public enum Trouble: Hashable, Sendable {
    /// Nothing is there; where the path is a symbolic link, what it points to.
    case missing(link: String?)
    /// There is something else: `a directory`, `a socket`, …
    case notAFile(String)
    /// A file without a byte.
    case empty
    /// Shorter than its own header says, in bytes.
    case truncated(Int64, expected: Int64)
    /// Not the format's first 16 bytes.
    case notADatabase
    /// Something that is no regular file stands where SQLite keeps its journal or log: its path, and what it is.
    case obstructed(String, kind: String)
    /// The operating system refuses; its error number.
    case refused(Int32)
  }

  /// Size in bytes.
  public let bytes: Int64
  /// Device and inode, which together name a file whatever its path.
  public let device: UInt64, inode: UInt64
  /// How many names (hard links) the file has.
  public let links: Int
  /// Owner.
  public let user: UInt32, group: UInt32
  /// Last change of content, in nanoseconds since 1970.
  public let modified: Int64
  /// Page size in bytes.
  public let pageSize: Int
  /// Whether the header says WAL mode.
  public let isWAL: Bool
  /// Whether a `-wal` file with something in it stands beside it.
  public let hasLog: Bool
  /// Whether a `-shm` file stands beside that log: a process has it open, or had when the machine stopped.
  public let hasSharedMemory: Bool
  /// Whether the last change lies so far back that another one would give the file another time: the kernel's
  /// clock for files ticks every few milliseconds.
  public let isSettled: Bool

  /// Looks at the file at `path`.
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
    // A FIFO that took the file's place meanwhile is opened without waiting, and read in vain.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return .failure(TroubleError(trouble: .refused(errno))) }
    defer { Glibc.close(file) }
    var header = [UInt8](repeating: 0, count: 100)
    let count = pread(file, &header, 100, 0)
    guard count >= 0 else { return .failure(TroubleError(trouble: .refused(errno))) }
    return read(Array(header.prefix(count)), status, path, at: nanoseconds(now))
  }

  /// Whether a log with something in it stands beside the database at `path`, without which the file holds all that is
  /// committed. The file itself is not opened.
  public static func hasLog(beside path: String) -> Bool { isFilled(beside: path, "-wal") }

  /// Whether the file at `path` is the same one, with no change of its content since it was looked at.
  public func isUnchanged(at path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    return UInt64(status.st_ino) == inode && UInt64(status.st_dev) == device && Int64(status.st_size) == bytes
      && Self.nanoseconds(status.st_mtim) == modified && Self.isFilled(beside: path, "-wal") == hasLog
  }

  /// Whether the file at `path` is the same one, whatever its content is now.
  func isSameFile(at path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && UInt64(status.st_ino) == inode && UInt64(status.st_dev) == device
  }

  static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Reads the header, as https://sqlite.org/fileformat2.html#the_database_header lays it out.
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
    // Where a log or a journal stands beside the file, the rest may be there: of a commit or checkpoint that is
    // under way, or that a crash cut short and SQLite will complete.
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
        hasLog: hasLog, hasSharedMemory: hasLog && isFilled(beside: path, "-shm"),
        isSettled: nanoseconds(status.st_mtim) < now - 50_000_000))
  }

  /// Whether such a file stands beside the database itself, with something in it.
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

  /// A `Trouble` as an error, with the text that people read.
  public struct TroubleError: Error, Hashable, CustomStringConvertible {
    /// What is the matter.
    public let trouble: Trouble

    /// What is the matter, in words.
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
