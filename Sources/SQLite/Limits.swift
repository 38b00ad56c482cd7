internal import CSQLite
internal import Glibc

/// How much one database may take of this process.
///
/// What exceeds a limit is refused with an error; nothing is cut off in silence. A database whose values are all within
/// the limits is not affected by them.
public enum Limits {
  /// The longest value of a row, in bytes. SQLite's own default is 1 GB.
  public static let value = 256 << 20
  /// The longest SQL statement, of a migration or of a schema, in bytes.
  public static let statement = 16 << 20
  /// The longest pattern of LIKE and GLOB, in bytes: the time that a match takes grows with it.
  public static let pattern = 1000
  /// The longest error message that is kept, in bytes. A trigger can raise one of any length.
  public static let message = 2000
  /// How many bytes SQLite may allocate in this process, for all databases that are worked on at once: 2 GB, or half of
  /// the machine's memory where that is less.
  public static let memory = min(2 << 30, sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / 2)

  static func apply(to handle: OpaquePointer) {
    for (limit, value) in [
      (SQLITE_LIMIT_ATTACHED, 0), (SQLITE_LIMIT_LENGTH, value), (SQLITE_LIMIT_SQL_LENGTH, statement),
      (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, pattern), (SQLITE_LIMIT_TRIGGER_DEPTH, 100),
    ] { sqlite3_limit(handle, limit, Int32(value)) }
  }
}

/// How much text one query may bring in from a database that somebody else writes.
public struct ReadLimit: Sendable {
  /// What is read, for the error: `schema_migrations`.
  public let subject: String
  /// How many rows.
  public let rows: Int
  /// The longest single text, in bytes.
  public let text: Int
  /// All texts together, in bytes.
  public let total: Int

  /// Makes a limit.
  public init(of subject: String, rows: Int, text: Int, total: Int) {
    (self.subject, self.rows, self.text, self.total) = (subject, rows, text, total)
  }

  /// Recorded versions and their names.
  public static let history = ReadLimit(
    of: "schema_migrations", rows: 100_000, text: 1 << 20, total: 16 << 20)
  /// The texts of a schema.
  public static let schema = ReadLimit(
    of: "the schema", rows: 1_000_000, text: Limits.statement, total: 128 << 20)
  /// The names of a schema's objects.
  public static let names = ReadLimit(
    of: "the schema", rows: 1_000_000, text: 1 << 16, total: 128 << 20)
}

/// Counts what a query has brought in.
struct ReadAccount {
  private let limit: ReadLimit
  private var rows = 0
  private var bytes = 0

  init(_ limit: ReadLimit) { self.limit = limit }

  /// Adds the row at hand, before anything of it is copied.
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
