internal import CSQLite

extension Connection {
  /// Replaces the content of this database by that of `source`, page by page, with SQLite's online backup.
  ///
  /// The caller holds a transaction on `source`, so that no page changes during the copy. After an error, this
  /// database's own transaction is rolled back and its content is unchanged.
  ///
  /// - Parameters:
  ///   - source: the database to copy.
  ///   - prepare: called when this database is locked for other writers and nothing is copied yet. An error that it
  ///     throws ends the copy. It must not use this connection.
  /// - Throws: `SQLiteError`: `.interrupt` if this connection's deadline passes, `.full` if the disk is full; and what
  ///   `prepare` throws.
  public func copyContent(of source: Connection, onceLocked prepare: () throws -> Void = {}) throws {
    guard let backup = sqlite3_backup_init(handle, "main", source.handle, "main") else {
      throw error(sqlite3_errcode(handle))
    }
    // "SQLite holds a write transaction open on the destination database file for the duration of the backup operation"
    // (https://sqlite.org/c3ref/backup_finish.html). The first step takes the lock, even if it copies no page.
    var result = step(backup, pages: 0)
    if result == SQLITE_OK {
      do {
        try prepare()
      } catch {
        sqlite3_backup_finish(backup)
        throw error
      }
      repeat { result = step(backup, pages: 4096) } while result == SQLITE_OK
    }
    let finished = sqlite3_backup_finish(backup)
    guard result != SQLITE_INTERRUPT else {
      throw SQLiteError(code: .interrupt, message: "the time allowed has passed")
    }
    guard result == SQLITE_DONE else { throw error(result) }
    guard finished == SQLITE_OK else { throw error(finished) }
  }

  /// Performs one step, and waits for locks.
  private func step(_ backup: OpaquePointer, pages: Int32) -> Int32 {
    var attempt: Int32 = 0
    while !busyHandler.isOver {
      let result = sqlite3_backup_step(backup, pages)
      let isLocked = [SQLITE_BUSY, SQLITE_LOCKED].contains(result & 0xff)
      guard isLocked, busyHandler.waitForLock(attempt: attempt) else { return result }
      attempt = attempt == .max ? attempt : attempt + 1
    }
    return SQLITE_INTERRUPT
  }
}
