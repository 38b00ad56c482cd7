import CCurl

/// When a receiver asked to be tried again (RFC 9110, 10.2.3).
enum RetryAfter {
  /// The seconds to wait from `now` (since 1970), for a header that is a number of seconds or an HTTP date.
  ///
  /// A date that is past is 0; what is neither is nil, as if it weren't there.
  static func seconds(_ header: String, now: Int) -> Int? {
    if !header.isEmpty, header.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
      return min(Int(header) ?? farAway, farAway)
    }
    // Every form of HTTP date begins with the day's name; curl_getdate would take much else for a date.
    guard let first = header.unicodeScalars.first, first.properties.isAlphabetic else { return nil }
    let date = curl_getdate(header, nil)
    guard date >= 0 else { return nil }
    return min(max(0, date - now), farAway)
  }

  /// Ten years: beyond what anyone waits for, and safe to calculate with.
  private static let farAway = 10 * 366 * 86_400
}
