import Testing

@testable import Fleet

@Suite struct InventoryJSONTests {
  @Test(arguments: [
    ("", "line 1: it ends too early"),
    ("{", "line 1: it ends too early"),
    ("{\n\"a\"", "line 2: it ends too early"),
    ("[1,]", "line 1: a value is expected"),
    ("{\"a\" 1}", "line 1: a colon is expected"),
    ("{a: 1}", "line 1: a key in quotes is expected"),
    ("{\"a\": 1 \"b\": 2}", "line 1: a comma or } is expected"),
    ("[1\n2]", "line 2: a comma or ] is expected"),
    ("[] []", "line 1: more follows after the end"),
    ("trux", "line 1: a value is expected"),
    ("012 ", "line 1: a number begins with 0"),
    ("1.x", "line 1: a digit is expected"),
    ("1ex", "line 1: a digit is expected"),
    ("-x", "line 1: a value is expected"),
    ("\"a\nb\"", "line 1: a text has a control character"),
    ("\"\\x\" ", "line 1: an unknown escape"),
    ("\"\\u12x4\"", "line 1: four hexadecimal digits are expected"),
    ("\"\\ud800\" ", "line 1: half a surrogate pair"),
  ])
  func `what is not JSON is told with its line`(_ text: String, _ complaint: String) {
    let failure = #expect(throws: InventoryJSON.Failure.self) { try InventoryJSON.parse(Array(text.utf8)) }
    #expect(failure?.description == complaint)
  }

  @Test func `a text that isn't UTF-8 and a nest without bottom are refused`() {
    #expect(throws: InventoryJSON.Failure.self) { try InventoryJSON.parse([0x22, 0xFF, 0x22]) }
    #expect(throws: InventoryJSON.Failure.self) {
      try InventoryJSON.parse(Array(repeating: UInt8(ascii: "["), count: 1_000_000))
    }
  }

  @Test func `every kind of value is read`() throws {
    let text =
      #" { "a" : [ ] , "b":{},"c":[1, -2.50, 3e+4,0 ], "d": [true,false,null], "ä\"\\\/\n\u00e4\ud83d\ude00": "日" } "#
    #expect(
      try InventoryJSON.parse(Array(text.utf8))
        == .object([
          "a": .list([]), "b": .object([:]),
          "c": .list([.number("1"), .number("-2.50"), .number("3e+4"), .number("0")]),
          "d": .list([.flag(true), .flag(false), .null]), "ä\"\\/\nä😀": .text("日"),
        ]))
  }
}
