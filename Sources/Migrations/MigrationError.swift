/// A fault in the migration files, found before any installation is opened.
public struct MigrationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What to match on.
  public enum Code: String, Sendable {
    /// The folder or a file can't be read.
    case unreadable
    /// A file's name is not `0001_lower_case_name.sql`.
    case malformedName = "malformed_name"
    /// Two files have one version.
    case duplicateVersion = "duplicate_version"
    /// A `-- @…` line that can't be understood.
    case directive
    /// A comment that another tool takes for an instruction.
    case foreign
    /// A statement that a migration may not hold.
    case forbidden
    /// SQL that SQLite does not accept.
    case sql
  }

  /// What sort of fault.
  public let code: Code
  /// The file or folder.
  public let file: String
  /// The line, counted from 1, where there is one.
  public let line: Int?
  /// What is wrong and what would be right.
  public let message: String

  /// Makes an error.
  public init(_ code: Code, file: String, line: Int? = nil, _ message: String) {
    self.code = code
    self.file = file
    self.line = line
    self.message = message
  }

  /// `file:line: message`.
  public var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(message)" }
}
