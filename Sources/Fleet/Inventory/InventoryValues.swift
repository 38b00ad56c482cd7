internal import Basics

/// A share of a number of installations, exact to a hundredth of a percent.
public struct Percentage: Sendable, Hashable, CustomStringConvertible {
  /// Hundredths of a percent, from 0 to 10,000.
  public let hundredths: Int

  /// All of them.
  public static let all = Percentage(hundredths: 10_000)

  private init(hundredths: Int) {
    self.hundredths = hundredths
  }

  /// Reads `10%` or `0.25%`; nil where it is something else, or not between 0% and 100%.
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

  /// This share of `count`, rounded up: of anything but nothing, a share above 0% is at least 1.
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
  /// So many.
  case count(Int)
  /// This share of the wave.
  case percentage(Percentage)

  /// Reads `2` or `5%`; nil where it is something else.
  public init?(_ text: String) {
    if let percentage = Percentage(text) {
      self = .percentage(percentage)
    } else if let count = wholeNumber(text[...]) {
      self = .count(count)
    } else {
      return nil
    }
  }

  /// The failures that a wave of `size` installations may have; a share is rounded down.
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

/// Durations as a fleet file writes them.
enum InventoryDuration {
  /// What sqlite3_busy_timeout and poll can take, in milliseconds in an int, with room to spare.
  private static let longest = Duration.seconds(500 * 3600)

  /// Reads `250ms`, `30s`, `10m` or `2h`, up to `500h`; nil where it is something else.
  static func parse(_ text: String) -> Duration? {
    let span = TimeSpan(text, in: [.milliseconds, .seconds, .minutes, .hours])
    return span.flatMap { $0.duration <= longest ? $0.duration : nil }
  }
}

/// A number written with ASCII digits alone; nil for a sign, a space, or more than an Int holds.
func wholeNumber(_ text: Substring) -> Int? {
  guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
    return nil
  }
  return Int(text)
}
