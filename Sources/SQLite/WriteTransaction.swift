internal import CSQLite

/// The state of one connection's transactions, updated by SQLite's hooks.
final class TransactionHooks {
  /// Whether the open transaction may be committed only by `Connection.commitTransaction`.
  var isHeld = false
  /// Whether a transaction was rolled back while it was held.
  var isLost = false
  /// How many commits were attempted. The hook runs before the commit itself.
  var commits = 0

  func install(on handle: OpaquePointer) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    sqlite3_commit_hook(
      handle,
      { context in
        guard let context else { return 1 }
        let hooks = Unmanaged<TransactionHooks>.fromOpaque(context).takeUnretainedValue()
        guard !hooks.isHeld else { return 1 }  // turns the COMMIT into a ROLLBACK
        hooks.commits += 1
        return 0
      }, context)
    sqlite3_rollback_hook(
      handle,
      { context in
        guard let context else { return }
        let hooks = Unmanaged<TransactionHooks>.fromOpaque(context).takeUnretainedValue()
        if hooks.isHeld { hooks.isLost = true }
      }, context)
  }
}

extension Connection {
  /// Begins a write transaction that only `commitTransaction` can commit. Any other COMMIT rolls it back.
  ///
  /// ```swift
  /// try database.beginTransaction()
  /// defer { database.rollback() }  // does nothing after a commit
  /// try database.execute("UPDATE users SET name = 'x'")
  /// try database.checkTransaction()
  /// try database.commitTransaction()
  /// ```
  ///
  /// - Throws: `SQLiteError`, with `.busy` if another connection holds the lock.
  public func beginTransaction() throws(SQLiteError) {
    try execute("BEGIN IMMEDIATE")
    hooks.isHeld = true
    hooks.isLost = false
  }

  /// Commits the transaction that `beginTransaction` began.
  ///
  /// - Throws: `SQLiteError`. The state of the database must then be read from the file, because it can be the old or
  ///   the new one. With code `.abort`, the transaction was no longer open.
  public func commitTransaction() throws(SQLiteError) {
    try checkTransaction()
    hooks.isHeld = false
    try execute("COMMIT")
  }

  /// Verifies that the transaction begun by `beginTransaction` is still open.
  ///
  /// - Throws: `SQLiteError` with `.abort` if a statement has ended it.
  public func checkTransaction() throws(SQLiteError) {
    guard isInTransaction, !hooks.isLost else {
      throw SQLiteError(code: .abort, message: "the transaction was ended by a statement in it")
    }
  }

  /// Whether this connection may have committed anything since it was opened.
  public var mayHaveCommitted: Bool { hooks.commits > 0 }
}
