internal import FoundationEssentials

/// The name of a run: 26 characters that sort by time (a ULID: 48 bits of milliseconds since 1970, 80 of chance).
public struct RunID: Hashable, Sendable, CustomStringConvertible, Comparable {
  /// The characters.
  public let description: String

  /// Reads one, as from a command line; nil where it is none.
  public init?(_ text: String) {
    guard text.count == 26, text.allSatisfy({ Self.alphabet.contains($0) }) else { return nil }
    description = text
  }

  private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

  /// A new one.
  public static func make() -> RunID {
    var number = UInt128(UInt64(Date().timeIntervalSince1970 * 1000)) << 80
    number |= UInt128(UInt64.random(in: 0...(.max))) << 16 | UInt128(UInt16.random(in: 0...(.max)))
    var digits: [Character] = []
    for _ in 0..<26 {
      digits.append(alphabet[Int(number & 31)])
      number >>= 5
    }
    return RunID(verified: String(digits.reversed()))
  }

  private init(verified: String) { description = verified }

  /// By time.
  public static func < (one: RunID, other: RunID) -> Bool { one.description < other.description }
}
