internal import Fleet
internal import Upgrade

/// How far each wave of the latest rollout got.
struct WaveBars {
  private static let limit = 100

  private let overview: Overview
  private let rollout: RolloutRecord?

  init(_ overview: Overview, _ rollout: RolloutRecord?) {
    self.overview = overview
    self.rollout = rollout
  }

  var section: Markup {
    guard let rollout else { return .nothing }
    let isThis = rollout.run == overview.header.run.id
    let gates = isThis ? overview.header.rollout : nil
    let note = isThis ? "" : ", run \(rollout.run)"
    return """
      <section aria-labelledby="rollout">
      <h2 id="rollout">\(isThis ? "Rollout by wave" : "Latest rollout by wave")</h2>
      <p class="soft">\(gates?.sentence ?? Self.result(rollout)), begun \(Numbers.minute(rollout.startedAt))\(note).</p>
      <table class="figures" aria-labelledby="rollout">
      <thead><tr><th scope="col">wave</th><th class="wide"></th><th scope="col" class="number">done</th></tr></thead>
      <tbody>
      \(rollout.waves.prefix(Self.limit).map { wave in
        Self.row(wave, gates?.waves.first { $0.number == wave.number })
      })</tbody></table>
      \(rollout.waves.count > Self.limit ? "<p>and \(rollout.waves.count - Self.limit) more</p>" : .nothing)
      </section>

      """
  }

  private static func result(_ rollout: RolloutRecord) -> String {
    switch rollout.result {
    case "finished": "All waves were run"
    case "stopped": "Stopped since too many installations failed"
    default: "Interrupted"
    }
  }

  private static func row(_ wave: RolloutRecord.WaveRecord, _ gate: ReportedRollout.Wave?) -> Markup {
    let counts = Status.shown.map { ($0, wave.counts[$0.rawValue] ?? 0) }.filter { $0.1 > 0 }
    let begun = counts.map(\.1).reduce(0, +)
    let waiting = max(0, wave.installations - begun)
    let done = (wave.counts["migrated"] ?? 0) + (wave.counts["current"] ?? 0)
    let words =
      counts.map { "\(Numbers.grouped($0.1)) \($0.0.word)" }
      + (waiting > 0 ? ["\(Numbers.grouped(waiting)) not begun"] : [])
    let shown = gate?.words ?? []
    return """
      <tr><th scope="row">\(wave.number) <bdi>\(wave.name)</bdi></th>
      <td class="wide">\(StatusStrip.bar(counts.map { ($0.0.rawValue, $0.1) } + [("waiting", waiting)],
        of: wave.installations, "bar"))
      <small>\(words.joined(separator: " · "))</small>\(shown.isEmpty ? .nothing : "<br><small>\(shown.joined(separator: " · "))</small>")</td>
      <td class="number">\(Numbers.grouped(done)) of \(Numbers.grouped(wave.installations))</td></tr>

      """
  }
}
