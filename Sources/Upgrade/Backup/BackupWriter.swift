internal import Basics
internal import Glibc
internal import SQLite
internal import SystemPackage

/// Makes one backup. It is complete, synced and verified when it appears at its location; otherwise it doesn't appear.
struct BackupWriter {
  let check: BackupCheck
  let busyTimeout: Duration
  let deadline: Deadline

  /// Databases up to this size, in bytes, are compared as pages in memory, and larger ones row by row.
  private static let largestImage: Int64 = 8 << 20

  /// Copies the database that `other` has open to a new backup at `location`.
  ///
  /// The copy is made through a second connection to the path that SQLite resolved for `other`. Both connections must
  /// have opened the file that `file` describes, so a symbolic link that changes in the meantime can't lead to another
  /// file. The caller holds the write lock and has written nothing, so nothing changes during the copy. The file has
  /// mode 0600 and, if this process is permitted to set it, the owner of the database.
  ///
  /// - Parameters:
  ///   - access: the access mode of the connection for the copy.
  ///   - location: where to store the backup.
  ///   - destination: the destination that contains the location.
  ///   - file: the database's file as it was inspected.
  ///   - other: a connection to the database. Its content is compared with the copy.
  /// - Returns: the record of the backup.
  /// - Throws: `Failure` or `SQLiteError`, with code `.full` if the disk is full; nothing is left behind.
  func write(
    _ access: Connection.Access = .readOnly, to location: String, in destination: any BackupDestination,
    owner file: DatabaseFile, comparing other: Connection
  ) throws -> BackupRecord {
    let unfinished = try destination.put(location)
    do {
      try copy(other.resolvedPath, access, file, to: unfinished.file)
      try requireSameFile(other, file)
      try finish(unfinished.file, owner: file)
      let record = try verify(unfinished.file, against: other, as: location)
      try unfinished.publish()
      return record
    } catch {
      unfinished.discard()
      throw error
    }
  }

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

  private func copy(
    _ path: String, _ access: Connection.Access, _ file: DatabaseFile, to destination: String
  ) throws {
    let source = try Connection(path: path, access: access, busyTimeout: busyTimeout, deadline: deadline)
    defer { source.close() }
    try source.execute("BEGIN")
    try requireSameFile(source, file)
    try fill(destination, from: source)
    try requireSameFile(source, file)
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

  private func finish(_ path: String, owner: DatabaseFile) throws {
    let file = Glibc.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { throw Self.failure("can't open \(path)") }
    defer { close(file) }
    // The copy of a WAL database would be in WAL mode too. It would then get a log when it is read, and a restore would
    // copy its mode into the live file. (fileformat2.html, 1.3.3: 1 for legacy, 2 for WAL.)
    guard !owner.isWAL || pwrite(file, [1, 1] as [UInt8], 2, 18) == 2 else {
      throw Self.failure("can't write \(path)")
    }
    if geteuid() != owner.user || getegid() != owner.group { _ = fchown(file, owner.user, owner.group) }
    guard fchmod(file, 0o600) == 0, fsync(file) == 0 else { throw Self.failure("can't sync \(path)") }
  }

  private func verify(
    _ path: String, against other: Connection, as location: String
  ) throws -> BackupRecord {
    let copy = try Connection(path: path, access: .immutable, deadline: deadline)
    defer { copy.close() }
    try Self.checkIntegrity(copy, check == .quick ? "quick_check" : "integrity_check", of: "the database")
    let file = try FileDigest(path, by: deadline)
    if check == .full, let difference = try firstDifference(path, copy, file.bytes, other) {
      throw Failure(
        code: .backup, step: .backUp,
        message: "the copy is not equal to the database: \(difference) differs")
    }
    return BackupRecord(path: location, bytes: file.bytes, sha256: file.sha256)
  }

  private func firstDifference(
    _ path: String, _ copy: Connection, _ bytes: Int64, _ other: Connection
  ) throws -> String? {
    guard bytes <= Self.largestImage else {
      return try ContentComparison(one: other, other: copy).firstDifference()
    }
    return try other.withPages { try PageComparison(pages: $0, deadline: deadline).firstDifference(in: path) }
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
