import Basics
import Dispatch
import Testing

@Suite struct TextTests {
  // MARK: Durations

  @Test(arguments: [
    "", "s", "5", "-5s", "+5s", " 5s", "5 s", "1.5s", "5S", "5sec", "5m5s", "٥s", "5\0s",
    "9223372036854775807h",
    "9223372036854775808s", "3d",
  ])
  func `what is no whole number with a unit that is allowed is no duration`(_ text: String) {
    #expect(TimeSpan(text, in: [.milliseconds, .seconds, .minutes, .hours]) == nil)
  }

  @Test(arguments: [
    ("250ms", Duration.milliseconds(250)), ("0s", .zero), ("030s", .seconds(30)), ("10m", .seconds(600)),
    ("2h", .seconds(7200)), ("1d", .seconds(86_400)),
  ])
  func `a duration is a number and a unit`(_ text: String, _ duration: Duration) {
    #expect(TimeSpan(text, in: [.milliseconds, .seconds, .minutes, .hours, .days])?.duration == duration)
  }

  @Test func `a duration is written in tenths, rounded as asked for`() {
    #expect(Duration.zero.inTenths() == "0.0 s")
    #expect(Duration.milliseconds(449).inTenths() == "0.4 s")
    #expect(Duration.milliseconds(450).inTenths() == "0.5 s")
    #expect(Duration.milliseconds(12_399).inTenths(.down) == "12.3 s")
    #expect(Duration.microseconds(1_500).milliseconds == 1.5)
  }

  @Test func `a wait is neither negative nor longer than a number holds`() {
    #expect(DispatchTimeInterval(.seconds(-1)) == .nanoseconds(0))
    #expect(DispatchTimeInterval(.milliseconds(1500)) == .nanoseconds(1_500_000_000))
    #expect(DispatchTimeInterval(.seconds(Int64.max)) == .nanoseconds(3_155_760_000_000_000_000))
  }

  // MARK: Words

  @Test(arguments: [
    (0, "0 copies"), (1, "1 copy"), (2, "2 copies"), (-1, "-1 copies"),
  ])
  func `a number has its noun`(_ number: Int, _ text: String) {
    #expect(counted(number, "copy", "copies") == text)
    #expect(counted(number, "row") == "\(number) \(number == 1 ? "row" : "rows")")
  }

  @Test(arguments: [
    ("if", nil), ("", nil), ("deletes", nil), ("wen", "when"), ("DELETES", "deletes"), ("delete", "deletes"),
    ("dleetes", "deletes"), ("changse", "changes"), ("chnagse", "changes"), ("cahnegs", "changes"),
    ("canghse", nil),
  ])
  func `the nearest word is named where it is near`(_ word: String, _ nearest: String?) {
    #expect(Suggestion.nearest(to: word, in: ["when", "deletes", "changes"]) == nearest)
  }

  @Test(arguments: [
    ("", ""), ("shop-1_a.b", "shop-1_a.b"), ("a b/c", "a%20b%2Fc"), ("é", "%C3%A9"), ("%41", "%2541"),
    ("\0\u{7F}", "%00%7F"), ("~", "%7E"),
  ])
  func `everything but what is kept is percent-encoded`(_ text: String, _ encoded: String) {
    #expect(text.percentEncoded(keeping: "._-") == encoded)
  }

  @Test func `a kept character that is not ASCII keeps none of its bytes`() {
    #expect("é\u{C3}".percentEncoded(keeping: "é") == "%C3%A9%C3%83")
  }
}
