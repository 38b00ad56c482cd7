import Testing

@testable import Collect

@Suite struct ReportSplitterTests {
  private func split(_ text: String, pieces: Int) throws -> (head: String, parts: [String]) {
    var splitter = ReportSplitter()
    var parts: [String] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      try splitter.add(rest.prefix(pieces)) { parts.append(String(decoding: $0, as: UTF8.self)) }
      rest = rest.dropFirst(pieces)
    }
    return (String(decoding: splitter.head, as: UTF8.self), parts)
  }

  @Test(
    arguments: [
      (#"{"a":1,"installations":[],"b":2}"#, #"{"a":1,"installations":[],"b":2}"#, []),
      (
        #"{"installations":[ 1 ,"x,]\"",{"y":[1,{}]}]}"#, #"{"installations":[]}"#,
        [" 1 ", #""x,]\"""#, #"{"y":[1,{}]}"#]
      ),
      (#"{"a":"installations","b":[1,2]}"#, #"{"a":"installations","b":[1,2]}"#, []),
      (
        #"{"a":{"installations":[1]},"installations":{"b":[1]}}"#,
        #"{"a":{"installations":[1]},"installations":{"b":[1]}}"#, []
      ),
      (
        #"{"installations":[1],"installations":[2]}"#, #"{"installations":[],"installations":[]}"#,
        ["1", "2"]
      ),
      (#"["installations",[1]]"#, #"["installations",[1]]"#, []),
    ] as [(String, String, [String])])
  func `however it is cut, the parts are the same`(text: String, head: String, parts: [String]) throws {
    for pieces in [1, 2, 3, 7, 1000] {
      let result = try split(text, pieces: pieces)
      #expect(result.head == head)
      #expect(result.parts == parts)
    }
  }

  @Test(arguments: [#"{"installations":[,]}"#, #"{"installations":[1,]}"#, #"{"installations":[1,,2]}"#])
  func `a list with a gap is no list`(text: String) {
    #expect(throws: ReportSplitter.Malformed.self) { try split(text, pieces: 100) }
  }

  @Test func `a part that is larger than any report's is not held`() {
    var splitter = ReportSplitter()
    let spaces = [UInt8](repeating: 0x31, count: 1 << 20)
    #expect(throws: ReportSplitter.Malformed.self) {
      try splitter.add(Array(#"{"installations":["#.utf8)[...]) { _ in }
      for _ in 0..<5 { try splitter.add(spaces[...]) { _ in } }
    }
  }
}
