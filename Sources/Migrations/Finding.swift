/// A problem that `lint` found at one place of a migration file.
public struct Finding: Hashable, Sendable, Encodable, CustomStringConvertible {
  /// How serious a finding is.
  public enum Severity: String, Sendable, Encodable {
    /// The file can't be used.
    case error
    /// The file can be used, but it may fail or lose something.
    case warning
    /// Something of the file is left out, or runs in another way than its tool would run it.
    case note
  }

  /// How serious the finding is.
  public let severity: Severity
  /// The file's name.
  public let file: String
  /// The line, counted from 1; nil if the finding is about the whole file.
  public let line: Int?
  /// What is wrong and how to fix it.
  public let message: String

  /// Creates a finding.
  public init(_ severity: Severity, _ file: String, _ line: Int?, _ message: String) {
    self.severity = severity
    self.file = file
    self.line = line
    self.message = message
  }

  init(_ error: MigrationError) { self.init(.error, error.file, error.line, error.message) }

  init(_ failure: MigrationFailure) { self.init(.error, failure.file, failure.line, failure.message) }

  /// Encodes `line` as null if there is none, so that the key is always present.
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
