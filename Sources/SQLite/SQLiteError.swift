internal import CSQLite
internal import Glibc
internal import SystemPackage

/// An error that SQLite reported, with its extended result code.
public struct SQLiteError: Error, Hashable, Sendable {
  /// The extended result code. Use `primary` to match all extensions of a code.
  public let code: ResultCode
  /// SQLite's own text, for people.
  public let message: String
  /// The position of the error in the SQL text, in bytes from its start; nil if SQLite doesn't know it.
  public let offset: Int?
  /// The operating system's error number; 0 if the operating system didn't cause the error.
  public let systemError: Int32

  /// Creates an error for a condition that SQLite itself didn't report.
  public init(code: ResultCode, message: String, offset: Int? = nil) {
    self.code = code
    self.message = message
    self.offset = offset
    systemError = 0
  }

  init(_ result: Int32, on handle: OpaquePointer?) {
    let offset = handle.map { Int(sqlite3_error_offset($0)) } ?? -1
    self.code = ResultCode(rawValue: result)
    self.message =
      handle.flatMap { sqlite3_errcode($0) == SQLITE_OK ? nil : Self.bounded(sqlite3_errmsg($0)) }
      ?? String(cString: sqlite3_errstr(result))
    self.offset = offset >= 0 ? offset : nil
    let isOfSystem = [SQLITE_CANTOPEN, SQLITE_IOERR, SQLITE_FULL].contains(result & 0xff)
    systemError = isOfSystem ? handle.map { sqlite3_system_errno($0) } ?? 0 : 0
  }

  /// Truncates a very long message. Databases and migrations determine the text of messages, so its length is not
  /// bounded.
  private static func bounded(_ message: UnsafePointer<CChar>) -> String {
    let count = strlen(message)
    guard count > Limits.message else { return String(cString: message) }
    let start = UnsafeRawBufferPointer(start: message, count: Limits.message)
    return String(decoding: start, as: UTF8.self) + "… (\(count) bytes)"
  }
}

extension SQLiteError: CustomStringConvertible {
  /// The message for people, followed by the code's number for looking it up.
  public var description: String {
    let cause = systemError == 0 ? "" : ": \(Errno(rawValue: systemError))"
    return "\(message)\(cause) (SQLite \(code.rawValue))"
  }
}

/// An SQLite result code: extended, with its primary code in the low eight bits.
public struct ResultCode: RawRepresentable, Hashable, Sendable {
  /// The number in sqlite3.h.
  public let rawValue: Int32
  /// Creates a code from a number in sqlite3.h.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// The code without its extension: `SQLITE_BUSY_SNAPSHOT` becomes `SQLITE_BUSY`.
  public var primary: ResultCode { ResultCode(rawValue: rawValue & 0xff) }

  /// A generic error, mostly in the SQL text.
  public static let error = ResultCode(rawValue: SQLITE_ERROR)
  /// An operation was ended before it was complete.
  public static let abort = ResultCode(rawValue: SQLITE_ABORT)
  /// Another connection holds the lock.
  public static let busy = ResultCode(rawValue: SQLITE_BUSY)
  /// A lock within this process or a shared cache conflicts.
  public static let locked = ResultCode(rawValue: SQLITE_LOCKED)
  /// The file or its folder can't be written.
  public static let readOnly = ResultCode(rawValue: SQLITE_READONLY)
  /// The folder, which must hold the journal, can't be written.
  public static let readOnlyFolder = ResultCode(rawValue: SQLITE_READONLY | 6 << 8)
  /// A crashed writer left a journal, and this connection may not roll it back.
  public static let needsRollback = ResultCode(rawValue: SQLITE_READONLY | 3 << 8)
  /// The deadline passed or the work was cancelled.
  public static let interrupt = ResultCode(rawValue: SQLITE_INTERRUPT)
  /// The operating system failed to read or write.
  public static let ioError = ResultCode(rawValue: SQLITE_IOERR)
  /// The file's content is inconsistent.
  public static let corrupt = ResultCode(rawValue: SQLITE_CORRUPT)
  /// The disk is full.
  public static let full = ResultCode(rawValue: SQLITE_FULL)
  /// The file can't be opened.
  public static let cannotOpen = ResultCode(rawValue: SQLITE_CANTOPEN)
  /// A value, text or statement is longer than allowed.
  public static let tooBig = ResultCode(rawValue: SQLITE_TOOBIG)
  /// An allocation failed, mostly because of `Limits.memory`.
  public static let noMemory = ResultCode(rawValue: SQLITE_NOMEM)
  /// A row violates a constraint.
  public static let constraint = ResultCode(rawValue: SQLITE_CONSTRAINT)
  /// A value has a type that an INTEGER PRIMARY KEY can't hold.
  public static let mismatch = ResultCode(rawValue: SQLITE_MISMATCH)
  /// The authorizer denied a statement.
  public static let notAuthorized = ResultCode(rawValue: SQLITE_AUTH)
  /// The file is not a database, or is encrypted.
  public static let notADatabase = ResultCode(rawValue: SQLITE_NOTADB)
}
