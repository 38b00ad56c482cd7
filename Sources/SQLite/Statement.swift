internal import CSQLite
internal import Glibc

/// A prepared statement, used only on its connection's thread.
///
/// ```swift
/// if let statement = try database.prepare("SELECT name FROM users WHERE id = ?") {
///   try statement.bind([.integer(7)])
///   while try statement.step() { print(statement.text(0) ?? "NULL") }
///   statement.reset()
/// }
/// ```
///
/// ``Connection/rows(_:_:atMost:_:)`` does this for a whole result. See also ``Connection/prepare(_:)`` and ``Value``.
public final class Statement {
  let handle: OpaquePointer
  private let database: OpaquePointer
  /// The connection, which the statement keeps open; nil for a statement that the connection itself caches.
  private let connection: Connection?

  init(_ handle: OpaquePointer, on database: OpaquePointer, keeping connection: Connection?) {
    self.handle = handle
    self.database = database
    self.connection = connection
  }

  deinit { sqlite3_finalize(handle) }

  /// The number of columns of a row; 0 for a statement that returns no rows.
  public var columnCount: Int { Int(sqlite3_column_count(handle)) }

  /// Whether running the statement leaves the database unchanged.
  public var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 }

  /// Binds values to the parameters, beginning with the first.
  ///
  /// - Throws: `SQLiteError`, for example if there are more values than parameters.
  public func bind(_ values: [Value]) throws(SQLiteError) {
    for (offset, value) in values.enumerated() {
      let index = Int32(offset + 1)
      let result =
        switch value {
        case .null: sqlite3_bind_null(handle, index)
        case .integer(let number): sqlite3_bind_int64(handle, index, number)
        case .real(let number): sqlite3_bind_double(handle, index, number)
        case .text(let text): flotilla_sqlite3_bind_text(handle, index, text, Int32(text.utf8.count))
        case .blob(let bytes): flotilla_sqlite3_bind_blob(handle, index, bytes, Int32(bytes.count))
        }
      guard result == SQLITE_OK else { throw SQLiteError(result, on: database) }
    }
  }

  /// Advances to the next row.
  ///
  /// - Returns: whether there is a row.
  /// - Throws: `SQLiteError`, with `.interrupt` when the connection's deadline has passed.
  public func step() throws(SQLiteError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let result: throw SQLiteError(result, on: database)
    }
  }

  /// Prepares the statement to run again. Its parameters keep their values.
  public func reset() { sqlite3_reset(handle) }

  /// Runs the statement to its end and resets it.
  ///
  /// - Throws: `SQLiteError` if the statement fails.
  public func run() throws(SQLiteError) {
    defer { reset() }
    while try step() {}
  }

  /// The value of a column in the current row.
  public func value(_ column: Int) -> Value {
    let column = Int32(column)
    switch sqlite3_column_type(handle, column) {
    case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, column))
    case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, column))
    case SQLITE_TEXT: return .text(textValue(column))
    case SQLITE_BLOB: return .blob(Array(UnsafeRawBufferPointer(bytes(column))))
    default: return .null
    }
  }

  /// The column as an integer, converted by SQLite's rules.
  public func int(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }

  /// The column as text, or nil if it is NULL.
  public func text(_ column: Int) -> String? {
    sqlite3_column_type(handle, Int32(column)) == SQLITE_NULL ? nil : textValue(Int32(column))
  }

  /// The size of a column in bytes: of its text in UTF-8, of its blob, or of a number's digits.
  func size(_ column: Int) -> Int { Int(sqlite3_column_bytes(handle, Int32(column))) }

  /// Calls `body` with the column's text in UTF-8, which is empty for NULL.
  public func withText(_ column: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    body(textBytes(Int32(column)))
  }

  /// The name of a column.
  public func name(_ column: Int) -> String {
    sqlite3_column_name(handle, Int32(column)).map { String(cString: $0) } ?? ""
  }

  private func textValue(_ column: Int32) -> String {
    guard let text = sqlite3_column_text(handle, column) else { return "" }
    let count = Int(sqlite3_column_bytes(handle, column))
    return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
  }

  private func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
    let start = sqlite3_column_blob(handle, column)
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
  }

  /// The text in UTF-8. Asking for the size converts text that is stored as UTF-16, so the pointer must be for UTF-8
  /// too.
  private func textBytes(_ column: Int32) -> UnsafeRawBufferPointer {
    let start = sqlite3_column_text(handle, column)
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
  }
}

@available(*, unavailable) extension Statement: Sendable {}
