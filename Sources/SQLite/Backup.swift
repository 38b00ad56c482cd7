internal import CSQLite

extension Connection {
  /// Calls `body` with all pages as this connection sees them, one after the other, in memory.
  ///
  /// - Throws: `SQLiteError`, or what `body` throws.
  public func withPages<T>(_ body: (UnsafeRawBufferPointer) throws -> T) throws -> T {
    var size: Int64 = 0
    guard let pages = sqlite3_serialize(handle, "main", &size, 0) else {
      throw error(sqlite3_errcode(handle))
    }
    defer { sqlite3_free(pages) }
    return try body(UnsafeRawBufferPointer(start: pages, count: Int(size)))
  }

  /// Copies the whole content of `source` over this database, page by page, through SQLite's online backup.
  ///
  /// The caller holds a transaction on `source`, so that no page changes under way. On an error this database's
  /// own transaction is rolled back and its content is what it was.
  ///
  /// - Throws: `SQLiteError`: `.interrupt` when this connection's deadline passes, `.full` when the disk is full.
  public func copyContent(of source: Connection) throws(SQLiteError) {
    guard let backup = sqlite3_backup_init(handle, "main", source.handle, "main") else {
      throw error(sqlite3_errcode(handle))
    }
    var result: Int32
    var attempt: Int32 = 0
    repeat {
      result = sqlite3_backup_step(backup, 4096)
      let waits = result & 0xff == SQLITE_BUSY || result & 0xff == SQLITE_LOCKED
      if waits, watch.waitForLock(attempt: attempt) {
        attempt += 1
        result = SQLITE_OK
      }
    } while result == SQLITE_OK && !watch.isOver
    let finished = sqlite3_backup_finish(backup)
    if result == SQLITE_OK { throw SQLiteError(code: .interrupt, message: "the time allowed has passed") }
    guard result == SQLITE_DONE else { throw error(result) }
    guard finished == SQLITE_OK else { throw error(finished) }
  }
}
