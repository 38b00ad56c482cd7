public import Fleet
internal import Upgrade

/// The results of a run, for people: failures with their reasons and the next steps, before what went well.
public struct RunSummary {
  private let fleetStatus: FleetStatus
  private let names: (Int) -> String

  /// Creates a summary; `names` returns the id for an index of the inventory.
  public init(_ fleetStatus: FleetStatus, names: @escaping (Int) -> String) {
    self.fleetStatus = fleetStatus
    self.names = names
  }

  /// The lines about failed, unreachable and skipped installations, of all or of some indices. Unusable migrations are left out: they concern
  /// the whole run, are reported before it starts, and don't prevent backups or restores.
  public func attention(among chosen: Set<Int>? = nil) -> [String] {
    let order: [Status] = [.failed, .unreachable, .migrated, .current, .pending, .skipped]
    let members = order.flatMap { status in
      fleetStatus.members().filter {
        $0.cohort.status == status && ![nil, .migrations].contains($0.cohort.failure?.code)
      }
    }.map { cohort, indices in
      (cohort: cohort, indices: chosen.map { indices.filter($0.contains) } ?? indices)
    }.filter { !$0.indices.isEmpty }
    return members.flatMap { cohort, indices -> [String] in
      let ids = indices.map(names)
      let word = cohort.status == .skipped ? "left alone" : cohort.status.rawValue
      let head = "\(indices.count) \(word)  "
      let list = CohortTable.list(ids, room: TextLayout.width - head.count, isVerbose: false)
      guard let failure = cohort.failure else { return [] }
      let indent = String(repeating: " ", count: head.count)
      var lines = [head + list[0]] + TextLayout.wrap("\(failure)", first: indent)
      if cohort.status == .skipped { return lines }
      let isKnown = ![.commit, .restore].contains(failure.step)
      if cohort.fingerprint != nil, cohort.isUnchanged, isKnown {
        lines += TextLayout.wrap(
          "it is at \(Self.version(cohort)), as before; nothing was changed", first: indent)
      }
      return lines + TextLayout.wrap("→ \(failure.advice(for: ids))", first: indent)
    }
  }

  /// The drift that was found and not repaired, by cohort.
  public func drift() -> [String] {
    let drifted = fleetStatus.members().filter { $0.cohort.isDrifted && $0.cohort.status != .skipped }
    return drifted.flatMap { cohort, indices -> [String] in
      let head = "\(indices.count) drifted  "
      let list = CohortTable.list(indices.map(names), room: TextLayout.width - head.count, isVerbose: false)
      let indent = String(repeating: " ", count: head.count)
      return [head + list[0]]
        + cohort.drift.shown(all: false).prefix(5).flatMap { TextLayout.wrap("\($0)", first: indent) }
    }
  }

  /// A line with the next command to run; nil if there is nothing to do. `migrate` is the command that continues.
  public func next(_ migrate: String = "flotilla migrate") -> String? {
    let failed = fleetStatus.count { $0.status == .failed || $0.status == .unreachable }
    if failed > 0 { return "Next, once that is mended: \(migrate)" }
    if fleetStatus.count(where: { $0.status == .pending }) > 0 { return "Next: \(migrate)" }
    return fleetStatus.count { $0.isDrifted && $0.status != .skipped } > 0 ? "Next: flotilla drift" : nil
  }

  /// A line that says how long writers had to wait; nil if no installation was locked.
  public var waiting: String? {
    ReportedLockTimes(fleetStatus.lockTimes, names: names).map { "\($0.sentence)." }
  }

  /// One line of counts: `19 migrated · 2 current · 1 failed`.
  public func counts() -> String {
    let order: [Status] = [.migrated, .current, .pending, .skipped, .failed, .unreachable]
    let parts = order.compactMap { status -> String? in
      let count = fleetStatus.count { $0.status == status }
      let isAhead = fleetStatus.count { $0.status == .skipped && $0.failure?.code != .ahead } == 0
      let word = status == .skipped ? (isAhead ? "ahead, left alone" : "left alone") : status.rawValue
      return count == 0 ? nil : "\(count) \(word)"
    }
    return parts.isEmpty ? "nothing selected" : parts.joined(separator: " · ")
  }

  private static func version(_ cohort: Cohort) -> String {
    cohort.version.map { "version \($0)" } ?? "its untracked state"
  }
}
