internal import CSQLite
internal import Glibc

/// A prepared statement. It belongs to its connection's thread, as that does.
public final class Statement {
  let handle: OpaquePointer
  private let database: OpaquePointer
  /// Kept open as long as the statement is used; nil for a statement that the connection itself keeps.
  private let connection: Connection?

  init(_ handle: OpaquePointer, on database: OpaquePointer, keeping connection: Connection?) {
    self.handle = handle
    self.database = database
    self.connection = connection
  }

  deinit { sqlite3_finalize(handle) }

  /// How many columns a row has; 0 for a statement that returns none.
  public var columnCount: Int { Int(sqlite3_column_count(handle)) }

  /// Whether running it leaves the database as it is.
  public var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 }

  /// Gives the parameters their values, from the first on.
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

  /// Goes on to the next row.
  ///
  /// - Returns: whether there is one.
  /// - Throws: `SQLiteError`, with `.interrupt` when the connection's deadline has passed.
  public func step() throws(SQLiteError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let result: throw SQLiteError(result, on: database)
    }
  }

  /// Makes the statement ready to run again; its parameters keep their values.
  public func reset() { sqlite3_reset(handle) }

  /// Runs the statement to its end and resets it.
  public func run() throws(SQLiteError) {
    defer { reset() }
    while try step() {}
  }

  /// The value of a column of the row at hand.
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

  /// The column as an integer, converted as SQLite does.
  public func int(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }

  /// The column as text, or nil where it is NULL.
  public func text(_ column: Int) -> String? {
    sqlite3_column_type(handle, Int32(column)) == SQLITE_NULL ? nil : textValue(Int32(column))
  }

  /// The size of a column's text in UTF-8, or of its bytes; of a number, that of its digits.
  func size(_ column: Int) -> Int { Int(sqlite3_column_bytes(handle, Int32(column))) }

  /// Calls `body` with the column's text in UTF-8; NULL is empty.
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

  /// As UTF-8: asking for the size converts text that is stored as UTF-16, so the pointer comes from that form too.
  private func textBytes(_ column: Int32) -> UnsafeRawBufferPointer {
    let start = sqlite3_column_text(handle, column)
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
  }

  /// Whether the rows at hand of both statements hold the same values, of the same types, bit by bit.
  public func rowEquals(_ other: Statement) -> Bool {
    let count = sqlite3_column_count(handle)
    guard count == sqlite3_column_count(other.handle) else { return false }
    for column in 0..<count {
      let type = sqlite3_column_type(handle, column)
      guard type == sqlite3_column_type(other.handle, column) else { return false }
      switch type {
      case SQLITE_INTEGER:
        let mine = sqlite3_column_int64(handle, column)
        guard mine == sqlite3_column_int64(other.handle, column) else { return false }
      case SQLITE_FLOAT:
        let mine = sqlite3_column_double(handle, column).bitPattern
        guard mine == sqlite3_column_double(other.handle, column).bitPattern else { return false }
      case SQLITE_NULL: break
      case SQLITE_TEXT:
        guard Self.equal(textBytes(column), other.textBytes(column)) else { return false }
      default:
        guard Self.equal(bytes(column), other.bytes(column)) else { return false }
      }
    }
    return true
  }

  private static func equal(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
    guard one.count == other.count else { return false }
    guard one.count > 0, let mine = one.baseAddress, let theirs = other.baseAddress else { return true }
    return memcmp(mine, theirs, one.count) == 0
  }
}

@available(*, unavailable) extension Statement: Sendable {}
