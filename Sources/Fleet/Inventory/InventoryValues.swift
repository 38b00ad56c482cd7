internal import Basics

/// A share of a number of installations, exact to a hundredth of a percent.
public struct Percentage: Sendable, Hashable, CustomStringConvertible {
  /// Hundredths of a percent, from 0 to 10,000.
  public let hundredths: Int

  /// 100%.
  public static let all = Percentage(hundredths: 10_000)

  private init(hundredths: Int) {
    self.hundredths = hundredths
  }

  /// Parses `10%` or `0.25%`; nil for anything else, and for shares above 100%.
  public init?(_ text: String) {
    guard text.hasSuffix("%") else { return nil }
    let parts = text.dropLast().split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let whole = wholeNumber(parts[0]), whole <= 100 else { return nil }
    var hundredths = whole * 100
    if parts.count == 2 {
      guard (1...2).contains(parts[1].utf8.count), let fraction = wholeNumber(parts[1]) else { return nil }
      hundredths += parts[1].utf8.count == 1 ? fraction * 10 : fraction
    }
    guard hundredths <= 10_000 else { return nil }
    self.hundredths = hundredths
  }

  /// This share of `count`, rounded up: a share above 0% of one or more installations is at least 1.
  public func roundedUp(of count: Int) -> Int {
    (count * hundredths + 9_999) / 10_000
  }

  /// This share of `count`, rounded down.
  public func roundedDown(of count: Int) -> Int {
    count * hundredths / 10_000
  }

  /// `10%`, `0.25%`.
  public var description: String {
    let (whole, fraction) = (hundredths / 100, hundredths % 100)
    if fraction == 0 { return "\(whole)%" }
    return fraction % 10 == 0
      ? "\(whole).\(fraction / 10)%" : "\(whole).\(fraction < 10 ? "0" : "")\(fraction)%"
  }
}

/// How many installations of a wave may fail before the rollout stops.
public enum FailureLimit: Sendable, Hashable, CustomStringConvertible {
  /// A fixed number.
  case count(Int)
  /// A share of the wave.
  case percentage(Percentage)

  /// Parses `2` or `5%`; nil for anything else.
  public init?(_ text: String) {
    if let percentage = Percentage(text) {
      self = .percentage(percentage)
    } else if let count = wholeNumber(text[...]) {
      self = .count(count)
    } else {
      return nil
    }
  }

  /// How many failures a wave of `size` installations may have; a share is rounded down.
  public func allowed(in size: Int) -> Int {
    switch self {
    case .count(let count): count
    case .percentage(let percentage): percentage.roundedDown(of: size)
    }
  }

  /// `2` or `5%`.
  public var description: String {
    switch self {
    case .count(let count): "\(count)"
    case .percentage(let percentage): "\(percentage)"
    }
  }
}

/// The notation for durations in a fleet file.
enum InventoryDuration {
  /// sqlite3_busy_timeout and poll take milliseconds in an int; this leaves room to spare.
  private static let longest = Duration.seconds(500 * 3600)

  /// Parses `250ms`, `30s`, `10m` or `2h`, up to `500h`; nil for anything else.
  static func parse(_ text: String) -> Duration? {
    let span = TimeSpan(text, in: [.milliseconds, .seconds, .minutes, .hours])
    return span.flatMap { $0.duration <= longest ? $0.duration : nil }
  }
}

/// Parses a number of ASCII digits only; nil for a sign, a space, or a number too large for an Int.
func wholeNumber(_ text: Substring) -> Int? {
  guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
    return nil
  }
  return Int(text)
}
