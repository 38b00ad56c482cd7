/// A mistake in the migration files, found before any installation is opened.
public struct MigrationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of mistake, for code that reacts to it.
  public enum Code: String, Sendable {
    /// The folder or a file can't be read.
    case unreadable
    /// A file's name is not one that the format has, such as `0001_lower_case_name.sql`.
    case malformedName = "malformed_name"
    /// Two files have the same version.
    case duplicateVersion = "duplicate_version"
    /// A `-- @…` line is not a valid directive.
    case directive
    /// A comment is an instruction for another migration tool.
    case foreign
    /// A statement is not allowed in a migration.
    case forbidden
    /// The format of the files is unknown, or something isn't possible with it.
    case format
    /// SQLite rejects the SQL.
    case sql
  }

  /// The kind of mistake.
  public let code: Code
  /// The file or folder.
  public let file: String
  /// The line, counted from 1; nil if the error is about the whole file or folder.
  public let line: Int?
  /// What is wrong and how to fix it.
  public let message: String

  /// Creates an error.
  public init(_ code: Code, file: String, line: Int? = nil, _ message: String) {
    self.code = code
    self.file = file
    self.line = line
    self.message = message
  }

  /// `file:line: message`.
  public var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(message)" }
}
