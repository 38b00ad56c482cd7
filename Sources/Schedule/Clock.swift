// The notations that name times of day instead of the time between two checks.
extension Recurrence {
  /// The five time fields of a crontab line. `user`, such as `cron`, is named in the error.
  ///
  /// - Throws: ``ScheduleError`` if the interval divides neither the hour nor the day, since the times would not be
  ///   evenly spaced.
  public func cronFields(for user: String) throws(ScheduleError) -> String {
    switch self {
    case .minutes(1): return "* * * * *"
    case .minutes(60): return "0 * * * *"
    case .minutes(let count) where Self.divides(count) && count < 60: return "*/\(count) * * * *"
    case .minutes(let count) where Self.divides(count): return "0 */\(count / 60) * * *"
    case .daily(let hour, let minute): return "\(minute) \(hour) * * *"
    case .weekly(let day, let hour, let minute): return "\(minute) \(hour) * * \(day.rawValue)"
    case .minutes(let count):
      throw ScheduleError(
        "--every: \(user) can't do every \(count % 60 == 0 ? "\(count / 60) hours" : "\(count) minutes") evenly; it can do \(Self.choice(1..<60, per: 60, "m")), "
          + "and \(Self.choice(1..<24, per: 24, "h")); --as systemd can do any")
    }
  }

  /// The value for systemd's `OnCalendar=`; nil if the interval divides neither the hour nor the day.
  public var calendar: String? {
    switch self {
    case .minutes(1): "*:*"
    case .minutes(60): "hourly"
    case .minutes(let count) where Self.divides(count) && count < 60: "*:0/\(count)"
    case .minutes(let count) where Self.divides(count): "0/\(count / 60):00"
    case .minutes: nil
    case .daily(0, 0): "daily"
    case .daily(let hour, let minute): "\(Self.clock(hour, minute))"
    case .weekly(let day, let hour, let minute): "\(day.short) \(Self.clock(hour, minute))"
    }
  }

  private static func divides(_ minutes: Int) -> Bool {
    minutes < 60 ? 60 % minutes == 0 : minutes % 60 == 0 && 24 % (minutes / 60) == 0
  }

  private static func choice(_ range: Range<Int>, per whole: Int, _ unit: String) -> String {
    let all = range.filter { whole % $0 == 0 }.map { "\($0)\(unit)" }
    return all.dropLast().joined(separator: ", ") + " or \(all.last ?? "")"
  }

  private static func clock(_ hour: Int, _ minute: Int) -> String { "\(padded(hour)):\(padded(minute))" }
  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
