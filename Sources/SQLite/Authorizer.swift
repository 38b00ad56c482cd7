internal import CSQLite

/// What a prepared statement would write, told by SQLite's authorizer while it compiles the statement.
public struct Writes: Hashable, Sendable {
  /// Tables into which it inserts, whose rows it updates or deletes, or which it alters or drops; also through
  /// triggers. Names as the schema has them. Internal tables (`sqlite_…`) are left out.
  public var tables: Set<String> = []
}

/// Collects writes, and refuses what a migration must not do.
final class Authorizer {
  var writes = Writes()
  /// Whether a migration's statement is being prepared or run.
  var isGuarding = false

  /// Called by SQLite for each access of a statement that it compiles.
  func check(_ action: Int32, _ first: UnsafePointer<CChar>?, _ second: UnsafePointer<CChar>?) -> Int32 {
    guard isGuarding else { return SQLITE_OK }
    switch action {
    case SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE, SQLITE_DROP_TABLE, SQLITE_DROP_VTABLE: note(first)
    case SQLITE_ALTER_TABLE: note(second)
    case SQLITE_ATTACH, SQLITE_DETACH, SQLITE_TRANSACTION, SQLITE_SAVEPOINT: return SQLITE_DENY
    default: break
    }
    return SQLITE_OK
  }

  private func note(_ name: UnsafePointer<CChar>?) {
    guard let name, sqlite3_strnicmp(name, "sqlite_", 7) != 0 else { return }
    writes.tables.insert(String(cString: name))
  }
}

extension Connection {
  /// Prepares one statement as part of a migration and tells what it will write.
  ///
  /// - Returns: the statement, or nil where the text holds none, and its writes.
  /// - Throws: `SQLiteError` with `.notAuthorized` for ATTACH, DETACH, and whatever begins or ends a transaction.
  public func prepareGuarded(_ sql: String) throws(SQLiteError) -> (statement: Statement?, writes: Writes) {
    let authorizer = authorizer ?? install(Authorizer())
    authorizer.writes = Writes()
    authorizer.isGuarding = true
    let statement = try prepare(sql)
    return (statement, authorizer.writes)
  }

  /// Ends the guarding that `prepareGuarded` began. Statements may still be re-prepared under it until then.
  public func endGuard() { authorizer?.isGuarding = false }

  /// Once for a connection, since SQLite prepares all statements anew after it.
  private func install(_ authorizer: Authorizer) -> Authorizer {
    sqlite3_set_authorizer(
      handle,
      { context, action, first, second, _, _ in
        guard let context else { return SQLITE_DENY }
        return Unmanaged<Authorizer>.fromOpaque(context).takeUnretainedValue().check(action, first, second)
      }, Unmanaged.passUnretained(authorizer).toOpaque())
    self.authorizer = authorizer
    return authorizer
  }
}
