public import Dispatch

/// A duration written as a whole number and a unit, such as `250ms`, `30s`, `10m`, `2h` or `1d`.
public struct TimeSpan: Sendable, Hashable {
  /// The units as they are written.
  public enum Unit: String, Sendable {
    /// 250ms
    case milliseconds = "ms"
    /// 30s
    case seconds = "s"
    /// 10m
    case minutes = "m"
    /// 2h
    case hours = "h"
    /// 1d
    case days = "d"

    /// The unit's length in milliseconds.
    fileprivate var length: Int {
      switch self {
      case .milliseconds: 1
      case .seconds: 1_000
      case .minutes: 60_000
      case .hours: 3_600_000
      case .days: 86_400_000
      }
    }
  }

  /// The number before the unit.
  public let count: Int
  /// The unit.
  public let unit: Unit

  /// Parses a text; nil if it has a sign, a space, a fraction, another unit, or more milliseconds than an `Int` holds.
  public init?(_ text: some StringProtocol, in units: Set<Unit>) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int(digits), let unit = Unit(rawValue: String(text.dropFirst(digits.count))),
      units.contains(unit), !count.multipliedReportingOverflow(by: unit.length).overflow
    else { return nil }
    (self.count, self.unit) = (count, unit)
  }

  /// The duration as a value of the standard library.
  public var duration: Duration { .milliseconds(count * unit.length) }
}

extension Duration {
  /// The duration in milliseconds, with fractions.
  public var milliseconds: Double {
    Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
  }

  /// The duration in seconds with one decimal place, such as `0.4 s`.
  public func inTenths(_ rule: FloatingPointRoundingRule = .toNearestOrAwayFromZero) -> String {
    let tenths = Int((milliseconds / 100).rounded(rule))
    return "\(tenths / 10).\(tenths % 10) s"
  }
}

extension DispatchTimeInterval {
  /// Creates an interval of the same length; zero for a negative duration, and at most a century.
  public init(_ duration: Duration) {
    let (seconds, attoseconds) = min(max(duration, .zero), .seconds(3_155_760_000)).components
    self = .nanoseconds(Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000))
  }
}
