internal import Basics

/// How often a check recurs, as it is written in `--every`.
///
/// ```swift
/// let recurrence = try Recurrence("Mon 03:00")  // .weekly(.monday, hour: 3, minute: 0)
/// let calendar = recurrence.calendar  // "Mon 03:00"
/// let fields = try recurrence.cronFields(for: "cron")  // "0 3 * * 1"
/// ```
///
/// A ``ScheduledCheck`` has a recurrence, and ``SystemdUnits``, ``CrontabLine`` and ``KubernetesJob`` express it.
public enum Recurrence: Hashable, Sendable {
  /// At intervals of this many minutes, less than a day.
  case minutes(Int)
  /// Every day at a time.
  case daily(hour: Int, minute: Int)
  /// Every week on a day, at a time.
  case weekly(Weekday, hour: Int, minute: Int)

  /// The days of the week, with cron's number and systemd's name.
  public enum Weekday: Int, Hashable, Sendable, CaseIterable {
    /// The days, in cron's order.
    case sunday, monday, tuesday, wednesday, thursday, friday, saturday

    var full: String { "\(self)" }

    /// `Mon`
    var short: String { full.prefix(1).uppercased() + full.dropFirst().prefix(2) }

    init?(_ text: some StringProtocol) {
      let text = text.lowercased()
      guard let day = Self.allCases.first(where: { $0.full == text || $0.short.lowercased() == text }) else {
        return nil
      }
      self = day
    }
  }

  /// Parses `15m`, `6h`, `hourly`, `daily`, `weekly`, `03:00` or `Mon 03:00`.
  ///
  /// - Throws: ``ScheduleError`` with the accepted notations.
  public init(_ text: String) throws(ScheduleError) {
    let words = text.split(separator: " ")
    switch (words.count, words.first?.lowercased()) {
    case (1, "hourly"): self = .minutes(60)
    case (1, "daily"): self = .daily(hour: 0, minute: 0)
    case (1, "weekly"): self = .weekly(.monday, hour: 0, minute: 0)
    case (1, let word?) where word.contains(":"):
      let time = try Self.time(word, of: text)
      self = .daily(hour: time.hour, minute: time.minute)
    case (1, let word?): self = try Self.interval(word, of: text)
    case (2, _):
      guard let day = Weekday(words[0]) else {
        throw ScheduleError("--every \"\(text)\": there is no day \"\(words[0])\"; write Mon, Tue, … or Sun")
      }
      let time = try Self.time(String(words[1]), of: text)
      self = .weekly(day, hour: time.hour, minute: time.minute)
    default: throw Self.unreadable(text)
    }
  }

  private static func unreadable(_ text: String) -> ScheduleError {
    ScheduleError("--every \"\(text)\": write 15m, 6h, hourly, daily, weekly, \"03:00\" or \"Mon 03:00\"")
  }

  private static func interval(_ word: String, of text: String) throws(ScheduleError) -> Recurrence {
    // At most five characters, so that a long number counts as a typing error.
    guard word.utf8.count <= 5, let span = TimeSpan(word, in: [.minutes, .hours]) else {
      throw unreadable(text)
    }
    let minutes = span.unit == .hours ? span.count * 60 : span.count
    guard minutes > 0 else { throw ScheduleError("--every \"\(text)\": the shortest is 1m") }
    guard minutes <= 24 * 60 else {
      throw ScheduleError("--every \"\(text)\": the longest is 24h; then daily, weekly or \"Mon 03:00\"")
    }
    return minutes == 24 * 60 ? .daily(hour: 0, minute: 0) : .minutes(minutes)
  }

  private static func time(_ word: String, of text: String) throws(ScheduleError) -> (hour: Int, minute: Int)
  {
    let parts = word.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let hour = number(parts[0], digits: 1...2),
      let minute = number(parts[1], digits: 2...2)
    else { throw unreadable(text) }
    guard hour < 24, minute < 60 else {
      throw ScheduleError("--every \"\(text)\": there is no time \(word); from 00:00 to 23:59")
    }
    return (hour, minute)
  }

  private static func number(_ text: Substring, digits: ClosedRange<Int>) -> Int? {
    guard digits.contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    return Int(text)
  }

  /// The time from one check to the next, in seconds.
  public var seconds: Int {
    switch self {
    case .minutes(let count): count * 60
    case .daily: 24 * 3600
    case .weekly: 7 * 24 * 3600
    }
  }
}

/// Why something can't be scheduled.
public struct ScheduleError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What can't be scheduled, and what to do instead.
  public let description: String
  init(_ description: String) { self.description = description }
}
