internal import CSQLite

/// The tables that a prepared statement would write, as SQLite's authorizer reports them while it compiles the
/// statement.
///
/// Names are spelled as in the schema. Internal tables (`sqlite_…`) are left out.
public struct Writes: Hashable, Sendable {
  /// Tables whose rows the statement, or a trigger that it fires, inserts, updates or deletes, and tables that it
  /// alters or drops.
  public var tables: Set<String> = []
  /// The members of `tables` whose rows may change: all except tables that are only altered.
  public var rows: Set<String> = []
  /// The members of `tables` that may lose rows to DELETE. SQLite doesn't report the deletions of REPLACE.
  public var deleted: Set<String> = []
  /// Tables that the statement drops.
  public var dropped: Set<String> = []
}

/// Collects writes, and denies what a migration file's statement must not do.
final class Authorizer {
  /// The origin of the statements that are being prepared or run, which determines what they may do.
  enum Mode {
    /// Flotilla's own statements: everything is allowed.
    case unrestricted
    /// A migration's statements: transaction control and other databases are denied.
    case migration
    /// A condition's query: everything except reading is denied.
    case question
  }

  var writes = Writes()
  var mode = Mode.unrestricted
  /// Whether triggers and views may use full-text tables.
  fileprivate var trustsSchema = false

  /// The pragmas that only read even with an argument. SQLite offers each of them as a table-valued function too.
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
      // On first use, a virtual table such as pragma_table_info declares itself, which SQLite reports as this update.
      // It is harmless, since defensive mode protects the schema, and `answer` refuses statements that aren't
      // read-only.
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
  /// Prepares one statement of a migration and determines what it will write.
  ///
  /// If the statement can't be prepared and the database has virtual tables, it is prepared again with a trusted schema,
  /// which holds until `endGuard`. Triggers and views may then use full-text tables, as they may in the application:
  /// SQLite denies that in an untrusted schema where its FTS5 is too old to declare itself harmless. Functions and
  /// tables that are unsafe in any schema (`SQLITE_DIRECTONLY`) stay denied.
  ///
  /// - Returns: the statement, or nil if the text contains none, and its writes.
  /// - Throws: `SQLiteError` with `.notAuthorized` for ATTACH, DETACH, and statements that begin or end a transaction.
  public func prepareGuarded(_ sql: String) throws(SQLiteError) -> (statement: Statement?, writes: Writes) {
    let authorizer = authorizer ?? install(Authorizer())
    authorizer.mode = .migration
    do throws(SQLiteError) {
      authorizer.writes = Writes()
      return (try prepare(sql), authorizer.writes)
    } catch {
      guard error.code.primary == .error, !authorizer.trustsSchema, (try? hasVirtualTables()) == true else {
        throw error
      }
    }
    try trustSchema(true, authorizer)
    authorizer.writes = Writes()
    return (try prepare(sql), authorizer.writes)
  }

  private func hasVirtualTables() throws(SQLiteError) -> Bool {
    try scalar("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'create virtual%'") != nil
  }

  /// Lifts the restrictions that `prepareGuarded` imposed. Until then they also apply when SQLite re-prepares a
  /// statement.
  public func endGuard() {
    guard let authorizer else { return }
    authorizer.mode = .unrestricted
    // The flag of an open connection can always be set.
    try? trustSchema(false, authorizer)
  }

  /// Sets `trusted_schema`. SQLite re-prepares all statements after a change.
  private func trustSchema(_ trusts: Bool, _ authorizer: Authorizer) throws(SQLiteError) {
    guard authorizer.trustsSchema != trusts else { return }
    var now: Int32 = -1
    let result = flotilla_sqlite3_db_config_flag(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, trusts ? 1 : 0, &now)
    guard result == SQLITE_OK else { throw error(result) }
    authorizer.trustsSchema = trusts
  }

  /// Runs a query up to its first row.
  ///
  /// - Returns: the first column of the first row, or nil if there is no row.
  /// - Throws: `SQLiteError` with `.notAuthorized` for everything except a query: writes, transaction control, ATTACH,
  ///   and pragmas that set something.
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

  /// Installs the authorizer, only once per connection, since SQLite then re-prepares all statements.
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
