public import SQLite

/// Reads databases without changing them or their folders.
///
/// ```swift
/// let reader = DatabaseReader(busyTimeout: .seconds(5))
/// let history = try reader.read("/srv/app.db", within: .seconds(10)) { database in
///   try table.read(database)
/// }
/// ```
public struct DatabaseReader: Sendable {
  private let busyTimeout: Duration
  /// Whether the journal of a crashed writer is rolled back. This is the only write that ever happens.
  private let recovers: Bool

  /// Creates a reader.
  ///
  /// - Parameters:
  ///   - busyTimeout: how long to wait for a lock.
  ///   - recovers: whether to roll back the journal that a crashed writer left, without which the database can't be
  ///     read.
  public init(busyTimeout: Duration, recovers: Bool = false) {
    (self.busyTimeout, self.recovers) = (busyTimeout, recovers)
  }

  /// Calls `body` with a connection that is in a read transaction.
  ///
  /// - Throws: `Failure` if the path leads to no database, or if it can't be read.
  public func read<T>(
    _ path: String, within time: Duration, _ body: (Connection) throws -> T
  ) throws(Failure) -> T {
    do {
      return try read(path, DatabaseFile.inspect(path).get(), by: Deadline(in: time), body)
    } catch {
      throw Failure(error, at: .inspect)
    }
  }

  /// Calls `body` with a connection that is in a read transaction.
  ///
  /// Without a log, the file itself holds everything. Reading it as immutable creates no -wal and -shm files. If the
  /// file has changed in the meantime, or another process turns out to have it open, `body` is called again.
  ///
  /// Unless it may read `exclusively`, it reads the log of a crashed writer as any reader does, whose -shm file stays,
  /// instead of under an exclusive lock.
  func read<T>(
    _ path: String, _ before: DatabaseFile, by deadline: Deadline, exclusively: Bool = true,
    _ body: (Connection) throws -> T
  ) throws -> T {
    func read(_ access: Connection.Access) throws -> T {
      let database = try Connection(
        path: path, access: access, busyTimeout: busyTimeout, deadline: deadline)
      defer { database.close() }
      try database.execute("BEGIN")
      return try body(database)
    }
    if before.isWAL, !before.hasLog {
      let result = try read(.immutable)
      if before.isUnchanged(at: path) { return result }
    }
    if exclusively, before.hasLog, !before.hasSharedMemory, let result = try? read(.exclusiveReadOnly) {
      return result
    }
    do {
      return try read(.readOnly)
    } catch let error as SQLiteError where error.code == .needsRollback {
      // A writer crashed. The next process that opens the file for writing rolls back its unfinished transaction.
      guard recovers else {
        throw Failure(
          code: .journal, step: .inspect,
          message: "a writer crashed and left a journal, which has to be rolled back before anybody can read")
      }
      return try read(.readWrite)
    }
  }
}
