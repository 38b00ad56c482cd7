public import Basics
internal import CSQLite

/// A hardened connection to one database file.
///
/// ```swift
/// let database = try Connection(path: "/srv/app.db", access: .readOnly)
/// defer { database.close() }
/// let names = try database.rows("SELECT name FROM users WHERE age > ?", [.integer(18)]) {
///   $0.text(0) ?? ""
/// }
/// ```
///
/// A database is untrusted input. Its schema may not call functions with side effects, nothing may be attached, no
/// extension loaded and no internal table written, and each page's cells are checked when read.
///
/// A connection must stay on the thread that uses it. See also ``Statement``, ``Deadline`` and ``SQLiteError``.
public final class Connection {
  /// How a file is opened. Opening never creates a database file.
  public enum Access: Hashable, Sendable {
    /// Reads with locks.
    case readOnly
    /// Reads a file that nobody writes, without locks and without changing its folder.
    case immutable
    /// Reads the content of a log that a crash left. The connection locks the file exclusively and keeps the log's
    /// index in memory, so it writes nothing and creates no file. The first read fails if another connection has the
    /// file open.
    case exclusiveReadOnly
    /// Reads and writes with locks.
    case readWrite
    /// Creates an empty in-memory database. The path is not used.
    case memory
  }

  let handle: OpaquePointer
  let busyHandler: BusyHandler
  var authorizer: Authorizer?
  let hooks = TransactionHooks()
  private var isClosed = false
  /// The connection's number in the `Interrupter`; nil without a deadline.
  private var watching: Int?
  private var cached: [String: Statement] = [:]
  private var live: LiveFile?

  /// Opens the file at `path`.
  ///
  /// - Parameters:
  ///   - path: an absolute path, so that SQLite can't mistake it for a URI.
  ///   - access: how to open the file. A missing file is never created.
  ///   - busyTimeout: how long to wait for a lock.
  ///   - deadline: when to interrupt statements and to stop waiting for locks; nil for never.
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

  /// Closes the connection. Closing it twice is harmless.
  ///
  /// In WAL mode, closing the last connection to a database moves the log into the file.
  public func close() {
    guard !isClosed else { return }
    isClosed = true
    cached = [:]
    if let watching {
      Interrupter.shared.remove(watching)
      // A pending interrupt would end the checkpoint. The next statement clears it.
      if busyHandler.isOver { sqlite3_exec(handle, "SELECT 1", nil, nil, nil) }
    }
    sqlite3_close_v2(handle)
    live = nil
  }

  private func harden() throws(SQLiteError) {
    for (option, on) in [
      (SQLITE_DBCONFIG_DEFENSIVE, Int32(1)), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
      (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0), (SQLITE_DBCONFIG_ENABLE_FKEY, 0),
      // This SQL function exposes addresses of C functions.
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

  /// Prepares the first statement of `sql` and ignores the rest.
  ///
  /// The statement keeps the connection open. Once it has begun, it holds its read lock until it is reset, finished or
  /// deallocated. Other statements of the connection may run in the meantime.
  ///
  /// - Returns: the statement, or nil if the text contains only space and comments.
  /// - Throws: `SQLiteError` if the text is not valid SQL, refers to something that doesn't exist, or uses something
  ///   that the connection doesn't allow (`.notAuthorized`), or if the schema can't be read.
  public func prepare(_ sql: String) throws(SQLiteError) -> Statement? {
    var statement: OpaquePointer?
    let result = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
    guard result == SQLITE_OK else { throw error(result) }
    return statement.map { Statement($0, on: handle, keeping: self) }
  }

  /// The cached statement for this text, or a new one that is cached for the next call.
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
  ///   - sql: the statement. Nothing happens if the text contains none.
  ///   - values: the values of its parameters, beginning with the first. Parameters without a value are NULL.
  /// - Throws: `SQLiteError` as `prepare` does, or if the statement fails, for example because of a constraint, a lock
  ///   that wasn't free in time (`.busy`), or the deadline (`.interrupt`). SQLite undoes the statement. It may also
  ///   have rolled back an open transaction; see `isInTransaction`.
  public func execute(_ sql: String, _ values: [Value] = []) throws(SQLiteError) {
    guard let statement = try prepare(sql) else { return }
    try statement.bind(values)
    try statement.run()
  }

  /// Runs every statement of a script in order, without a transaction of its own.
  ///
  /// - Throws: `SQLiteError` at the first statement that fails. The statements before it have run.
  public func executeScript(_ script: String) throws(SQLiteError) {
    let result = sqlite3_exec(handle, script, nil, nil, nil)
    guard result == SQLITE_OK else { throw error(result) }
  }

  /// Calls `body` with each row of a statement's result, while the statement is open.
  ///
  /// `body` may run other statements. If it ends the transaction or changes the tables that are being read, the
  /// following rows are undefined.
  ///
  /// - Throws: what `body` throws, which ends the reading; otherwise `SQLiteError` as `execute` does.
  public func forEachRow<E: Error>(
    _ sql: String, _ values: [Value] = [], _ body: (Statement) throws(E) -> Void
  ) throws {
    guard let statement = try prepare(sql) else { return }
    try statement.bind(values)
    while try statement.step() { try body(statement) }
  }

  /// Returns all rows of a statement's result, transformed.
  ///
  /// ```swift
  /// let names = try database.rows("SELECT name FROM sqlite_schema WHERE type = ?", [.text("table")]) {
  ///   $0.text(0) ?? ""
  /// }
  /// ```
  ///
  /// The statement is cached for the next call with the same text. `transform` must therefore not call `rows` or
  /// `scalar` with this text, because the inner call would restart the outer one.
  ///
  /// - Parameters:
  ///   - sql: the statement.
  ///   - values: the values of its parameters.
  ///   - limit: how much to read at most, for a database that others write; nil for content that Flotilla wrote.
  ///   - transform: called with each row.
  /// - Returns: the results of `transform`, in the order of the rows.
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

  /// Returns the first column of the first row, or nil if there is no row. Further rows are not read.
  ///
  /// The statement is cached as in `rows`, with the same restriction.
  ///
  /// - Throws: `SQLiteError` as `execute` does.
  public func scalar(_ sql: String, _ values: [Value] = []) throws(SQLiteError) -> Value? {
    guard let statement = try kept(sql) else { return nil }
    defer { statement.reset() }
    try statement.bind(values)
    return try statement.step() ? statement.value(0) : nil
  }

  /// The absolute path of the file without symbolic links, as SQLite resolved it when it opened the file.
  public var resolvedPath: String { sqlite3_db_filename(handle, "main").map { String(cString: $0) } ?? "" }

  /// The bytes of the file. It stays open at least as long as this connection: closing it earlier would drop the locks
  /// that the connection holds.
  ///
  /// - Throws: `SystemError` if the file can't be opened.
  public func liveFile() throws(SystemError) -> LiveFile {
    if let live { return live }
    let opened = try LiveFile(resolvedPath)
    live = opened
    return opened
  }

  /// Whether the opened file is still the one at `resolvedPath`, and is the one that `file` describes.
  ///
  /// A path can lead elsewhere from one call to the next, if a symbolic link or a folder in it is replaced.
  public func isOpen(on file: DatabaseFile) -> Bool {
    var hasMoved: Int32 = 1
    guard sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved) == SQLITE_OK, hasMoved == 0
    else { return false }
    return file.isSameFile(at: resolvedPath)
  }

  /// Whether SQLite could open the file only for reading, which it does without reporting an error.
  public var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") == 1 }

  /// Disables checkpoints until the connection closes.
  public func disableAutomaticCheckpoints() { sqlite3_wal_autocheckpoint(handle, 0) }

  /// How many rows the last completed statement changed.
  public var changes: Int { Int(sqlite3_changes64(handle)) }

  // MARK: Transactions

  /// Whether a transaction is open.
  public var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// Rolls back the transaction if one is open, even if the deadline has passed. If this fails, closing the connection
  /// ends the transaction.
  public func rollback() {
    defer { hooks.isHeld = false }
    guard isInTransaction else { return }
    if let watching { Interrupter.shared.remove(watching) }
    sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
    watching = busyHandler.deadline.map { Interrupter.shared.add(handle, $0) }
  }

  /// Runs `body` between BEGIN IMMEDIATE and COMMIT. If `body` throws, the transaction is rolled back.
  ///
  /// Calls can't be nested, because SQLite has no nested transactions. An inner call throws.
  ///
  /// - Throws: what `body` throws; `SQLiteError` if the lock isn't free in time, or the commit fails.
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

  /// Runs `body` with one attached database allowed, because VACUUM attaches a temporary database.
  public func allowingVacuum<T>(_ body: () throws -> T) rethrows -> T {
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 1)
    defer { sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0) }
    return try body()
  }
}

@available(*, unavailable) extension Connection: Sendable {}

/// Sets up the SQLite library, once per process.
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
