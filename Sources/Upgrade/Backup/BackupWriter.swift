internal import Basics
internal import Glibc
internal import SQLite
internal import SystemPackage

/// What makes and checks the file of a backup, and other copies.
struct BackupWriter {
  let check: BackupCheck
  let busyTimeout: Duration
  let deadline: Deadline

  /// Creates an empty file, replacing an existing one. Only this user may read it.
  static func create(_ path: String) throws(Failure) {
    unlink(path)
    close(try open(newFile: path, O_RDWR))
  }

  /// Creates and opens a file. Its folder is created if it doesn't exist.
  ///
  /// Another process may remove the empty folder between the two calls. In this case both are repeated.
  static func open(newFile path: String, _ mode: Int32) throws(Failure) -> Int32 {
    for _ in 0..<100 {
      try DurableFolder.make(parentFolder(of: path))
      let file = Glibc.open(path, O_CREAT | O_EXCL | mode | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard file < 0 else { return file }
      guard errno == ENOENT else { break }
    }
    throw failure("can't create \(path)")
  }

  /// Copies the content that `source` sees in its transaction into the empty file at `destination`.
  func fill(_ destination: String, from source: Connection) throws {
    let copy = try Connection(
      path: destination, access: .readWrite, busyTimeout: busyTimeout, deadline: deadline)
    defer { copy.close() }
    // Nobody reads this file before it has its final name, so it needs no journal on disk, and only one sync at the
    // end. (A connection in defensive mode refuses journal_mode=OFF.)
    try copy.execute("PRAGMA journal_mode=MEMORY")
    try copy.execute("PRAGMA synchronous=OFF")
    try copy.copyContent(of: source)
  }

  /// Takes a copy out of WAL mode, gives it its owner and its permissions, and syncs it.
  ///
  /// The copy of a WAL database would get a log when it is read, and a restore would copy its mode into the live file.
  /// (fileformat2.html, 1.3.3: 1 for legacy, 2 for WAL.)
  /// - Throws: `Failure`.
  func finish(_ file: Int32, _ path: String, owner: DatabaseFile) throws {
    guard pwrite(file, [1, 1] as [UInt8], 2, 18) == 2 else { throw Self.failure("can't write \(path)") }
    if geteuid() != owner.user || getegid() != owner.group { _ = fchown(file, owner.user, owner.group) }
    guard fchmod(file, 0o600) == 0, fsync(file) == 0 else { throw Self.failure("can't sync \(path)") }
  }

  /// Throws a `Failure` with SQLite's first findings if the database is inconsistent.
  static func checkIntegrity(_ database: Connection, _ pragma: String, of what: String) throws {
    let findings = try database.rows("PRAGMA \(pragma)(5)") { $0.text(0) ?? "" }
    guard findings != ["ok"] else { return }
    let lines = findings.flatMap { $0.split(separator: "\n") }.filter { !$0.hasPrefix("***") }
    let more = lines.count > 2 ? "; and more" : ""
    throw Failure(
      code: .corrupt, step: .backUp,
      message: "\(what) is damaged; \(pragma) says: \(lines.prefix(2).joined(separator: "; "))\(more)")
  }

  static func failure(_ what: String, _ cause: Errno = .last) -> Failure {
    let code: Failure.Code =
      switch cause {
      case .noSpace, .diskQuotaExceeded: .diskFull
      case .permissionDenied: .permission
      default: .io
      }
    return Failure(code: code, step: .backUp, message: "\(what): \(cause)")
  }
}
