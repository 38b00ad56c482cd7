import Basics
import Foundation
import Testing

@Suite struct HarmlessTests {
  /// What may not reach a terminal as it is, by number.
  private static let hidden: [UInt32] =
    Array(0x00...0x1F) + Array(0x7F...0x9F) + [0xAD, 0x61C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029]
    + Array(0x202A...0x202E) + Array(0x2060...0x2069) + [0x3164, 0xFEFF, 0xFFF9, 0xE0001, 0xE0041]

  @Test(arguments: hidden)
  func `what steers a terminal, turns text round or can't be seen is replaced`(number: UInt32) throws {
    let scalar = try #require(Unicode.Scalar(number))
    #expect("a\(scalar)b".harmless() == "a\u{FFFD}b")
    #expect("é\(scalar)é".harmless() == "é\u{FFFD}é")
  }

  @Test func `what is asked for stays, and nothing else`() {
    #expect("a\nb\tc\r\u{202E}d".harmless(keeping: "\n\t") == "a\nb\tc\u{FFFD}\u{FFFD}d")
  }

  @Test(arguments: ["plain ASCII ~", "Zürich 東京 😀", "👩‍👩‍👧 ❤️ 1️⃣", "e\u{301}", "می‌خواهم", "שלום", "ﷺ"])
  func `letters of all alphabets and emoji stay as they are`(text: String) {
    #expect(text.harmless() == text)
    #expect(text.harmlessJSON == text)
  }

  @Test(arguments: ["pay\u{200D}pal", "\u{200D}", "é\u{200C}", "é\u{200D}\u{200D}é", "a\u{200C}é"])
  func `a joiner that joins nothing is replaced`(text: String) {
    #expect(!text.harmless().unicodeScalars.contains { [0x200C, 0x200D].contains($0.value) })
  }

  @Test func `JSON means the same, and none of it is hidden`() throws {
    let text = String(
      String.UnicodeScalarView(Self.hidden.filter { $0 != 0 }.compactMap(Unicode.Scalar.init)))
    let json = String(decoding: try JSONEncoder().encode([text]), as: UTF8.self)
    let shown = json.harmlessJSON
    #expect(try JSONDecoder().decode([String].self, from: Data(shown.utf8)) == [text])
    #expect(shown.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) })
    #expect("[1,\n \"é\u{202E}\"]\n".harmlessJSON == "[1,\n \"é\\u202e\"]\n")
  }
}
