internal import Fleet

/// A rollout with gates in the header of a report: where it stands, and what each wave has shown.
public struct ReportedRollout: Codable {
  struct Wave: Codable {
    let number: Int
    /// What the wave has to show, in words; nil if nothing.
    let gate: String?
    let good: Int
    let bad: Int
    let inconclusive: Int
    /// When the gate was passed, in ISO 8601; nil before.
    let passed: String?
    let approval: StagedRollout.Approval?
    /// How many installations were taken back; nil if that was not begun.
    let undone: Int?
  }

  let id: String
  let state: String
  let wave: Int
  /// Why it waits or has ended; nil if there is nothing to say.
  let reason: String?
  let waves: [Wave]

  init(_ rollout: StagedRollout) {
    (id, state, wave, reason) = (rollout.id.description, rollout.state.rawValue, rollout.wave, rollout.reason)
    waves = rollout.waves.map {
      Wave(
        number: $0.number, gate: $0.gate.map { "\($0)" }, good: $0.good, bad: $0.bad,
        inconclusive: $0.inconclusive, passed: $0.passed, approval: $0.approval, undone: $0.undone)
    }
  }
}

extension ReportedRollout {
  /// Where it stands, for people: `Wave 2 waits for an approval`.
  var sentence: String {
    let end = reason.map { ": \($0)" } ?? ""
    return switch StagedRollout.State(rawValue: state) {
    case .rolling: "Wave \(wave) is not done"
    case .baking: "Wave \(wave) bakes"
    case .awaiting: "Wave \(wave) waits for an approval"
    case .paused: "Paused in wave \(wave)\(end)"
    case .undoing: "Wave \(wave) is being taken back\(end)"
    case .finished: "All waves were run"
    case .failed: "Ended in wave \(wave)\(end)"
    case .undone: "Taken back\(end)"
    case .aborted: "Aborted in wave \(wave)\(end)"
    case nil: "Its state is \(state)"
    }
  }
}

extension ReportedRollout.Wave {
  /// What it had to show and has shown: `bakes 30m, checked every 1m · 30 checks good, 1 bad · approved by ada`.
  var words: [String] {
    let counts = [(good, "good"), (bad, "bad"), (inconclusive, "inconclusive")].filter { $0.0 > 0 }
    let checks = counts.isEmpty ? [] : ["checks: " + counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")]
    let approved = approval.map { approval in
      "approved by \(approval.by)" + (approval.because.map { ", because: \($0)" } ?? "")
    }
    let back = undone.map { "\($0) taken back" }
    return [gate].compactMap { $0 } + checks + [approved, back].compactMap { $0 }
  }
}
