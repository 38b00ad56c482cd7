internal import Basics
internal import CSQLite

/// One hardened connection to one database file.
///
/// A database is untrusted input: its schema may call no function with side effects, nothing may be attached,
/// no extension loaded, no internal table written, and each page's cells are checked when read.
/// A connection stays with the thread that uses it.
public final class Connection {
  /// How a file is opened. Opening never creates a database file.
  public enum Access: Hashable, Sendable {
    /// Reads, with locks.
    case readOnly
    /// Reads a file that nobody writes, without locks and without touching its folder.
    case immutable
    /// Reads what a crash left in a log, with the file to itself and the log's index in memory, so that nothing is
    /// written and no file is made. Fails at the first read where somebody else has the file open.
    case exclusiveReadOnly
    /// Reads and writes.
    case readWrite
    /// A database in memory, empty at first; the path is not used.
    case memory
  }

  let handle: OpaquePointer
  let busyHandler: BusyHandler
  var authorizer: Authorizer?
  let hooks = TransactionHooks()
  private var isClosed = false
  /// The connection's number at the `Interrupter`; nil without a deadline.
  private var watching: Int?
  private var cached: [String: Statement] = [:]

  /// Opens the file at `path`.
  ///
  /// - Parameters:
  ///   - path: absolute, so that it can't be taken for a URI.
  ///   - access: how; a file that isn't there is never created.
  ///   - busyTimeout: how long to wait for a lock.
  ///   - deadline: when statements are interrupted and waiting for locks ends.
  /// - Throws: `SQLiteError`; nothing is left open.
  public init(
    path: String, access: Access, busyTimeout: Duration = .seconds(5),
    deadline: Deadline? = nil
  ) throws(SQLiteError) {
    Library.initialize()
    let name =
      switch access {
      case .memory: ":memory:"
      case .immutable: Self.immutableURI(path)
      case .readOnly, .readWrite, .exclusiveReadOnly: path
      }
    let mode =
      access == .memory
      ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY
      : access == .readWrite || access == .exclusiveReadOnly ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY
    var opened: OpaquePointer?
    let flags = mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI
    let result = sqlite3_open_v2(name, &opened, flags, nil)
    guard result == SQLITE_OK, let opened else {
      let error = SQLiteError(result, on: opened)
      sqlite3_close(opened)
      throw error
    }
    handle = opened
    busyHandler = BusyHandler(busyTimeout: busyTimeout, deadline: deadline)
    busyHandler.install(on: handle)
    hooks.install(on: handle)
    watching = deadline.map { Interrupter.shared.add(opened, $0) }
    try harden()
    guard access == .exclusiveReadOnly else { return }
    var now: Int32 = 0
    let kept = flotilla_sqlite3_db_config_flag(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &now)
    guard kept == SQLITE_OK else { throw error(kept) }
    try execute("PRAGMA locking_mode=EXCLUSIVE")
    try execute("PRAGMA query_only=ON")
  }

  deinit { close() }

  /// Closes the connection; doing it twice does no harm.
  ///
  /// In WAL mode the last connection to a database, and only the last, moves the log into the file.
  public func close() {
    guard !isClosed else { return }
    isClosed = true
    cached = [:]
    if let watching {
      Interrupter.shared.remove(watching)
      // An interrupt that no statement has met would end the checkpoint; the first statement after it clears it.
      if busyHandler.isOver { sqlite3_exec(handle, "SELECT 1", nil, nil, nil) }
    }
    sqlite3_close_v2(handle)
  }

  private func harden() throws(SQLiteError) {
    for (option, on) in [
      (SQLITE_DBCONFIG_DEFENSIVE, Int32(1)), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
      (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0), (SQLITE_DBCONFIG_ENABLE_FKEY, 0),
      // The function takes and gives addresses of C functions.
      (SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0),
    ] {
      var now: Int32 = -1
      let result = flotilla_sqlite3_db_config_flag(handle, option, on, &now)
      guard result == SQLITE_OK, now == on else { throw error(result == SQLITE_OK ? SQLITE_ERROR : result) }
    }
    Limits.apply(to: handle)
    try execute("PRAGMA cell_size_check=ON")
  }

  private static func immutableURI(_ path: String) -> String {
    "file:\(path.percentEncoded(keeping: "/.-_"))?immutable=1"
  }

  func error(_ result: Int32) -> SQLiteError { SQLiteError(result, on: handle) }

  // MARK: Statements

  /// Prepares the first statement of `sql`. What follows it is ignored.
  ///
  /// The statement keeps the connection open. One that has begun holds its read lock until it is reset, has run to its
  /// end, or goes away; it may be used while others of the connection run.
  ///
  /// - Returns: the statement, or nil if the text holds nothing but space and comments.
  /// - Throws: `SQLiteError`: the text is no SQL, names what isn't there, or uses what the connection doesn't allow
  ///   (`.auth`); or the schema can't be read.
  public func prepare(_ sql: String) throws(SQLiteError) -> Statement? {
    var statement: OpaquePointer?
    let result = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
    guard result == SQLITE_OK else { throw error(result) }
    return statement.map { Statement($0, on: handle, keeping: self) }
  }

  /// The statement that was prepared for this text before, or a new one that is kept for the next time.
  private func kept(_ sql: String) throws(SQLiteError) -> Statement? {
    if let known = cached[sql] { return known }
    var statement: OpaquePointer?
    let result = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard result == SQLITE_OK else { throw error(result) }
    cached[sql] = statement.map { Statement($0, on: handle, keeping: nil) }
    return cached[sql]
  }

  /// Runs the first statement of `sql` to its end and ignores its rows.
  ///
  /// - Parameters:
  ///   - sql: the statement. Nothing happens if there is none in it.
  ///   - values: the values of its parameters, from the first on; parameters without one are NULL.
  /// - Throws: `SQLiteError`: what `prepare` throws; or the statement failed, as for a constraint, a lock that was not
  ///   free in time (`.busy`), or the deadline (`.interrupt`). SQLite takes back what the statement did; an open
  ///   transaction may have been rolled back by it, see `isInTransaction`.
  public func execute(_ sql: String, _ values: [Value] = []) throws(SQLiteError) {
    guard let statement = try prepare(sql) else { return }
    try statement.bind(values)
    try statement.run()
  }

  /// Runs every statement of a script, one after the other, without a transaction of its own.
  ///
  /// - Throws: `SQLiteError` at the first statement that fails. Those before it have run.
  public func executeScript(_ script: String) throws(SQLiteError) {
    let result = sqlite3_exec(handle, script, nil, nil, nil)
    guard result == SQLITE_OK else { throw error(result) }
  }

  /// Calls `body` with each row of one statement's result, while the statement is open.
  ///
  /// `body` may run other statements. It must neither end the transaction nor change the tables that are read: which
  /// rows follow is undefined then.
  ///
  /// - Throws: what `body` throws, which ends the reading; else `SQLiteError`, as `execute` does.
  public func forEachRow<E: Error>(
    _ sql: String, _ values: [Value] = [], _ body: (Statement) throws(E) -> Void
  ) throws {
    guard let statement = try prepare(sql) else { return }
    try statement.bind(values)
    while try statement.step() { try body(statement) }
  }

  /// Each row of one statement's result, transformed.
  ///
  ///     let names = try database.rows("SELECT name FROM sqlite_schema WHERE type = ?", [.text("table")]) {
  ///       $0.text(0) ?? ""
  ///     }
  ///
  /// The statement is kept for the next call with the same text. So `transform` must not call `rows` or `scalar` with
  /// this text: the inner call would begin the outer one anew.
  ///
  /// - Parameters:
  ///   - sql: the statement.
  ///   - values: of its parameters.
  ///   - limit: how much may be read, of a database that others write; nil for what this program wrote.
  ///   - transform: called with each row.
  /// - Returns: what `transform` made of the rows, in their order.
  /// - Throws: `SQLiteError` as `execute` does, with code `.tooBig` if the result exceeds the limit.
  public func rows<T>(
    _ sql: String, _ values: [Value] = [], atMost limit: ReadLimit? = nil, _ transform: (Statement) -> T
  ) throws(SQLiteError) -> [T] {
    guard let statement = try kept(sql) else { return [] }
    defer { statement.reset() }
    try statement.bind(values)
    var account = limit.map(ReadAccount.init)
    var rows: [T] = []
    while try statement.step() {
      try account?.add(statement)
      rows.append(transform(statement))
    }
    return rows
  }

  /// The first column of the first row, or nil if there is no row. Further rows are not read.
  ///
  /// The statement is kept as by `rows`, and must not be nested with it for the same reason.
  ///
  /// - Throws: `SQLiteError` as `execute` does.
  public func scalar(_ sql: String, _ values: [Value] = []) throws(SQLiteError) -> Value? {
    guard let statement = try kept(sql) else { return nil }
    defer { statement.reset() }
    try statement.bind(values)
    return try statement.step() ? statement.value(0) : nil
  }

  /// The file that was opened, as SQLite resolved its path when it did: absolute and without symbolic links.
  public var resolvedPath: String { sqlite3_db_filename(handle, "main").map { String(cString: $0) } ?? "" }

  /// Whether the file that was opened is still the one at `resolvedPath`, and is the one that `file` describes.
  ///
  /// A path can lead elsewhere from one call to the next, when a symbolic link or a folder in it is switched.
  public func isOpen(on file: DatabaseFile) -> Bool {
    var hasMoved: Int32 = 1
    guard sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved) == SQLITE_OK, hasMoved == 0
    else { return false }
    return file.isSameFile(at: resolvedPath)
  }

  /// Whether the file could only be opened for reading, as SQLite falls back on that without an error.
  public var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") == 1 }

  /// Leaves the log alone until the connection closes.
  public func disableAutomaticCheckpoints() { sqlite3_wal_autocheckpoint(handle, 0) }

  /// How many rows the last finished statement changed.
  public var changes: Int { Int(sqlite3_changes64(handle)) }

  // MARK: Transactions

  /// Whether a transaction is open.
  public var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// Ends a transaction without its changes, if one is open, also when the time is over. A failure leaves it to the
  /// closing of the file.
  public func rollback() {
    defer { hooks.isHeld = false }
    guard isInTransaction else { return }
    if let watching { Interrupter.shared.remove(watching) }
    sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
    watching = busyHandler.deadline.map { Interrupter.shared.add(handle, $0) }
  }

  /// Runs `body` between BEGIN IMMEDIATE and COMMIT; an error rolls back and goes on to the caller.
  ///
  /// It can't be nested: SQLite has no transaction in a transaction, and the inner one throws.
  ///
  /// - Throws: what `body` throws; or `SQLiteError` if the lock is not free in time, or the commit fails.
  public func transaction<T>(_ body: () throws -> T) throws -> T {
    try execute("BEGIN IMMEDIATE")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      rollback()
      throw error
    }
  }

  /// Lets `body` run with one attached database allowed, which VACUUM needs for its own purposes.
  public func allowingVacuum<T>(_ body: () throws -> T) rethrows -> T {
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 1)
    defer { sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0) }
    return try body()
  }
}

@available(*, unavailable) extension Connection: Sendable {}

/// Set-up of the library as a whole, once a process.
enum Library {
  private static let ready: Void = {
    let results = [
      flotilla_sqlite3_config_int(SQLITE_CONFIG_MEMSTATUS, 0), Memory.configure(), sqlite3_initialize(),
    ]
    precondition(results == [SQLITE_OK, SQLITE_OK, SQLITE_OK], "SQLite can't be set up")
  }()

  static func initialize() { ready }
}

/// The version of the SQLite library in use, such as `3.40.1`.
public var libraryVersion: String { String(cString: sqlite3_libversion()) }
