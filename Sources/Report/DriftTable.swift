internal import Basics
public import Fleet
internal import Schema
internal import Upgrade

/// The drift of a fleet, for people: one entry per cause, with the installations that share it.
public struct DriftTable {
  private let fleetStatus: FleetStatus
  private let changes: DriftChanges
  private let names: (Int) -> String
  private let isVerbose: Bool

  /// Creates a table; `names` returns the id for an index of the inventory.
  public init(
    _ fleetStatus: FleetStatus, _ changes: DriftChanges, isVerbose: Bool, names: @escaping (Int) -> String
  ) {
    self.fleetStatus = fleetStatus
    self.changes = changes
    self.isVerbose = isVerbose
    self.names = names
  }

  /// The lines: drifted installations, resolved findings, and installations that could not be inspected.
  public func lines() -> [String] { drifted() + resolved() + unknown() }

  /// One line of counts.
  public var counts: String {
    let drifted = fleetStatus.count(where: \.isDrifted)
    let unknown = fleetStatus.count(where: Self.isUnknown)
    let untracked = fleetStatus.count { !$0.isDrifted && Self.isUntracked($0) }
    let well = fleetStatus.count { _ in true } - drifted - unknown - untracked
    var parts = ["\(well) as they should be"]
    if drifted > 0 { parts.append("\(drifted) drifted") }
    if untracked > 0 { parts.append("\(untracked) untracked, not judged") }
    if unknown > 0 { parts.append("\(unknown) unknown") }
    if fleetStatus.ignored > 0 { parts.append("\(counted(fleetStatus.ignored, "object")) ignored") }
    let news = changes.isChanged ? " (\(newOnes) new, \(changes.resolved.count) resolved)" : ""
    return parts.joined(separator: " · ") + news
  }

  /// How many of the listed differences are new; each counts once per installation.
  private var newOnes: Int {
    struct Finding: Hashable {
      let kind: Difference.Kind
      let object: String
    }
    var listed = Set<Finding>()
    for (cohort, _) in fleetStatus.members() {
      for difference in cohort.drift.shown(all: isVerbose) {
        listed.insert(Finding(kind: difference.kind, object: difference.object))
      }
    }
    return changes.new.count { listed.contains(Finding(kind: $0.kind, object: $0.object)) }
  }

  /// A line with the next command to run; nil if there is nothing to do.
  public var next: String? { fleetStatus.count(where: \.isDrifted) > 0 ? "Next: flotilla drift --sql" : nil }

  /// Whether the installations could not be inspected, so that there is no verdict.
  public static func isUnknown(_ cohort: Cohort) -> Bool {
    cohort.status == .failed || cohort.status == .unreachable
  }

  private static func isUntracked(_ cohort: Cohort) -> Bool { cohort.version == nil && !isUnknown(cohort) }

  private func drifted() -> [String] {
    var causes: [[Difference]: [Int]] = [:]
    for (cohort, indices) in fleetStatus.members() {
      let drift = cohort.drift.shown(all: isVerbose)
      if !drift.isEmpty { causes[drift, default: []] += indices }
    }
    let sorted = causes.sorted { ($1.value.count, $0.value[0]) < ($0.value.count, $1.value[0]) }
    return sorted.flatMap { drift, indices -> [String] in
      let isDrift = drift.contains { $0.severity == .error }
      let head = "\(indices.count) \(isDrift ? "drifted" : "noted")  "
      let indent = String(repeating: " ", count: head.count)
      let ids = indices.sorted().map(names)
      let list = CohortTable.list(ids, room: TextLayout.width - head.count, isVerbose: isVerbose)
      let shown = isVerbose ? drift[...] : drift.prefix(8)
      let members = Set(ids)
      let findings = shown.flatMap { TextLayout.wrap("\($0)\(age($0, members))", first: indent) }
      let more =
        drift.count > shown.count ? [indent + "and \(drift.count - shown.count) more (--verbose)"] : []
      return [head + list[0]] + list.dropFirst().map { indent + $0 } + findings + more
    }
  }

  /// ` (new)`, ` (new at 3)`, or ` (since 2026-02-02)` with the earliest date; empty if nothing is known.
  private func age(_ difference: Difference, _ ids: Set<String>) -> String {
    let isThis = { (entry: DriftChanges.Entry) in
      entry.kind == difference.kind && entry.object == difference.object && ids.contains(entry.installation)
    }
    let new = changes.new.count(where: isThis)
    if new == ids.count { return " (new)" }
    let days = Set(changes.persisting.filter(isThis).map { $0.since.prefix(10) })
    guard let first = days.min() else { return "" }
    return new > 0 ? " (new at \(new))" : " (since \(first))"
  }

  private func resolved() -> [String] {
    var gone: [String: [String]] = [:]
    for entry in changes.resolved {
      gone["\(entry.kind.rawValue) \(entry.object)", default: []].append(entry.installation)
    }
    return gone.sorted { $0.key < $1.key }.flatMap { finding, ids in
      let head = "\(ids.count) resolved  "
      let list = CohortTable.list(ids, room: TextLayout.width - head.count, isVerbose: isVerbose)
      return [head + list[0]] + TextLayout.wrap(finding, first: String(repeating: " ", count: head.count))
    }
  }

  private func unknown() -> [String] {
    fleetStatus.members().filter { Self.isUnknown($0.cohort) }.flatMap { cohort, indices -> [String] in
      let head = "\(indices.count) unknown  "
      let indent = String(repeating: " ", count: head.count)
      let list = CohortTable.list(
        indices.map(names), room: TextLayout.width - head.count, isVerbose: isVerbose)
      return [head + list[0]] + (cohort.failure.map { TextLayout.wrap("\($0)", first: indent) } ?? [])
    }
  }
}

extension [Difference] {
  /// The differences for people. If one finding summarizes all differences of a migration, the single differences are
  /// left out, and so are remarks; `all` returns everything.
  func shown(all: Bool) -> [Difference] {
    guard !all else { return self }
    let summedUp = Set(filter(\.isSummary).compactMap(\.version))
    return filter { difference in
      guard difference.severity == .error else { return false }
      return difference.isSummary || difference.version.map { !summedUp.contains($0) } ?? true
    }
  }
}
