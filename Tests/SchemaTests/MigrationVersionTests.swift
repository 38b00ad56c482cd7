import Foundation
import Schema
import Testing

/// How versions are written, read and compared.
@Suite struct MigrationVersionTests {
  @Test(arguments: ["", "1.0", "v1", "1 ", "9223372036854775808", "untracked"])
  func `a text that is no number is no version`(text: String) { #expect(MigrationVersion(text) == nil) }

  @Test func `a text in JSON is no version`() {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([MigrationVersion].self, from: Data(#"["7"]"#.utf8))
    }
  }

  @Test func `in JSON it is a number, and a key as a number is one`() throws {
    let encoder = JSONEncoder()
    let versions: [MigrationVersion] = [7, 1001, 20_240_101_120_000]
    #expect(try String(decoding: encoder.encode(versions), as: UTF8.self) == "[7,1001,20240101120000]")
    let names: [MigrationVersion: String] = [7: "a"]
    #expect(try String(decoding: encoder.encode(names), as: UTF8.self) == #"{"7":"a"}"#)
    #expect(
      try JSONDecoder().decode([MigrationVersion: String].self, from: Data(#"{"7":"a"}"#.utf8)) == names)
  }

  @Test func `versions are ordered as numbers`() {
    let versions: [MigrationVersion] = [10, 9, 1001, .zero]
    #expect(versions.sorted() == [0, 9, 10, 1001])
    #expect(versions.map(\.description) == ["10", "9", "1001", "0"])
  }
}
