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
