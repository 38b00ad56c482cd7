import Testing

@testable import Fleet

@Suite struct InventoryWavesTests {
  let fleet = inventory((0..<20).map { $0 % 10 == 3 ? "i\($0) canary" : "i\($0)" })

  func plan(_ items: [String], _ selection: [Int]? = nil) throws -> [String] {
    try Waves(items).plan(selection ?? Array(0..<20), of: fleet).map {
      "\($0.number) \($0.name) \($0.indices.map(String.init).joined(separator: " "))"
    }
  }

  @Test func `a wave whose group doesn't exist is told`() throws {
    let file = try fleetFile("rollout: { waves: [canry, 10%] }\n")
    #expect(
      file.waveProblems(in: fleet).map(\.description) == [
        "fleet.yml:4: \"rollout.waves\": no installation and no group is called \"canry\" — did you mean \"canary\"?"
      ])
    #expect(try fleetFile("").waveProblems(in: fleet).isEmpty)
  }

  @Test func `empty waves are left out and the others are numbered without a gap`() throws {
    #expect(try plan(["canary", "50%"], [4, 5]) == ["1 50% 4", "2 100% 5"])
    #expect(try plan(["canary", "5%", "100%"], [3, 13]) == ["1 canary 3 13"])
    #expect(try plan(["10%"], []) == [])
  }

  @Test func `shares count what earlier waves cover, and nothing is repeated`() throws {
    let rest = (0..<20).filter { ![3, 13, 0, 1].contains($0) }.map(String.init).joined(separator: " ")
    #expect(try plan(["canary", "20%", "100%"]) == ["1 canary 3 13", "2 20% 0 1", "3 100% \(rest)"])
  }

  @Test func `a share is rounded up to at least one`() throws {
    #expect(try plan(["0.01%", "100%"], [7, 8]) == ["1 0.01% 7", "2 100% 8"])
    #expect(try plan(["34%"], [1, 2, 3]) == ["1 34% 1 2", "2 100% 3"])
  }

  @Test func `a number takes so many, and what no item covers comes last`() throws {
    #expect(try plan(["1", "2"], [1, 2, 3, 4, 5]) == ["1 1 1", "2 2 2 3", "3 100% 4 5"])
    #expect(try plan(["9"], [1, 2]) == ["1 9 1 2"])
  }

  @Test func `without items there is one wave`() {
    #expect(Waves.one.plan([2, 4], of: fleet) == [Wave(number: 1, name: "100%", indices: [2, 4])])
  }

  @Test func `every selected installation is in exactly one wave`() throws {
    for items in [["canary", "1", "30%"], ["i1*:!i11", "canary", "7", "99.5%"], ["100%", "canary"]] {
      let indices = try Waves(items).plan(Array(0..<20), of: fleet).flatMap(\.indices)
      #expect(indices.sorted() == Array(0..<20))
    }
  }

  @Test(arguments: ["", "x", "-1", "%", "101%", "1.234%", "1.%", ".5%", " 5%", "５%", "99999999999999999999"])
  func `a failure limit that makes no sense is none`(_ text: String) {
    #expect(FailureLimit(text) == nil)
  }

  @Test(arguments: [
    ("0", 100, 0), ("2", 100, 2), ("5%", 100, 5), ("5%", 19, 0), ("0.5%", 1_000, 5), ("100%", 3, 3),
  ])
  func `a failure limit is rounded down`(_ text: String, _ size: Int, _ allowed: Int) throws {
    let limit = try #require(FailureLimit(text))
    #expect(limit.allowed(in: size) == allowed)
    #expect(limit.description == text)
  }
}
