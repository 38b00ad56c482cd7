internal import Basics
internal import Glibc

/// A read transaction on a database that others may be writing, and what it sees of the log.
///
/// In WAL mode nobody waits for it. In the other modes writers can't commit until it ends.
public final class Snapshot {
  /// The connection, which has the transaction open.
  public let connection: Connection
  /// What the transaction sees of the log; nil outside WAL mode.
  public private(set) var log: LogState?
  private let live: LiveFile

  /// Opens the file at `path` and begins a transaction.
  ///
  /// - Parameters:
  ///   - path: the path without symbolic links.
  ///   - live: the same file.
  ///   - busyTimeout: how long to wait for a lock.
  ///   - deadline: when to stop.
  /// - Throws: `SQLiteError`, with `.busy` if the lock isn't free in time; `LogFrames.Unreadable` if commits follow each
  ///   other too fast; `SystemError`.
  public init(_ path: String, _ live: LiveFile, busyTimeout: Duration, deadline: Deadline) throws {
    self.live = live
    connection = try Connection(path: path, access: .readOnly, busyTimeout: busyTimeout, deadline: deadline)
    try begin()
  }

  /// Begins a new transaction, which sees what is committed now.
  ///
  /// - Throws: as the initializer.
  func begin() throws {
    connection.rollback()
    var before: LogState?
    for _ in 0..<1_000 {
      try connection.execute("BEGIN")
      // The first read begins the transaction. This one doesn't need the schema.
      _ = try connection.scalar("PRAGMA user_version")
      guard try FileHeader(live).isWAL else {
        log = nil
        return
      }
      // The index says what was committed last, which may be newer than what the transaction sees. It is the same if
      // nothing was committed between two looks, of which one was before the transaction.
      let now = try connection.logState()
      if now == before {
        log = now
        return
      }
      before = now
      connection.rollback()
    }
    throw LogFrames.Unreadable("commits follow each other too fast")
  }

  /// Ends the transaction. The connection stays open.
  func pause() { connection.rollback() }

  /// Ends the transaction and closes the connection.
  public func end() { connection.close() }
}

@available(*, unavailable) extension Snapshot: Sendable {}
