/// What identifies a migration among those of its application, and gives their order.
///
/// ```swift
/// let version: MigrationVersion = 7
/// version > .zero               // true
/// MigrationVersion("1001")      // 1001
/// ```
///
/// It is opaque to all but the types that read it from files (`MigrationFormat`) and from databases (`HistoryTable`).
/// In JSON it is a number.
public struct MigrationVersion: Sendable, Hashable, Comparable, Codable {
  /// The number at the beginning of a file's name, and in a database's history.
  public let number: Int64

  /// Wraps a number.
  public init(_ number: Int64) { self.number = number }

  /// Before the first migration: the version of a database whose history is empty.
  public static let zero: MigrationVersion = 0

  /// The order in which migrations are applied.
  public static func < (one: MigrationVersion, other: MigrationVersion) -> Bool { one.number < other.number }

  /// Reads a number.
  public init(from decoder: any Decoder) throws {
    number = try decoder.singleValueContainer().decode(Int64.self)
  }

  /// Writes a number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(number)
  }
}

extension MigrationVersion: CodingKeyRepresentable {
  /// The version as a key of a JSON object.
  public var codingKey: any CodingKey { description.codingKey }

  /// Reads a key of a JSON object; nil where it is no version.
  public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }
}

extension MigrationVersion: ExpressibleByIntegerLiteral {
  /// A version that stands in the source.
  public init(integerLiteral number: Int64) { self.init(number) }
}

extension MigrationVersion: LosslessStringConvertible {
  /// Reads what `description` writes; nil for any other text.
  public init?(_ text: String) {
    guard let number = Int64(text) else { return nil }
    self.init(number)
  }

  /// The version as it stands in messages, reports and the journal.
  public var description: String { "\(number)" }
}
