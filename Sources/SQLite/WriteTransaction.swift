internal import CSQLite

/// What SQLite's hooks tell of one connection's transactions.
final class TransactionHooks {
  /// Whether a transaction is open that only `Connection.commitTransaction` may commit.
  var isHeld = false
  /// Whether a transaction ended while it was held.
  var isLost = false
  /// How often something was committed, or tried to: the hook runs before the commit does.
  var commits = 0

  func install(on handle: OpaquePointer) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    sqlite3_commit_hook(
      handle,
      { context in
        guard let context else { return 1 }
        let hooks = Unmanaged<TransactionHooks>.fromOpaque(context).takeUnretainedValue()
        guard !hooks.isHeld else { return 1 }  // which turns the COMMIT into a ROLLBACK
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
  /// Begins a write transaction that nothing but `commitTransaction` can commit: any other COMMIT rolls it back.
  ///
  /// - Throws: `SQLiteError`, with `.busy` where another connection keeps the lock.
  public func beginTransaction() throws(SQLiteError) {
    try execute("BEGIN IMMEDIATE")
    hooks.isHeld = true
    hooks.isLost = false
  }

  /// Commits the transaction that `beginTransaction` began.
  ///
  /// - Throws: `SQLiteError`; whether the database is at its old or its new state then has to be read from the file.
  ///   With `.abort` where the transaction was not open any more.
  public func commitTransaction() throws(SQLiteError) {
    try checkTransaction()
    hooks.isHeld = false
    try execute("COMMIT")
  }

  /// Makes sure that the transaction in which a migration runs is open, and is the one that was begun for it.
  ///
  /// - Throws: `SQLiteError` with `.abort` where it isn't.
  public func checkTransaction() throws(SQLiteError) {
    guard isInTransaction, !hooks.isLost else {
      throw SQLiteError(code: .abort, message: "the transaction was ended by a statement in it")
    }
  }

  /// Whether this connection may have committed anything since it was opened.
  public var mayHaveCommitted: Bool { hooks.commits > 0 }
}
