public import FoundationEssentials

/// The id of a run: a ULID, 26 characters that sort in the order of the runs. It consists of 48 bits of milliseconds
/// since 1970 and 80 random bits.
///
/// If the clock was set back, the time in the id is later than the clock's.
public struct RunID: Hashable, Sendable, CustomStringConvertible, Comparable {
  /// The 26 characters.
  public let description: String

  /// Parses an id, such as from the command line; nil if the text isn't one.
  public init?(_ text: String) {
    // 26 characters hold two bits more than the number has.
    guard text.count == 26, text.allSatisfy({ Self.alphabet.contains($0) }), text.prefix(1) < "8" else {
      return nil
    }
    description = text
  }

  private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

  /// Creates a new id that sorts after `latest`.
  public static func make(after latest: RunID? = nil, at date: Date = Date()) -> RunID {
    let time = max(UInt64(max(0, date.timeIntervalSince1970) * 1000), latest.map { $0.milliseconds + 1 } ?? 0)
    var number = UInt128(min(time, 1 << 48 - 1)) << 80
    number |= UInt128(UInt64.random(in: 0...(.max))) << 16 | UInt128(UInt16.random(in: 0...(.max)))
    var digits: [Character] = []
    for _ in 0..<26 {
      digits.append(alphabet[Int(number & 31)])
      number >>= 5
    }
    return RunID(verified: String(digits.reversed()))
  }

  /// The time in the id, in milliseconds since 1970.
  private var milliseconds: UInt64 {
    description.prefix(10).reduce(0) { $0 << 5 | UInt64(Self.alphabet.firstIndex(of: $1) ?? 0) }
  }

  /// The time in the id.
  var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

  private init(verified: String) { description = verified }

  /// Compares in the order of the runs.
  public static func < (one: RunID, other: RunID) -> Bool { one.description < other.description }
}

extension RunID: Codable {
  /// Decodes the 26 characters.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let id = RunID(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not the id of a run")
    }
    self = id
  }

  /// Encodes the 26 characters.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
