public import SQLite

/// Why a migration did not go through on one database. Nothing of it stays: the transaction is rolled back.
public struct MigrationFailure: Error, Hashable, Sendable {
  /// What to match on.
  public enum Code: String, Sendable {
    /// SQLite refused a statement or a condition.
    case sql
    /// An `@require` doesn't hold.
    case requirement
    /// An `@expect` doesn't hold.
    case expectation
    /// A table has fewer rows, and the migration doesn't declare it.
    case rowsLost = "rows_lost"
    /// The content of a column or a table changed as only a mistake explains it, and the migration doesn't declare it.
    case contentChanged = "content_changed"
    /// AUTOINCREMENT would give numbers again, and the migration doesn't declare it.
    case sequenceSetBack = "sequence_set_back"
    /// The history table does more, or less, than to take down what is recorded in it.
    case history
    /// A deadline passed.
    case timeout
  }

  /// What sort of failure.
  public let code: Code
  /// The migration's file.
  public let file: String
  /// The line of the file.
  public let line: Int?
  /// What happened.
  public let message: String
  /// SQLite's error behind it.
  public let underlying: SQLiteError?

  init(_ code: Code, _ file: String, _ line: Int?, _ message: String, _ underlying: SQLiteError? = nil) {
    self.code = code
    self.file = file
    self.line = line
    self.message = message
    self.underlying = underlying
  }

  /// An error of SQLite at a place of the file.
  init(_ error: SQLiteError, _ file: String, _ line: Int) {
    let isTimeout = error.code.primary == .interrupt
    self.init(
      isTimeout ? .timeout : .sql, file, line,
      isTimeout ? "the time allowed has passed" : error.description, error)
  }
}

extension MigrationFailure: CustomStringConvertible {
  /// `file:line: message`.
  public var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(message)" }
}
