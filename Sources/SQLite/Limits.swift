internal import CSQLite
internal import Glibc

/// Limits for the resources that one database may use in this process.
///
/// If something exceeds a limit, the operation fails with an error, and nothing is truncated silently. A database
/// within the limits is not affected by them.
public enum Limits {
  /// The maximum size of a value or a row, in bytes. SQLite's own default is 1 GB.
  public static let value = 256 << 20
  /// The maximum length of an SQL statement in a migration or a schema, in bytes.
  public static let statement = 16 << 20
  /// The maximum length of a pattern of LIKE and GLOB, in bytes, because it determines how long a match takes.
  public static let pattern = 1000
  /// The maximum length of a stored error message, in bytes. A trigger can raise messages of any length.
  public static let message = 2000
  /// How many bytes SQLite may allocate in this process, for all open databases together: 2 GB, or half of the
  /// machine's memory if that is less.
  public static let memory = min(2 << 30, sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / 2)

  static func apply(to handle: OpaquePointer) {
    for (limit, value) in [
      (SQLITE_LIMIT_ATTACHED, 0), (SQLITE_LIMIT_LENGTH, value), (SQLITE_LIMIT_SQL_LENGTH, statement),
      (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, pattern), (SQLITE_LIMIT_TRIGGER_DEPTH, 100),
    ] { sqlite3_limit(handle, limit, Int32(value)) }
  }
}

/// How much text a query may read from a database that others write.
public struct ReadLimit: Sendable {
  /// What is read, such as `schema_migrations`, for the error message.
  public let subject: String
  /// The maximum number of rows.
  public let rows: Int
  /// The maximum length of a single text, in bytes.
  public let text: Int
  /// The maximum length of all texts together, in bytes.
  public let total: Int

  /// Creates a limit.
  public init(of subject: String, rows: Int, text: Int, total: Int) {
    (self.subject, self.rows, self.text, self.total) = (subject, rows, text, total)
  }

  /// The limit for the versions that a table records, and their names.
  public static func history(of table: String) -> ReadLimit {
    ReadLimit(of: table, rows: 100_000, text: 1 << 20, total: 16 << 20)
  }
  /// The limit for the SQL of a schema.
  public static let schema = ReadLimit(
    of: "the schema", rows: 1_000_000, text: Limits.statement, total: 128 << 20)
  /// The limit for the names of a schema's objects.
  public static let names = ReadLimit(
    of: "the schema", rows: 1_000_000, text: 1 << 16, total: 128 << 20)
}

/// Adds up what a query has read.
struct ReadAccount {
  private let limit: ReadLimit
  private var rows = 0
  private var bytes = 0

  init(_ limit: ReadLimit) { self.limit = limit }

  /// Adds the current row, before any of it is copied.
  mutating func add(_ row: Statement) throws(SQLiteError) {
    rows += 1
    guard rows <= limit.rows else { throw error("more than \(limit.rows) rows") }
    for column in 0..<row.columnCount {
      let size = row.size(column)
      guard size <= limit.text else {
        throw error("a text of \(size) bytes, where the longest that is read has \(limit.text)")
      }
      bytes += size
      guard bytes <= limit.total else { throw error("more than \(limit.total) bytes of text") }
    }
  }

  private func error(_ what: String) -> SQLiteError {
    SQLiteError(code: .tooBig, message: "\(limit.subject) holds \(what)")
  }
}
