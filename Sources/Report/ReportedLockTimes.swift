public import Fleet
internal import FoundationEssentials

/// How long the application's writers had to wait, over all installations of a run that were locked.
public struct ReportedLockTimes: Codable {
  /// How many installations were locked.
  let installations: Int
  /// The longest time, in milliseconds.
  let longest: Double
  /// The id of the installation with the longest time.
  let longestAt: String
  /// Half of the installations were locked for this long at most, in milliseconds.
  let median: Double

  enum CodingKeys: String, CodingKey {
    case installations
    case longest = "longest_ms"
    case longestAt = "longest_at"
    case median = "median_ms"
  }

  /// Summarizes the times of a run; nil if no installation was locked.
  ///
  /// - Parameters:
  ///   - times: the times of the installations.
  ///   - names: returns the id of the installation at an index of the inventory.
  public init?(_ times: LockTimes, names: (Int) -> String) {
    guard let longest = times.longest, let median = times.median else { return nil }
    (installations, self.median) = (times.count, min(median, longest.milliseconds))
    (self.longest, longestAt) = (longest.milliseconds, names(longest.index))
  }

  /// Decodes the figures. The sender of a report may write any, so they are limited.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    let time = { (key: CodingKeys) in min(max(try fields.decode(Double.self, forKey: key), 0), 1e12) }
    installations = try fields.decode(Int.self, forKey: .installations).limited
    (longest, median) = (try time(.longest), try time(.median))
    longestAt = String(try fields.decode(String.self, forKey: .longestAt).prefix(1000))
  }

  /// `Writers waited at most 12 ms (shop-3), and at most 3 ms in half of the 24 installations`
  public var sentence: String {
    let (start, end) = around
    return start + longestAt + end
  }

  /// The sentence before and after the id of the installation.
  var around: (String, String) {
    let start = "Writers waited at most \(Numbers.waiting(longest)) ("
    guard installations > 1 else { return (start, ")") }
    let all = Numbers.grouped(installations)
    return (start, "), and at most \(Numbers.waiting(median)) in half of the \(all) installations")
  }
}
