import Testing

@testable import Fleet

/// `rollout.waves` with conditions.
@Suite struct WaveGateTests {
  private func waves(_ text: String) throws -> Waves {
    try fleetFile("rollout: { waves: \(text) }\n").rollout.waves
  }

  private func mistakes(_ text: String) -> [String] {
    do {
      _ = try fleetFile("rollout: { waves: \(text) }\n")
      return []
    } catch {
      return (error as? InventoryErrors)?.errors.map(\.description) ?? ["\(error)"]
    }
  }

  @Test func `the short forms and the long ones can be mixed`() throws {
    let waves = try waves(
      "[{ canary, bake: 30m, check: [curl, -fsS, https://a.example], every: 1m, failures: 3 }, { 10%, approve: true }, 100%]"
    )
    #expect(waves.items.map(\.description) == ["canary", "10%", "100%"])
    #expect(waves.gates.count == 2)
    let first = try #require(waves.gates[0])
    #expect(first.bake == 1800 && first.every == 60 && first.failures == 3 && !first.approve)
    #expect(first.check == ["curl", "-fsS", "https://a.example"])
    #expect("\(first)" == "bakes 30m, checked every 1m")
    #expect(waves.gates[1].map { "\($0)" } == "approved by a person")
  }

  @Test func `a group that is called like a condition is named with wave`() throws {
    let waves = try waves("[{ wave: bake, drift: true, bake: 90s }, { wave: 5 }]")
    #expect(waves.items.map(\.description) == ["bake", "5"])
    #expect(waves.gates.keys.sorted() == [0], "a gate that asks for nothing is none")
    #expect(waves.gates[0].map { "\($0)" } == "bakes 90s, inspected for drift")
  }

  @Test func `the gate of an empty wave is left out with it`() throws {
    let fleet = inventory(["a canary", "b", "c"])
    let planned = try waves("[{ canary, approve: true }, { 1, bake: 1h }, 100%]").plan([1, 2], of: fleet)
    #expect(planned.map(\.name) == ["1", "100%"])
    #expect(planned.map { $0.gate.map { "\($0)" } } == ["bakes 1h", nil])
  }

  @Test(arguments: [
    ("[{ bake: 30m }]", "must say what it consists of"),
    ("[{ canary, 10%, bake: 1m }]", "must consist of one thing, not of canary and 10%"),
    ("[{ canary, wave: 10%, bake: 1m }]", "must consist of one thing"),
    ("[{ canary, bakes: 30m }]", "unknown key \"bakes\""),
    ("[{ canary, bake: soon }]", "\"rollout.waves.bake\" must be a duration"),
    ("[{ canary, failures: 2 }]", "\"rollout.waves.failures\" goes with \"check\" only"),
    ("[{ canary, check: [a], every: 2s }]", "\"rollout.waves.every\" goes with \"bake\" only"),
    ("[{ canary, bake: 1m, check: [a], every: 0s }]", "\"rollout.waves.every\" must be longer than nothing"),
    ("[{ canary, check: [] }]", "\"rollout.waves.check\" must be a list of the program and its arguments"),
    ("[{ canary, approve: perhaps }]", "\"rollout.waves.approve\" must be true or false"),
    ("canary", "\"rollout.waves\" must be a list"),
    ("[{ 0%, approve: true }]", "must be a share above 0%"),
  ])
  func `mistakes are told`(text: String, mistake: String) {
    let found = mistakes(text)
    #expect(found.contains { $0.contains(mistake) }, "\(found)")
  }

  @Test func `on_failure is one of two words`() throws {
    #expect(try fleetFile("rollout: { on_failure: restore }\n").rollout.onFailure == .restore)
    #expect(try fleetFile("").rollout.onFailure == .stop)
    #expect(throws: InventoryErrors.self) { try fleetFile("rollout: { on_failure: undo }\n") }
  }
}
