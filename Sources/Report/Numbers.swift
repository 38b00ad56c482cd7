internal import FoundationEssentials

/// Numbers and times for people, independent of the locale.
package enum Numbers {
  /// `12,345`
  package static func grouped(_ number: Int) -> String {
    var digits = String(number.magnitude)
    var end = digits.count - 3
    while end > 0 {
      digits.insert(",", at: digits.index(digits.startIndex, offsetBy: end))
      end -= 3
    }
    return (number < 0 ? "-" : "") + digits
  }

  /// `92%`. Only the whole is 100%, and only nothing is 0%.
  static func share(_ part: Int, of whole: Int) -> String {
    guard whole > 0 else { return "0%" }
    if part >= whole { return "100%" }
    let percent = (Double(part) * 100 / Double(whole)).rounded()
    if percent >= 100 { return ">99%" }
    if percent < 1, part > 0 { return "<1%" }
    return "\(Int(percent))%"
  }

  /// A number with at most this many digits after the point.
  static func decimal(_ number: Double, digits: Int = 2) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    guard number.isFinite, abs(number * scale) < 9e15 else { return "0" }
    let rounded = (number * scale).rounded() / scale
    return rounded == rounded.rounded() ? String(Int64(rounded)) : String(rounded)
  }

  /// The seconds since 1970 of a time in ISO 8601; nil if the text isn't one.
  static func seconds(_ date: String) -> Double? {
    (try? Date(date, strategy: .iso8601))?.timeIntervalSince1970
  }

  /// `2026-01-28 09:30 UTC`
  package static func minute(_ date: String) -> String {
    guard date.count >= 16, seconds(date) != nil else { return date }
    return "\(date.prefix(10)) \(date.dropFirst(11).prefix(5)) UTC"
  }

  /// `under 1 s`, `2 s`, `3 min`, `2.5 h`
  static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<1: "under 1 s"
    case ..<120: "\(decimal(seconds, digits: 0)) s"
    case ..<7200: "\(decimal(seconds / 60, digits: 0)) min"
    default: "\(decimal(seconds / 3600, digits: 1)) h"
    }
  }

  /// `0.4 ms`, `12 ms`, `1.2 s`, `3 min`
  static func waiting(_ milliseconds: Double) -> String {
    switch milliseconds {
    case ..<10: "\(decimal(milliseconds, digits: 1)) ms"
    case ..<999.5: "\(decimal(milliseconds, digits: 0)) ms"
    case ..<99_950: "\(decimal(milliseconds / 1000, digits: 1)) s"
    default: duration(milliseconds / 1000)
    }
  }

  /// `205 kB`
  static func size(_ bytes: Int64) -> String {
    let number = Double(bytes)
    return switch number {
    case ..<1000: "\(bytes) B"
    case ..<999_500: "\(decimal(number / 1e3, digits: 0)) kB"
    case ..<999_500_000: "\(decimal(number / 1e6, digits: 1)) MB"
    default: "\(decimal(number / 1e9, digits: 1)) GB"
    }
  }
}

extension ReportHeader {
  /// How long the run took, in seconds; nil if a time can't be parsed.
  var seconds: Double? {
    guard let start = Numbers.seconds(run.startedAt), let end = Numbers.seconds(run.finishedAt) else {
      return nil
    }
    return max(0, end - start)
  }
}
