/// What `lint` has to say of one place of a migration file.
public struct Finding: Hashable, Sendable, Encodable, CustomStringConvertible {
  /// How bad it is.
  public enum Severity: String, Sendable, Encodable {
    /// The file can't be used.
    case error
    /// It may be meant so, and it may fail or lose something.
    case warning
  }

  /// How bad it is.
  public let severity: Severity
  /// The file's name.
  public let file: String
  /// The line, counted from 1, where there is one.
  public let line: Int?
  /// What is wrong and what would be right.
  public let message: String

  /// Makes a finding.
  public init(_ severity: Severity, _ file: String, _ line: Int?, _ message: String) {
    self.severity = severity
    self.file = file
    self.line = line
    self.message = message
  }

  init(_ error: MigrationError) { self.init(.error, error.file, error.line, error.message) }

  init(_ failure: MigrationFailure) { self.init(.error, failure.file, failure.line, failure.message) }

  /// `line` is there as null where there is none.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(severity, forKey: .severity)
    try fields.encode(file, forKey: .file)
    try fields.encode(line, forKey: .line)
    try fields.encode(message, forKey: .message)
  }

  enum CodingKeys: String, CodingKey { case severity, file, line, message }

  /// `file:line: error: message`.
  public var description: String {
    "\(file)\(line.map { ":\($0)" } ?? ""): \(severity.rawValue): \(message)"
  }
}
