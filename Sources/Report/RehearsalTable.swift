internal import Basics
public import Fleet
internal import Migrations
public import Schema
internal import Upgrade

/// The results of rehearsals by cohort, for people. Upgrades that would fail come first.
public struct RehearsalTable {
  private let rehearsals: [CohortRehearsal]
  private let atOnce: Int
  private let limit: Duration?
  private let names: (Int) -> String

  /// Creates a table.
  ///
  /// - Parameters:
  ///   - rehearsals: the results.
  ///   - limit: how long writers may have to wait; nil if there is no limit.
  ///   - atOnce: how many installations this machine can work on at once, for the estimates.
  ///   - names: the id of the installation at an index of the inventory.
  public init(
    _ rehearsals: [CohortRehearsal], limit: Duration? = nil, atOnce: Int, names: @escaping (Int) -> String
  ) {
    self.limit = limit
    self.rehearsals = rehearsals.filter(\.hasFailed) + rehearsals.filter { !$0.hasFailed }
    self.atOnce = max(1, atOnce)
    self.names = names
  }

  /// The lines, cohort by cohort.
  public func lines() -> [String] {
    let width = max(3, String(rehearsals.map(\.indices.count).max() ?? 0).count + 2)
    let indent = String(repeating: " ", count: width + 2)
    let column = width + 30
    return rehearsals.flatMap { rehearsal -> [String] in
      let number = String(rehearsal.indices.count)
      let title = CohortTable.title(rehearsal.cohort)
      let member = names(rehearsal.tried.index)
      let left = [
        String(repeating: " ", count: width - number.count) + number + "  " + title,
        indent + TextLayout.shortened(member, room: column - 2 - indent.count),
      ]
      let right = verdict(rehearsal).flatMap { CohortTable.fold($0, room: TextLayout.width - column) }
      let remarks = remarks(rehearsal.tried.outcome, on: member)
      return TextLayout.beside(left, right, at: column)
        + remarks.flatMap { TextLayout.wrap($0, first: indent) }
    }
  }

  /// What failed, in paragraphs: each undeclared effect, and the failure unless it is only about these.
  private func remarks(_ outcome: Outcome, on member: String) -> [String] {
    guard let failure = outcome.failure else { return [] }
    let effects = outcome.undeclared.flatMap { part in part.effects.map { "\(part.file): \($0)" } }
    let advice = "→ \(failure.advice(for: [member]))"
    guard !effects.isEmpty, Failure.Code.undeclared.contains(failure.code) else {
      return effects + ["\(failure)", advice]
    }
    // The lines of `declarations` follow, unless there are none.
    return effects + (outcome.undeclared.allSatisfy(\.lines.isEmpty) ? [advice] : [])
  }

  /// The lines that declare everything that is undeclared, below the file that each belongs into. They are not wrapped,
  /// so that they can be pasted. What belongs to files that must stay as they are comes last, for fleet.yml.
  ///
  /// - Parameters:
  ///   - files: the files of the migrations, in their order. What a host says about other files is left out.
  ///   - fixed: the versions of those that must stay as they are, by file.
  /// - Returns: the lines; empty if nothing is undeclared.
  public func declarations(in files: [String], fixed: [String: MigrationVersion] = [:]) -> [String] {
    let all = Dictionary(grouping: rehearsals.flatMap(\.tried.outcome.undeclared), by: \.file)
      .compactMapValues {
        parts in parts.dropFirst().reduce(parts.first) { $0?.merging($1) }
      }
    let editable = files.filter { fixed[$0] == nil }.flatMap { file -> [String] in
      guard let lines = all[file]?.lines, !lines.isEmpty else { return [] }
      return [file] + lines.map { "  \($0)" }
    }
    let entries = files.flatMap { file in
      fixed[file].flatMap { version in all[file]?.entries(of: version) } ?? []
    }
    let keys = ["deletes", "changes"].flatMap { key -> [String] in
      let own = entries.filter { $0.key == key }
      return own.isEmpty ? [] : ["    \(key):"] + own.map { "      \($0.entry)" }
    }
    return editable + (keys.isEmpty ? [] : ["fleet.yml", "  migrations:"] + keys)
  }

  /// One sentence about all rehearsals.
  public var summary: String {
    let failed = rehearsals.count(where: \.hasFailed)
    let verdict = failed > 0 ? "\(failed) of \(rehearsals.count) failed" : "\(rehearsals.count) succeeded"
    return "Rehearsals: \(verdict). What depends on data can differ within a cohort."
  }

  private func verdict(_ rehearsal: CohortRehearsal) -> [String] {
    let outcome = rehearsal.tried.outcome
    switch outcome.status {
    case .failed, .unreachable: return [rehearsal.isInconclusive ? "could not be tried" : "would fail"]
    case .migrated:
      let changes = outcome.applied.flatMap(\.changes).map(\.description)
      return ["would succeed"] + losses(outcome) + changes + [time(outcome, rehearsal.indices.count)]
        + [waiting(rehearsal)].compactMap { $0 }
    default: return ["not rehearsed: nothing is pending any more"]
    }
  }

  private func losses(_ outcome: Outcome) -> [String] {
    let all = outcome.applied.reduce(into: [String: Int]()) { $0.merge($1.rowsDeleted, uniquingKeysWith: +) }
    let parts = all.sorted { $0.key < $1.key }.map { "\($1) of \($0)" }
    return parts.isEmpty ? [] : ["deletes rows: " + parts.joined(separator: ", ")]
  }

  /// The estimated duration. It assumes that all installations are as large as the rehearsed one, which is the
  /// largest.
  private func time(_ outcome: Outcome, _ count: Int) -> String {
    let seconds = (outcome.milliseconds["total"] ?? 0) / 1000
    let own = "takes \(seconds < 1 ? "\(Numbers.decimal(max(seconds, 0.01))) s" : Numbers.duration(seconds))"
    guard count > 1 else { return own }
    let all = seconds * Double((count + atOnce - 1) / atOnce)
    return "\(own); all \(count) \(all < 1 ? "" : "about ")\(Numbers.duration(all))"
  }

  /// The predicted time for which writers have to wait, and where that is if it isn't the rehearsed installation.
  private func waiting(_ rehearsal: CohortRehearsal) -> String? {
    guard let lock = rehearsal.predictedLock else { return nil }
    let place = lock.index == rehearsal.tried.index ? "" : " at \(names(lock.index))"
    let excess = limit.map { lock.isAbove($0) } == true ? ", above max_lock" : ""
    return "writers wait about \(Numbers.waiting(lock.milliseconds))\(place)\(excess)"
  }

  /// The paragraphs about cohorts whose writers would have to wait longer than the limit, with what can be done; empty
  /// if there are none, or there is no limit.
  public var excesses: [String] {
    guard let limit else { return [] }
    let above = rehearsals.compactMap { rehearsal -> (CohortRehearsal, PredictedLock)? in
      rehearsal.predictedLock.flatMap { $0.isAbove(limit) ? (rehearsal, $0) : nil }
    }
    guard !above.isEmpty else { return [] }
    let lines = above.map { rehearsal, lock in
      "\(CohortTable.title(rehearsal.cohort)): writers of \(names(lock.index)) (\(Numbers.size(lock.bytes))"
        + "\(lock.isWAL ? "" : ", not in WAL mode")) would wait about \(Numbers.waiting(lock.milliseconds)); "
        + "rollout.max_lock allows \(Numbers.waiting(limit.milliseconds))"
    }
    let wal =
      above.contains { !$1.isWAL }
      ? ", or put the databases into WAL mode, where backups keep nobody waiting" : ""
    return lines + [
      "→ divide the migrations, or raise rollout.max_lock for a time at which the application can wait\(wal)"
    ]
  }
}
