import Foundation
import Schema
import Testing

/// How versions are written, read and compared.
@Suite struct MigrationVersionTests {
  @Test(arguments: ["", "1.0", "v1", "1 ", "9223372036854775808", "007", "-0"])
  func `a text that is not written like a number stays a text`(text: String) throws {
    let version = MigrationVersion(text)
    #expect(version.number == nil && version.description == text)
    let json = try JSONEncoder().encode([version])
    #expect(try JSONDecoder().decode([MigrationVersion].self, from: json) == [version])
  }

  @Test func `a number in quotes is that number`() throws {
    #expect(MigrationVersion("7") == 7)
    #expect(try JSONDecoder().decode([MigrationVersion].self, from: Data(#"["7"]"#.utf8)) == [7])
  }

  @Test func `a text of any length in JSON is refused`() {
    let json = Data("[\"\(String(repeating: "x", count: 1_001))\"]".utf8)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode([MigrationVersion].self, from: json) }
  }

  @Test(arguments: [
    ["1", "2", "10"], ["0009_b", "0010_a"], ["1.2", "1.10", "2"], ["20240101120000_a", "20240101120000_b"],
    ["007", "8"], ["007", "7"], ["a", "b", "b1", "b1a"], ["99999999999999999998", "99999999999999999999"],
    ["2019-01-01-000000", "2019-01-02-000000"],
  ])
  func `digits compare as numbers, everything else as text`(versions: [String]) {
    let versions = versions.map { MigrationVersion($0) }
    #expect(versions.reversed().sorted() == versions)
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
