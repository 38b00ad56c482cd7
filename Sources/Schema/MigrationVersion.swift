/// The version of a migration, which identifies it and determines the order of an application's migrations.
///
/// ```swift
/// let version: MigrationVersion = 7
/// version > .zero               // true
/// MigrationVersion("1001")      // 1001
/// ```
///
/// Its meaning is known only to the types that read it from files (`MigrationFormat`) and from databases
/// (`HistoryTable`). In JSON it is a number.
public struct MigrationVersion: Sendable, Hashable, Comparable, Codable {
  /// The number at the beginning of a file's name, and in a database's history.
  public let number: Int64

  /// Creates a version from its number.
  public init(_ number: Int64) { self.number = number }

  /// The version before the first migration, which is that of a database with an empty history.
  public static let zero: MigrationVersion = 0

  /// The order in which migrations are applied.
  public static func < (one: MigrationVersion, other: MigrationVersion) -> Bool { one.number < other.number }

  /// Decodes a number.
  public init(from decoder: any Decoder) throws {
    number = try decoder.singleValueContainer().decode(Int64.self)
  }

  /// Encodes a number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(number)
  }
}

extension MigrationVersion: CodingKeyRepresentable {
  /// The version as the key of a JSON object.
  public var codingKey: any CodingKey { description.codingKey }

  /// Parses the key of a JSON object; nil if it isn't a version.
  public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }
}

extension MigrationVersion: ExpressibleByIntegerLiteral {
  /// Creates a version from an integer literal.
  public init(integerLiteral number: Int64) { self.init(number) }
}

extension MigrationVersion: LosslessStringConvertible {
  /// Parses a version in the form of `description`; nil for any other text.
  public init?(_ text: String) {
    guard let number = Int64(text) else { return nil }
    self.init(number)
  }

  /// The version as in messages, reports and the journal.
  public var description: String { "\(number)" }
}
