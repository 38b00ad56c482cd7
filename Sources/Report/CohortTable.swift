public import Fleet
public import Migrations
internal import Schema
internal import Upgrade

/// The fleet by cohort, as a table for people. What needs attention comes first, and cohorts come before single
/// names.
public struct CohortTable {
  private let set: MigrationSet
  private let names: (Int) -> String
  private let isVerbose: Bool

  /// Creates a table.
  ///
  /// - Parameters:
  ///   - set: the migrations.
  ///   - isVerbose: whether all names and all migrations are listed.
  ///   - names: the id of the installation at an index of the inventory.
  public init(_ set: MigrationSet, isVerbose: Bool, names: @escaping (Int) -> String) {
    self.set = set
    self.isVerbose = isVerbose
    self.names = names
  }

  /// The lines of the table.
  ///
  /// - Parameters:
  ///   - fleetStatus: the state of the installations.
  ///   - showsPlan: whether to list what would be applied.
  /// - Returns: the lines.
  public func lines(_ fleetStatus: FleetStatus, showsPlan: Bool) -> [String] {
    let members = fleetStatus.members().sorted { rank($0.cohort) < rank($1.cohort) }
    return lines(members, title: Self.title, right: { right($0, showsPlan: showsPlan) }, notes: remarks)
  }

  /// Lays out one block for each cohort.
  ///
  /// - Parameters:
  ///   - members: the cohorts, and the indices of their installations.
  ///   - title: the text beside the number of installations.
  ///   - right: the lines of the right column.
  ///   - notes: the lines below both columns, for a cohort and the ids of its installations.
  /// - Returns: the lines.
  func lines(
    _ members: [(cohort: Cohort, indices: [Int])], title: (Cohort) -> String, right: (Cohort) -> [String],
    notes: (Cohort, [String]) -> [String]
  ) -> [String] {
    let width = max(3, String(members.map(\.indices.count).max() ?? 0).count + 2)
    return members.flatMap { cohort, indices -> [String] in
      let number = String(indices.count)
      let indent = String(repeating: " ", count: width + 2)
      let head = String(repeating: " ", count: width - number.count) + number + "  " + title(cohort)
      let right = right(cohort)
      let column = width + 30
      let members = indices.map(names)
      // Names that don't fit into the left column go below both columns.
      let narrow = column - 2 - indent.count
      let isWide = (isVerbose ? members[...] : members.prefix(1)).contains { $0.columns > narrow }
      let room = right.isEmpty || isWide ? TextLayout.width - indent.count : narrow
      let ids = Self.list(members, room: room, isVerbose: isVerbose).map { indent + $0 }
      let notes = notes(cohort, members).flatMap { TextLayout.wrap($0, first: indent) }
      let folded = right.flatMap { Self.fold($0, room: TextLayout.width - column) }
      guard isWide else { return TextLayout.beside([head] + ids, folded, at: column) + notes }
      return TextLayout.beside([head], folded, at: column) + ids + notes
    }
  }

  /// Sorts what needs attention first, then what is to be done, then what is done.
  private func rank(_ cohort: Cohort) -> Int {
    switch cohort.status {
    case .failed, .unreachable: 0
    case .pending: 1
    case .migrated: 2
    case .current: 3
    case .skipped: 4
    }
  }

  /// `version 5, 3f9a12`, or the status if the installations failed or were unreachable.
  static func title(_ cohort: Cohort) -> String {
    if cohort.status == .failed || cohort.status == .unreachable { return cohort.status.rawValue }
    let version = cohort.version.map { "version \($0)" } ?? "untracked"
    let digest = cohort.fingerprint.flatMap { Fingerprint($0) }
    return version + (digest.map { ", \($0.short)" } ?? "")
  }

  private func right(_ cohort: Cohort, showsPlan: Bool) -> [String] {
    switch cohort.status {
    case .skipped: return [isAhead(cohort) ? "ahead of these migrations: left alone" : "left alone"]
    case .current: return ["up to date"]
    case .migrated: return ["migrated"]
    case .failed, .unreachable: return []
    case .pending:
      guard showsPlan else { return ["\(steps(cohort.pending)) pending"] }
      let versions = cohort.pending.filter { $0 > 0 }
      let tables = cohort.mayDelete.joined(separator: ", ")
      let columns = cohort.mayChange.joined(separator: ", ")
      let deletes =
        (tables.isEmpty ? [] : ["may delete from \(tables)"])
        + (columns.isEmpty ? [] : ["may change \(columns)"])
      guard isVerbose || versions.count <= 4 else { return ["apply " + steps(cohort.pending)] + deletes }
      return (cohort.pending.first == 0 ? ["baseline"] : [])
        + versions.map { "\($0) \(set.name(of: $0) ?? "")" } + deletes
    }
  }

  /// Whether a database that was left alone was read and found to be ahead. A kept plan leaves others alone unread.
  private func isAhead(_ cohort: Cohort) -> Bool {
    cohort.failure?.code == .ahead && cohort.fingerprint != nil
  }

  private func steps(_ pending: [MigrationVersion]) -> String {
    let versions = TextLayout.ranges(pending.filter { $0 > 0 })
    return pending.first == 0 ? "baseline" + (versions.isEmpty ? "" : ", then \(versions)") : versions
  }

  private func remarks(_ cohort: Cohort, _ members: [String]) -> [String] {
    var remarks: [String] = []
    if let failure = cohort.failure, cohort.status != .skipped {
      remarks += ["\(failure)", "→ \(failure.advice(for: members))"]
    } else if let failure = cohort.failure, !isAhead(cohort) {
      remarks.append("\(failure)")
    }
    let limit = isVerbose ? Int.max : 3
    // A cohort that is left alone is already described as ahead.
    let drift = cohort.status == .skipped ? [] : cohort.drift.shown(all: isVerbose)
    remarks += drift.prefix(limit).map { "drift: \($0)" }
    if drift.count > limit {
      remarks.append("drift: and \(drift.count - limit) more (--verbose)")
    }
    return remarks
  }

  static func fold(_ text: String, room: Int) -> [String] {
    TextLayout.fill(text, indent: 2, room: room)
  }

  /// `hq, lab-1, lab-2 and 12 more` on one line, or all names if `isVerbose`.
  static func list(_ names: [String], room: Int, isVerbose: Bool) -> [String] {
    if isVerbose { return fold(names.joined(separator: ", "), room: max(room, 20)) }
    var text = TextLayout.shortened(
      names[0], room: names.count == 1 ? room : room - " and \(names.count - 1) more".count)
    for (place, name) in names.enumerated().dropFirst() {
      let longer = text + ", " + name
      let rest = names.count - place - 1
      let ending = rest > 0 ? " and \(rest) more" : ""
      guard longer.columns + ending.count <= room else { return [text + " and \(names.count - place) more"] }
      text = longer
    }
    return [text]
  }
}
