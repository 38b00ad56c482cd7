internal import Basics

/// Notes which pages of a database in WAL mode change while its file is copied.
///
/// ```swift
/// let made = try LogFollower(snapshot, in: live, busyTimeout: .seconds(5), deadline: deadline)
/// guard let follower = made else { return }  // It isn't in WAL mode.
/// // Copy the file, and call follower.advanceIfDue() now and then. Then the copy lacks these pages:
/// for (page, place) in follower.takeChanged(of: try follower.pages()) {
///   try follower.read(page, place, into: buffer)
/// }
/// ```
///
/// A transaction is open at any time, so that no page gets from the log into the file unnoticed: a checkpoint copies at
/// most what the oldest transaction sees. The transaction moves on twenty times a second. If it stayed, the log would
/// grow, and the application would have to copy all of it to the file in the end.
///
/// It is used by one thread at a time. See also ``Snapshot`` and ``LogFrames``.
public final class LogFollower {
  /// Where the content of a page is.
  public enum Place: Sendable {
    /// In the database file.
    case file
    /// In this frame of the log.
    case frame(Int)
  }

  /// What the open transaction sees.
  public private(set) var log: LogState
  private var current: Snapshot
  private var spare: Snapshot?
  private let path: String
  private let live: LiveFile
  private let busyTimeout: Duration
  private let deadline: Deadline
  private let pageSize: Int
  private var frames: LogFrames?
  private var changed: [Int: Place] = [:]
  private var isAllInFile = true
  private var advanced = ContinuousClock.now

  private static let interval = Duration.milliseconds(50)

  /// Begins with the pages that are in the log and may not be in the file. Returns nil outside WAL mode.
  ///
  /// - Parameters:
  ///   - snapshot: a transaction in WAL mode, which now belongs to this object.
  ///   - live: the database's file.
  ///   - busyTimeout: how long to wait for a lock.
  ///   - deadline: when to stop.
  /// - Throws: `LogFrames.Unreadable`, `SystemError`, `SQLiteError`.
  public init?(_ snapshot: Snapshot, in live: LiveFile, busyTimeout: Duration, deadline: Deadline) throws {
    guard let log = snapshot.log else { return nil }
    (current, path, self.live) = (snapshot, snapshot.connection.resolvedPath, live)
    (self.busyTimeout, self.deadline) = (busyTimeout, deadline)
    self.log = log
    pageSize = try FileHeader(live).pageSize
    try note(from: nil, log)
  }

  /// Moves on to what is committed now.
  ///
  /// - Returns: whether anything was committed since the last call.
  /// - Throws: `LogFrames.Unreadable` if what has changed can't be told; the transaction then stays where it is.
  ///   `SystemError`, `SQLiteError`.
  @discardableResult
  public func advance() throws -> Bool {
    let next = try spare ?? Snapshot(path, live, busyTimeout: busyTimeout, deadline: deadline)
    if spare != nil { try next.begin() }
    spare = next
    guard let now = next.log else { throw LogFrames.Unreadable("the database has left WAL mode") }
    let isChanged = now != log
    try note(from: log, now)
    current.pause()
    (current, spare, log) = (next, current, now)
    advanced = .now
    return isChanged
  }

  /// Moves on if the last time is at least 50 ms ago.
  ///
  /// - Throws: as `advance`.
  public func advanceIfDue() throws {
    if ContinuousClock.now - advanced >= Self.interval { try advance() }
  }

  private func note(from known: LogState?, _ now: LogState) throws {
    if known != now, now.frames > (known == nil ? now.copied : 0) {
      let reader = try frames ?? LogFrames(beside: path, pageSize: pageSize)
      frames = reader
      let new = try reader.pages(after: known, upTo: now, by: deadline)
      // A log begins anew only when all of it is in the file.
      if let known, known.salt != now.salt { moveToFile() }
      for (page, frame) in new { changed[page] = .frame(frame) }
      isAllInFile = isAllInFile && new.isEmpty
    } else if let known, known.salt != now.salt {
      guard known.framesInCommon(with: now) != nil else {
        throw LogFrames.Unreadable("the log has begun anew")
      }
      moveToFile()
    }
    // All frames are in the file, so the log may be overwritten from its start. The file then stays as it is: nothing of
    // a new log is copied to it while the transaction is open.
    if now.copied == now.frames { moveToFile() }
  }

  private func moveToFile() {
    guard !isAllInFile else { return }
    changed = changed.mapValues { _ in .file }
    isAllInFile = true
  }

  /// Whether a page has changed since `takeChanged`.
  public func hasChanged(_ page: Int) -> Bool { changed[page] != nil }

  /// How many pages have changed since `takeChanged`.
  public var changedCount: Int { changed.count }

  /// Returns and forgets the pages that have changed, in order. Pages beyond the end of the database are kept, in case
  /// it grows again.
  ///
  /// - Returns: the numbers of the pages, and where their content is until the next `advance`.
  public func takeChanged(of pages: Int) -> [(page: Int, place: Place)] {
    let taken = changed.filter { $0.key <= pages }
    changed = changed.filter { $0.key > pages }
    return taken.sorted { $0.key < $1.key }.map { (page: $0.key, place: $0.value) }
  }

  /// The size of the database in pages, as the transaction sees it.
  ///
  /// - Throws: `SystemError`, `SQLiteError`.
  public func pages() throws -> Int {
    if log.frames > 0 { return log.pages }
    return try FileHeader(live).pages ?? live.size() / pageSize
  }

  /// Reads a page.
  ///
  /// - Throws: `LogFrames.Unreadable`, `SystemError`.
  public func read(_ page: Int, _ place: Place, into buffer: UnsafeMutableRawBufferPointer) throws {
    switch place {
    case .file: try live.read(buffer, at: (page - 1) * pageSize)
    case .frame(let frame):
      guard let frames else { throw LogFrames.Unreadable("the log is not open") }
      try frames.read(frame, into: buffer)
    }
  }

  /// Ends the transaction.
  public func end() {
    current.end()
    spare?.end()
  }
}

@available(*, unavailable) extension LogFollower: Sendable {}
