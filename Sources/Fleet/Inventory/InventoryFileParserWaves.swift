internal import Basics
internal import Yams

/// `rollout.waves`: texts, and mappings of a text to what the wave has to show.
extension FleetFileParser {
  private static let gateKeys = ["bake", "check", "every", "failures", "drift", "approve"]

  /// Reads `waves: [{ canary, bake: 30m, approve: true }, 10%, 100%]`; nil if there are none, or if they can't be used,
  /// which is reported.
  func waves(_ section: InventorySection) -> Waves? {
    guard let node = section.node("waves") else { return nil }
    guard let sequence = node.sequence else {
      section.report(
        .wrongType, "waves", "\"rollout.waves\" must be a list, not \(InventoryReader.quoted(node))")
      return nil
    }
    var items: [(text: String, line: Int)] = []
    var gates: [Int: WaveGate] = [:]
    for item in sequence {
      let line = InventoryReader.line(of: item)
      if item.mapping == nil {
        let text = reader.text(item, line: line, name: "rollout.waves", kind: "a list of waves")
        if let text { items.append((text, line)) }
      } else if let (text, gate) = gatedWave(item, line) {
        if !gate.isOpen { gates[items.count] = gate }
        items.append((text, line))
      }
    }
    // A wave that couldn't be read was reported. Without it, the others would be judged wrongly.
    guard items.count == sequence.count else { return nil }
    do {
      var waves = try Waves(items.map(\.text))
      waves.gates = gates
      return waves
    } catch {
      let line = items.indices.contains(error.position) ? items[error.position].line : section.line("waves")
      reader.report(.invalidValue, line: line, "\"rollout.waves\": \(error)")
      return nil
    }
  }

  /// A mapping with the wave as a key without a value, or as the value of `wave`.
  private func gatedWave(_ node: Node, _ line: Int) -> (String, WaveGate)? {
    var names: [String] = []
    var keys: [String] = []
    for (key, value) in node.mapping ?? [:] {
      guard let word = key.scalar?.string else { continue }
      if InventoryReader.isNull(value), !Self.gateKeys.contains(word), word != "wave" {
        names.append(InventoryVariables.written(word))
        keys.append(word)
      }
    }
    guard
      let section = InventorySection(
        node, name: "rollout.waves", keys: ["wave"] + Self.gateKeys + keys, reader: reader)
    else { return nil }
    names += section.text("wave").map { [$0] } ?? []
    guard names.count == 1, let name = names.first else {
      reader.report(
        .invalidValue, line: line,
        names.isEmpty
          ? "\"rollout.waves\": a wave with conditions must say what it consists of, as in { canary, bake: 30m }"
          : "\"rollout.waves\": a wave must consist of one thing, not of \(names.joined(separator: " and "))")
      return nil
    }
    return (name, gate(section))
  }

  private func gate(_ section: InventorySection) -> WaveGate {
    var gate = WaveGate()
    gate.bake = (section.duration("bake")?.milliseconds ?? 0) / 1000
    gate.check = program(section, "check")
    gate.every = section.duration("every").map { $0.milliseconds / 1000 } ?? gate.every
    if gate.every == 0 { section.reject("every", mustBe: "longer than nothing") }
    gate.failures = section.number("failures", in: 0...1_000) ?? 0
    gate.drift = section.flag("drift") ?? false
    gate.approve = section.flag("approve") ?? false
    if section.has("check"), gate.check.isEmpty {
      section.reject("check", mustBe: "a list of the program and its arguments")
    }
    for key in ["every", "failures"] where section.has(key) && gate.check.isEmpty {
      section.report(.invalidValue, key, "\"rollout.waves.\(key)\" goes with \"check\" only")
    }
    if section.has("every"), gate.bake == 0 {
      section.report(.invalidValue, "every", "\"rollout.waves.every\" goes with \"bake\" only")
    }
    return gate
  }
}
