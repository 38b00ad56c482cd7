internal import CSQLite

/// What a prepared statement would write, told by SQLite's authorizer while it compiles the statement.
///
/// Names are as the schema has them. Internal tables (`sqlite_…`) are left out.
public struct Writes: Hashable, Sendable {
  /// Tables whose rows it inserts, updates or deletes, or which it alters or drops; also through triggers.
  public var tables: Set<String> = []
  /// Those of `tables` whose rows it may change: all but tables that are only altered.
  public var rows: Set<String> = []
  /// Those of which it may delete rows; REPLACE deletes too, and is no delete to SQLite.
  public var deleted: Set<String> = []
  /// Tables that it drops.
  public var dropped: Set<String> = []
}

/// Collects writes, and refuses what a statement from a migration file must not do.
final class Authorizer {
  /// Which statements are being prepared or run.
  enum Mode {
    /// This program's own: everything is allowed.
    case unrestricted
    /// A migration's: no transaction control, no other database.
    case migration
    /// A condition's: nothing but reading.
    case question
  }

  var writes = Writes()
  var mode = Mode.unrestricted

  /// The pragmas that read when they are given an argument: SQLite offers each as a table-valued function as well.
  private static let questions: Set<String> = [
    "foreign_key_check", "foreign_key_list", "index_info", "index_list", "index_xinfo", "integrity_check",
    "quick_check", "table_info", "table_list", "table_xinfo",
  ]

  /// Called by SQLite for each access of a statement that it compiles.
  func check(_ action: Int32, _ first: UnsafePointer<CChar>?, _ second: UnsafePointer<CChar>?) -> Int32 {
    switch mode {
    case .unrestricted: SQLITE_OK
    case .migration: checkMigration(action, first, second)
    case .question: checkQuestion(action, first, second)
    }
  }

  private func checkMigration(
    _ action: Int32, _ first: UnsafePointer<CChar>?, _ second: UnsafePointer<CChar>?
  ) -> Int32 {
    switch action {
    case SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE:
      if let table = Self.name(first) {
        writes.tables.insert(table)
        writes.rows.insert(table)
        if action == SQLITE_DELETE { writes.deleted.insert(table) }
      }
    case SQLITE_DROP_TABLE, SQLITE_DROP_VTABLE:
      if let table = Self.name(first) {
        writes.tables.insert(table)
        writes.rows.insert(table)
        writes.dropped.insert(table)
      }
    case SQLITE_ALTER_TABLE: if let table = Self.name(second) { writes.tables.insert(table) }
    case SQLITE_ATTACH, SQLITE_DETACH, SQLITE_TRANSACTION, SQLITE_SAVEPOINT: return SQLITE_DENY
    default: break
    }
    return SQLITE_OK
  }

  private func checkQuestion(
    _ action: Int32, _ first: UnsafePointer<CChar>?, _ second: UnsafePointer<CChar>?
  ) -> Int32 {
    switch action {
    case SQLITE_SELECT, SQLITE_READ, SQLITE_FUNCTION, SQLITE_RECURSIVE: return SQLITE_OK
    case SQLITE_UPDATE:
      // A virtual table, such as pragma_table_info, declares itself when it is first used, which asks for this. The
      // schema can't be written in defensive mode, and the statement has to be read-only besides.
      guard let first else { return SQLITE_DENY }
      return ["sqlite_master", "sqlite_schema"].contains(String(cString: first)) ? SQLITE_OK : SQLITE_DENY
    case SQLITE_PRAGMA:
      guard let first else { return SQLITE_DENY }
      return second == nil || Self.questions.contains(String(cString: first).folded) ? SQLITE_OK : SQLITE_DENY
    default: return SQLITE_DENY
    }
  }

  private static func name(_ name: UnsafePointer<CChar>?) -> String? {
    guard let name, sqlite3_strnicmp(name, "sqlite_", 7) != 0 else { return nil }
    return String(cString: name)
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
    authorizer.mode = .migration
    let statement = try prepare(sql)
    return (statement, authorizer.writes)
  }

  /// Ends the guarding that `prepareGuarded` began. Statements may still be re-prepared under it until then.
  public func endGuard() { authorizer?.mode = .unrestricted }

  /// Runs one statement that only reads, as far as its first row.
  ///
  /// - Returns: the first column of the first row, or nil where there is no row.
  /// - Throws: `SQLiteError` with `.notAuthorized` for everything but a query: writes, transaction control, ATTACH, and
  ///   pragmas that set something.
  public func answer(_ sql: String) throws(SQLiteError) -> Value? {
    let authorizer = authorizer ?? install(Authorizer())
    let mode = authorizer.mode
    authorizer.mode = .question
    defer { authorizer.mode = mode }
    guard let statement = try prepare(sql) else { return nil }
    guard statement.isReadOnly else {
      throw SQLiteError(code: .notAuthorized, message: "the statement writes")
    }
    defer { statement.reset() }
    return try statement.step() ? statement.value(0) : nil
  }

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
