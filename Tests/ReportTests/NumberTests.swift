import Testing

@testable import Report

/// Numbers as people read them.
struct NumberTests {
  @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000")])
  func `thousands are set apart`(_ number: Int, _ text: String) {
    #expect(Numbers.grouped(number) == text)
  }

  @Test(arguments: [
    (0, 0, "0%"), (0, 9, "0%"), (9, 9, "100%"), (9999, 10000, ">99%"), (1, 10000, "<1%"), (22, 24, "92%"),
  ])
  func `what isn't all is never 100%, and what is something never 0%`(
    _ part: Int, _ whole: Int, _ text: String
  ) {
    #expect(Numbers.share(part, of: whole) == text)
  }

  @Test(arguments: [
    (0.0, 1, "0"), (7.25, 1, "7.3"), (0.1, 3, "0.1"), (3.0, 2, "3"), (.infinity, 2, "0"), (.nan, 2, "0"),
    (1e300, 2, "0"), (1_769_679_042, 2, "1769679042"),
  ])
  func `no number takes an exponent or brings the program down`(
    _ number: Double, _ digits: Int, _ text: String
  ) {
    #expect(Numbers.decimal(number, digits: digits) == text)
  }

  @Test(arguments: [
    ("2026-01-28T09:30:00Z", "2026-01-28 09:30 UTC"), ("yesterday", "yesterday"), ("", ""),
    ("2026-01-28T09:3é:00Z and more", "2026-01-28T09:3é:00Z and more"),
  ])
  func `a time that is none stays as it is`(_ date: String, _ text: String) {
    #expect(Numbers.minute(date) == text)
  }

  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (999_499, "999 kB"), (999_500, "1 MB"), (2_500_000_000, "2.5 GB"),
  ])
  func `sizes`(_ bytes: Int64, _ text: String) {
    #expect(Numbers.size(bytes) == text)
  }
}
