internal import Basics
public import Fleet
public import Migrations
public import Schema
internal import Upgrade

/// What `adopt` would do to the history of each cohort, as a table for people.
public struct AdoptionTable {
  private let set: MigrationSet
  private let given: MigrationVersion?
  private let table: CohortTable
  private let isVerbose: Bool

  /// Creates a table.
  ///
  /// - Parameters:
  ///   - set: the migrations.
  ///   - version: the version that the user named; nil if the schemas decide.
  ///   - isVerbose: whether all names and all differences are listed.
  ///   - names: the id of the installation at an index of the inventory.
  public init(
    _ set: MigrationSet, upTo version: MigrationVersion?, isVerbose: Bool, names: @escaping (Int) -> String
  ) {
    self.set = set
    given = version
    self.isVerbose = isVerbose
    table = CohortTable(set, isVerbose: isVerbose, names: names)
  }

  /// The lines of the table. What needs attention comes first.
  public func lines(_ fleetStatus: FleetStatus) -> [String] {
    let members = fleetStatus.members().sorted { Self.rank($0.cohort) < Self.rank($1.cohort) }
    return table.lines(members, title: Self.title, right: right, notes: notes)
  }

  private static func rank(_ cohort: Cohort) -> Int {
    if cohort.isAdoptable { return 1 }
    return cohort.failure != nil ? 0 : cohort.adoption != nil ? 2 : 3
  }

  private static func title(_ cohort: Cohort) -> String {
    guard let fingerprint = cohort.fingerprint else { return cohort.status.rawValue }
    let version = cohort.version.map { "version \($0)" } ?? "untracked"
    return version + (Fingerprint(fingerprint).map { ", \($0.short)" } ?? "")
  }

  private func right(_ cohort: Cohort) -> [String] {
    if let finding = cohort.settlement {
      let work = finding.isApplied.map { $0 ? "complete its mark" : "remove its mark" } ?? "left alone"
      return ["version \(finding.version) is half done", work]
    }
    guard let finding = cohort.adoption else {
      guard cohort.version != nil else { return [] }
      return [cohort.status == .failed ? "left alone" : "has a history: left alone"]
    }
    let count = finding.likeness.reference == nil ? "" : ": \(counted(cohort.drift.count, "difference"))"
    let likeness = finding.likeness.description + count
    if let version = finding.version { return [likeness, recorded(upTo: version)] }
    return [likeness, cohort.failure == nil ? "left to flotilla migrate" : "left alone"]
  }

  /// `record 1–7`
  private func recorded(upTo version: MigrationVersion) -> String {
    let versions = set.migrations.compactMap(\.version).filter { $0 <= version }
    return versions.isEmpty ? "record that nothing is applied" : "record \(TextLayout.ranges(versions))"
  }

  private func notes(_ cohort: Cohort, _ ids: [String]) -> [String] {
    if let finding = cohort.settlement { return notes(cohort, ids, finding) }
    guard let finding = cohort.adoption else {
      guard cohort.version == nil || cohort.status == .failed, let failure = cohort.failure else { return [] }
      return ["\(failure)", "→ \(failure.advice(for: ids))"]
    }
    var notes: [String] = []
    if let version = finding.version ?? finding.likeness.reference {
      notes += differences(cohort, from: version)
    }
    if let number = finding.userVersion {
      notes.append(
        "its PRAGMA user_version is \(number): if the application counts by it, that stays as it is")
    }
    guard !cohort.isAdoptable, let failure = cohort.failure else { return notes }
    if let given { notes.append("so version \(given) is not recorded") }
    return notes + ["→ \(failure.advice(for: ids))"]
  }

  /// The notes for a half-done migration.
  private func notes(_ cohort: Cohort, _ ids: [String], _ finding: SettlementFinding) -> [String] {
    guard let isApplied = finding.isApplied else {
      return cohort.failure.map { ["\($0.message)", "→ \($0.advice(for: ids))"] } ?? []
    }
    return ["\(finding)"] + differences(cohort, from: isApplied ? finding.version : finding.before)
  }

  private func differences(_ cohort: Cohort, from version: MigrationVersion) -> [String] {
    let limit = isVerbose ? Int.max : 3
    let shown = cohort.drift.prefix(limit).map { "unlike version \(version): \($0)" }
    guard cohort.drift.count > limit else { return shown }
    return shown + ["unlike version \(version): and \(cohort.drift.count - limit) more (--verbose)"]
  }
}
