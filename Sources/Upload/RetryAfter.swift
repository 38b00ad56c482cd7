import CCurl

/// Parses `Retry-After`, by which a receiver asks for another attempt (RFC 9110, 10.2.3).
enum RetryAfter {
  /// The seconds to wait from `now` (in seconds since 1970), for a header that is a number of seconds or an HTTP
  /// date.
  ///
  /// A past date gives 0. Anything else gives nil, as if the header were missing.
  static func seconds(_ header: String, now: Int) -> Int? {
    if !header.isEmpty, header.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
      return min(Int(header) ?? farAway, farAway)
    }
    // Every HTTP date begins with the name of a day. curl_getdate would accept many other texts as a date.
    guard let first = header.unicodeScalars.first, first.properties.isAlphabetic else { return nil }
    let date = curl_getdate(header, nil)
    guard date >= 0 else { return nil }
    return min(max(0, date - now), farAway)
  }

  /// Ten years: longer than anyone waits, and safe to calculate with.
  private static let farAway = 10 * 366 * 86_400
}
