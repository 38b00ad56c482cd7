/// The version of a migration, which identifies it and determines the order of an application's migrations.
///
/// ```swift
/// let version: MigrationVersion = 7
/// version > .zero                                  // true
/// MigrationVersion("1001")                         // the number 1001
/// MigrationVersion("0009_b") < MigrationVersion("0010_a")  // true
/// ```
///
/// A version is a number or a text, as the application's migration tool has it. Its meaning is known only to the types
/// that read it from files (`MigrationFormat`) and from databases (`HistoryTable`). A text that is written like a
/// number is that number, so `MigrationVersion("7")` equals `7`; `"007"` is another version. In JSON it is a number or
/// a text.
public struct MigrationVersion: Sendable, Hashable {
  private enum Form: Hashable {
    case number(Int64)
    case text(String)
  }

  private let form: Form

  /// Creates a version from its number.
  public init(_ number: Int64) { form = .number(number) }

  /// Creates a version from the text that the tool has for it.
  public init(_ text: String) {
    if let number = Int64(text), "\(number)" == text {
      form = .number(number)
    } else {
      form = .text(text)
    }
  }

  /// The longest text that is accepted in JSON, in bytes of UTF-8.
  static let longest = 1_000

  /// The version before the first migration, which is that of a database with an empty history.
  public static let zero: MigrationVersion = 0

  /// The number; nil if the version is a text.
  public var number: Int64? {
    guard case .number(let number) = form else { return nil }
    return number
  }
}

extension MigrationVersion: Comparable {
  /// The order in which migrations are applied: sequences of digits compare as numbers, everything else as text.
  public static func < (one: MigrationVersion, other: MigrationVersion) -> Bool {
    if case .number(let one) = one.form, case .number(let other) = other.form { return one < other }
    return isOrdered(Array(one.description.utf8), Array(other.description.utf8))
  }

  private static func isOrdered(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    var (left, right) = (one[...], other[...])
    while let a = left.first, let b = right.first {
      if isDigit(a), isDigit(b) {
        let (x, y) = (digits(&left), digits(&right))
        if x.count != y.count { return x.count < y.count }
        if !x.elementsEqual(y) { return x.lexicographicallyPrecedes(y) }
      } else {
        if a != b { return a < b }
        left.removeFirst()
        right.removeFirst()
      }
    }
    if left.isEmpty, right.isEmpty { return one.lexicographicallyPrecedes(other) }
    return left.isEmpty
  }

  /// Takes the digits from the beginning of `text`, and returns them without leading zeros.
  private static func digits(_ text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let digits = text.prefix(while: isDigit)
    text = text.dropFirst(digits.count)
    return digits.drop { $0 == UInt8(ascii: "0") }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= byte }
}

extension MigrationVersion: Codable {
  /// Decodes a number or a text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int64.self) {
      self.init(number)
    } else {
      let text = try container.decode(String.self)
      guard text.utf8.count <= Self.longest else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "a version is too long")
      }
      self.init(text)
    }
  }

  /// Encodes a number as a number, and a text as a text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch form {
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    }
  }
}

extension MigrationVersion: CodingKeyRepresentable {
  /// The version as the key of a JSON object.
  public var codingKey: any CodingKey { description.codingKey }

  /// Parses the key of a JSON object.
  public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }
}

extension MigrationVersion: ExpressibleByIntegerLiteral {
  /// Creates a version from an integer literal.
  public init(integerLiteral number: Int64) { self.init(number) }
}

extension MigrationVersion: LosslessStringConvertible {
  /// The version as in messages and reports.
  public var description: String {
    switch form {
    case .number(let number): "\(number)"
    case .text(let text): text
    }
  }
}
