internal import Basics
internal import Crypto
internal import Glibc
internal import SQLite

/// A backup that is made while the application goes on working, and completed under the write lock.
///
/// ```swift
/// let backup = try SnapshotBackup(of: database, file, at: location, writer)
/// try backup.prepare()
/// try database.beginTransaction()
/// try backup.complete()
/// ```
///
/// `prepare` copies the database as a read transaction sees it, syncs the copy, and checks it. In WAL mode nobody waits
/// for that; in the other modes writers wait for the copying alone. `complete` finds out whether anything was committed
/// since, and takes over what was. The copy is then equal to the database, and gets its name. Nothing has been written
/// to the database until then.
final class SnapshotBackup {
  /// A moment at which tests look at the copy, or change it.
  enum Moment: Sendable {
    /// It is written, but not checked.
    case copied
    /// It is checked.
    case checked
    /// Pages that were committed meanwhile are written, but not checked.
    case updated
  }

  private let database: Connection
  private let file: DatabaseFile
  /// The same file.
  private let live: LiveFile
  private let location: String
  private let writer: BackupWriter
  private let unfinished: any UnfinishedBackup
  private let descriptor: Int32
  private let onCopy: (@Sendable (String, Moment) -> Void)?

  /// Knows what has changed since; nil outside WAL mode.
  private var follower: LogFollower?
  /// What the copy was made from; nil before.
  private var original: DatabaseImage?
  /// The pages that were taken over from the log.
  private var takenOver: Set<Int> = []
  /// The copy's pages.
  private var pages = 0
  private var pageSize = 0
  /// The digest of the copy as it is; nil if it isn't known.
  private var digest: String?
  /// Whether the copy was found to be equal to what it was made from.
  private var isEqual = false
  /// The state of the copy's file when it was checked.
  private var stamp: FileStamp?
  private var isPublished = false
  /// How long writers had to wait for the copy, in milliseconds.
  private(set) var copyingMilliseconds = 0.0

  /// Copies up to this size, in bytes, are compared and checked under the lock, too, since that takes less than a
  /// millisecond per megabyte.
  private static let smallest = 2 << 20
  /// The most rounds of taking over committed pages before the lock is taken.
  private static let mostRounds = 8
  /// With fewer changed bytes than this, another round isn't worth it.
  private static let fewBytes = 1 << 20

  private var bytes: Int { pages * pageSize }
  private var isSmall: Bool { bytes <= Self.smallest }

  /// Begins to store a backup.
  ///
  /// - Parameters:
  ///   - database: the connection that will take the lock. It has no transaction open.
  ///   - file: the file as it was inspected.
  ///   - location: where to store the backup.
  ///   - writer: how to check it, and until when.
  ///   - onCopy: called with the copy's path at each `Moment`.
  /// - Throws: `Failure` or `SQLiteError`; nothing is left behind.
  init(
    of database: Connection, _ file: DatabaseFile, at location: String, _ writer: BackupWriter,
    onCopy: (@Sendable (String, Moment) -> Void)? = nil
  ) throws {
    (self.database, self.file) = (database, file)
    live = try database.liveFile()
    (self.location, self.writer, self.onCopy) = (location, writer, onCopy)
    unfinished = try BackupDestinations.holding(location).put(location)
    descriptor = open(unfinished.file, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else {
      let failure = BackupWriter.failure("can't open \(unfinished.file)")
      unfinished.discard()
      throw failure
    }
  }

  /// Ends the transaction. The copy is removed unless it has its name.
  func close() {
    follower?.end()
    follower = nil
    if !isPublished { unfinished.discard() }
  }

  deinit { Glibc.close(descriptor) }

  // MARK: Before the lock

  /// Makes and checks the copy. This needs no lock.
  ///
  /// - Throws: `Failure` or `SQLiteError`.
  func prepare() throws {
    let start = ContinuousClock.now
    let snapshot = try Snapshot(
      database.resolvedPath, live, busyTimeout: writer.busyTimeout, deadline: writer.deadline)
    try requireSameFile(snapshot.connection, file)
    follower = try LogFollower(
      snapshot, in: live, busyTimeout: writer.busyTimeout, deadline: writer.deadline)
    if let follower {
      try write(DatabaseImage(fileAlone: live, pages: follower.pages()))
      _ = try takeOver(from: follower)
    } else {
      let image = try image(of: snapshot.connection)
      try write(image)
      original = image
      snapshot.end()
      copyingMilliseconds = (ContinuousClock.now - start).milliseconds
      try writer.finish(descriptor, unfinished.file, owner: file)
    }
    onCopy?(unfinished.file, .copied)
    try check()
    if let follower { try follow(follower) }
    onCopy?(unfinished.file, .checked)
  }

  /// Copies the bytes of the file. In WAL mode, what others write to it meanwhile is among the changed pages.
  private func write(_ image: DatabaseImage) throws {
    (pages, pageSize) = (image.pages, image.pageSize)
    try reporting {
      try image.writeFile(
        to: descriptor, at: unfinished.file, isPaced: follower != nil, by: writer.deadline
      ) {
        try follower?.advanceIfDue()
      }
    }
  }

  /// Checks the copy with SQLite, and reads it once more to compare and to hash it.
  ///
  /// Outside WAL mode the database may be written at the same time, so a difference isn't an error yet: the comparison
  /// under the lock decides.
  private func check() throws {
    // What changes the copy after it was read changes its time.
    stamp = isSmall ? nil : try FileStamp(settled: descriptor, unfinished.file)
    let difference: String?
    if isSmall {
      try checkIntegrity()
      difference = try compare()
    } else {
      let (path, writer) = (unfinished.file, writer)
      let integrity = ConcurrentWork { try Self.checkIntegrity(of: path, writer) }
      let compared = Result { try compare() }
      let followed = Result {
        while !integrity.hasEnded(within: 50) { try follower?.advanceIfDue() }
      }
      try integrity.value()
      difference = try compared.get()
      try followed.get()
    }
    isEqual = writer.check == .full && difference == nil
    if let difference, follower != nil { throw unequal(difference) }
  }

  private static func checkIntegrity(of path: String, _ writer: BackupWriter) throws {
    let copy = try Connection(path: path, access: .immutable, deadline: writer.deadline)
    defer { copy.close() }
    let pragma = writer.check == .quick ? "quick_check" : "integrity_check"
    try BackupWriter.checkIntegrity(copy, pragma, of: "the database")
  }

  private func checkIntegrity() throws { try Self.checkIntegrity(of: unfinished.file, writer) }

  /// Hashes the copy, and compares it with the file. Pages that were taken over from the log differ, and were compared at
  /// that time; so may those that have changed since.
  ///
  /// - Returns: the first difference in words; nil if there is none.
  private func compare() throws -> String? {
    guard writer.check == .full else {
      digest = try FileDigest(unfinished.file, by: writer.deadline).sha256
      return nil
    }
    let image = try original ?? DatabaseImage(fileAlone: live, pages: pages)
    var comparison = comparison(with: image)
    if let follower {
      comparison.mayDiffer = { [takenOver] in takenOver.contains($0) || follower.hasChanged($0) }
    }
    var hash = SHA256()
    let difference = try comparison.firstDifference {
      hash.update(bufferPointer: $0)
      try follower?.advanceIfDue()
    }
    digest = hash.finalize().hex
    return difference
  }

  /// Takes over what is committed while the copy is checked, until a round is small.
  private func follow(_ follower: LogFollower) throws {
    for _ in 0..<Self.mostRounds {
      try follower.advance()
      guard follower.changedCount > 0 else { return }
      let changed = try takeOver(from: follower)
      if !isSmall { stamp = try FileStamp(settled: descriptor, unfinished.file) }
      if changed * pageSize < Self.fewBytes { return }
    }
  }

  // MARK: Under the lock

  /// Makes the copy equal to the database, proves it, and publishes it. The connection holds the write lock and has
  /// written nothing.
  ///
  /// - Throws: `Failure` or `SQLiteError`.
  func complete() throws {
    try requireSameFile(database, file)
    try requireUntouched()
    let isChanged = try follower.map(takeOverLog) ?? takeOverFile()
    if isSmall {
      if isChanged { try checkIntegrity() }
      if writer.check == .full { try compareAll() }
    }
    follower?.end()
    follower = nil
    try unfinished.publish()
    isPublished = true
  }

  /// Compares the whole copy with the database under the lock.
  private func compareAll() throws {
    if let difference = try comparison(with: image(of: database)).firstDifference() {
      throw unequal(difference)
    }
  }

  /// Takes over the pages that were committed since, outside WAL mode.
  ///
  /// - Returns: whether there may have been any.
  private func takeOverFile() throws -> Bool {
    guard try original?.isCurrent() == true else {
      try takeOverAll()
      return true
    }
    if writer.check == .full, !isEqual, !isSmall { try compareAll() }
    return false
  }

  /// Takes over the pages that were committed since, in WAL mode.
  ///
  /// - Returns: whether there were any.
  private func takeOverLog(_ follower: LogFollower) throws -> Bool {
    do {
      try follower.advance()
      guard try database.logState() == follower.log else {
        throw Failure(code: .backup, step: .backUp, message: "the database changes although it is locked")
      }
      return try follower.changedCount > 0 && takeOver(from: follower) > 0
    } catch is LogFrames.Unreadable {
      try takeOverAll()
      return true
    }
  }

  /// Writes the pages that have changed, and verifies that they are in the copy.
  ///
  /// - Returns: how many there were.
  private func takeOver(from follower: LogFollower) throws -> Int {
    try requireUntouched()
    (digest, stamp) = (nil, nil)
    pages = try follower.pages()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pageSize * 2, alignment: 4096)
    defer { buffer.deallocate() }
    let mine = UnsafeMutableRawBufferPointer(rebasing: buffer[..<pageSize])
    let theirs = UnsafeMutableRawBufferPointer(rebasing: buffer[pageSize...])
    let changed = follower.takeChanged(of: pages)
    for (page, place) in changed {
      try follower.read(page, place, into: mine)
      try reporting {
        try writeFully(descriptor, UnsafeRawBufferPointer(mine), at: (page - 1) * pageSize, unfinished.file)
      }
      takenOver.insert(page)
    }
    try seal()
    for (page, place) in changed {
      try follower.read(page, place, into: mine)
      guard readFully(descriptor, theirs, at: (page - 1) * pageSize) == pageSize,
        CopyComparison.areEqual(UnsafeRawBufferPointer(mine), theirs, isFirst: page == 1)
      else { throw unequal("page \(page)") }
    }
    return changed.count
  }

  /// Compares everything with the database, writes the pieces that differ, and compares those again.
  private func takeOverAll() throws {
    try requireUntouched()
    (digest, stamp) = (nil, nil)
    let image = try image(of: database)
    (pages, pageSize) = (image.pages, image.pageSize)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: image.bytesAtOnce, alignment: 4096)
    defer { buffer.deallocate() }
    var written: Set<Int> = []
    func isEqual(_ piece: UnsafeRawBufferPointer, at offset: Int) -> Bool {
      let mine = UnsafeMutableRawBufferPointer(rebasing: buffer[..<piece.count])
      return readFully(descriptor, mine, at: offset) == piece.count
        && CopyComparison.areEqual(piece, mine, isFirst: offset == 0)
    }
    try image.forEachPiece(by: writer.deadline) { offset, piece in
      guard !isEqual(piece, at: offset) else { return true }
      try reporting { try writeFully(descriptor, piece, at: offset, unfinished.file) }
      written.insert(offset)
      return true
    }
    try seal()
    try image.forEachPiece(of: written, by: writer.deadline) { offset, piece in
      guard isEqual(piece, at: offset) else { throw unequal("a page after byte \(offset)") }
      return true
    }
    if readFully(descriptor, buffer, at: bytes) != 0 { throw unequal("its size") }
  }

  /// Gives the copy its size, takes it out of WAL mode, and syncs it.
  private func seal() throws {
    guard ftruncate(descriptor, bytes) == 0 else {
      throw BackupWriter.failure("can't write \(unfinished.file)")
    }
    try writer.finish(descriptor, unfinished.file, owner: file)
    onCopy?(unfinished.file, .updated)
  }

  // MARK: After the lock

  /// The record of the published backup; nil before.
  ///
  /// If pages were taken over under the lock, this reads the backup to hash it, so that nobody has to wait for that.
  /// - Throws: `Failure` if it can't be read.
  func record() throws -> BackupRecord? {
    guard isPublished else { return nil }
    if let digest { return BackupRecord(path: location, bytes: Int64(bytes), sha256: digest) }
    return try BackupDestinations.holding(location).open(location) { path in
      let digest = try FileDigest(path)
      return BackupRecord(path: location, bytes: digest.bytes, sha256: digest.sha256)
    }
  }

  // MARK: Parts

  private func image(of connection: Connection) throws -> DatabaseImage {
    try DatabaseImage(of: connection, in: live, by: writer.deadline)
  }

  private func comparison(with image: DatabaseImage) -> CopyComparison {
    CopyComparison(
      descriptor: descriptor, path: unfinished.file, image: image, deadline: writer.deadline)
  }

  /// Verifies that nobody has written to the copy since it was checked.
  private func requireUntouched() throws(Failure) {
    guard let stamp, try FileStamp(descriptor, unfinished.file) != stamp else { return }
    throw Failure(
      code: .backup, step: .backUp, message: "somebody else has changed the copy \(unfinished.file)")
  }

  private func unequal(_ difference: String) -> Failure {
    Failure(
      code: .backup, step: .backUp, message: "the copy is not equal to the database: \(difference) differs")
  }

  /// Reports errors in writing the copy as those of backups.
  private func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as SystemError {
      throw BackupWriter.failure("can't \(error.call) \(error.path)", error.code)
    }
  }
}
