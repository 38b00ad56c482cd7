public import SQLite

/// Why a migration failed on one database. The transaction is rolled back, so the migration leaves no trace.
public struct MigrationFailure: Error, Hashable, Sendable {
  /// The kind of failure, for code that reacts to it.
  public enum Code: String, Sendable {
    /// SQLite rejected a statement or a condition, or a statement changed the recorded versions.
    case sql
    /// An `@require` doesn't hold.
    case requirement
    /// An `@expect` doesn't hold.
    case expectation
    /// A table has lost rows, and the migration doesn't declare it.
    case rowsLost = "rows_lost"
    /// The content of a column or table changed in a way that is probably a mistake, and the migration doesn't declare
    /// it.
    case contentChanged = "content_changed"
    /// AUTOINCREMENT would give the same numbers again, and the migration doesn't declare it.
    case sequenceSetBack = "sequence_set_back"
    /// The history table has a trigger, or it did not keep exactly what was recorded.
    case history
    /// The time limit was reached.
    case timeout
  }

  /// The kind of failure.
  public let code: Code
  /// The migration's file.
  public let file: String
  /// The line in the file; nil if the failure is about the migration as a whole.
  public let line: Int?
  /// What happened.
  public let message: String
  /// The SQLite error that caused the failure; nil if there was none.
  public let underlying: SQLiteError?
  /// What the migration does without declaring it; nil if it failed for another reason.
  public let undeclared: UndeclaredEffects?
  /// What has to be corrected; nil if neither the file nor the database is at fault, for example if the disk is full.
  public let fault: Fault?

  init(
    _ code: Code, _ file: String, _ line: Int?, _ message: String, _ underlying: SQLiteError? = nil,
    _ fault: Fault? = .migration
  ) {
    self.code = code
    self.file = file
    self.line = line
    self.message = message
    self.underlying = underlying
    undeclared = nil
    self.fault = fault
  }

  /// Creates a failure for effects that the migration doesn't declare.
  init(_ code: Code, _ undeclared: UndeclaredEffects, _ message: String) {
    self.code = code
    file = undeclared.file
    line = nil
    self.message = message
    underlying = nil
    self.undeclared = undeclared
    fault = .migration
  }

  /// Creates a failure from an SQLite error at a line of the file.
  init(_ error: SQLiteError, _ file: String, _ line: Int) {
    let isTimeout = error.code.primary == .interrupt
    self.init(
      isTimeout ? .timeout : .sql, file, line,
      isTimeout ? "the time allowed has passed" : error.description, error, Fault(error))
  }
}

/// What has to be corrected so that a migration that failed can succeed.
public enum Fault: String, Hashable, Sendable, Codable {
  /// The migration's file.
  case migration
  /// The database: its rows, or what it has that the migrations don't know.
  case database

  /// What is at fault for an error of a statement; nil if it is neither.
  ///
  /// Migrations run on an empty database before they run on any other. A statement that violates a constraint
  /// therefore does so because of rows that are in the database.
  init?(_ error: SQLiteError) {
    switch error.code.primary {
    case .constraint, .mismatch: self = .database
    case .error, .abort, .notAuthorized: self = .migration
    default: return nil
    }
  }
}

extension MigrationFailure: CustomStringConvertible {
  /// `file:line: message`.
  public var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(message)" }
}
