internal import FoundationEssentials
internal import SQLite
public import Schema

/// One finding at one installation, with the time at which it was first seen.
public struct KnownFinding: Hashable, Sendable, Codable {
  /// The finding's kind and object.
  public let kind: Difference.Kind, object: String
  /// When it was first seen, in ISO 8601.
  public let since: String
}

/// How the drift of a fleet changed since the last check.
public struct DriftChanges: Sendable, Encodable {
  /// A finding at an installation.
  public struct Entry: Hashable, Sendable, Encodable {
    /// The installation's id.
    public let installation: String
    /// The finding.
    public let kind: Difference.Kind, object: String
    /// When it was first seen, in ISO 8601.
    public let since: String
  }

  /// Creates an empty set of changes.
  public init() {}

  /// Findings seen for the first time.
  public internal(set) var new: [Entry] = []
  /// Findings that were known and still exist.
  public internal(set) var persisting: [Entry] = []
  /// Findings that were known and are gone.
  public internal(set) var resolved: [Entry] = []

  /// Whether anything changed since the last check.
  public var isChanged: Bool { !new.isEmpty || !resolved.isEmpty }
}

extension Journal {
  /// Compares the findings of a check with the known ones, and stores them as known.
  ///
  /// The known findings of an installation that could not be inspected stay as they are.
  ///
  /// - Parameters:
  ///   - found: the findings by installation; empty for one without drift. Installations without a verdict are left
  ///     out.
  ///   - isDeep: whether the data was checked too; if not, known findings about data stay as they are.
  ///   - date: the time of the check, in ISO 8601.
  /// - Returns: the new, persisting and resolved findings.
  /// - Returns: what is new, what persists, what is resolved.
  /// - Throws: `StateError` if the journal can't be read or written.
  public func judge(
    _ found: [(installation: String, drift: [Difference])], isDeep: Bool, at date: String
  ) throws -> DriftChanges {
    let known = try read { database in
      Dictionary(
        try database.rows("SELECT installation, findings FROM verdicts") { row in
          (row.text(0) ?? "", row.text(1) ?? "[]")
        }
      ) { $1 }
    }
    var changes = DriftChanges()
    for (installation, drift) in found {
      let text = known[installation]
      if text == nil, drift.isEmpty { continue }
      let old = try text.map { try JSONDecoder().decode([KnownFinding].self, from: Data($0.utf8)) } ?? []
      let kept = isDeep ? [] : old.filter { [.integrity, .foreignKeyViolations].contains($0.kind) }
      let judged = old.filter { !kept.contains($0) }
      remember(installation, changes.add(installation, drift, judged, date) + kept, replacing: old)
    }
    try check()
    return changes
  }

  private func remember(_ installation: String, _ now: [KnownFinding], replacing old: [KnownFinding]) {
    guard now != old else { return }
    write { journal in
      guard !now.isEmpty else {
        return try journal.database.execute(
          "DELETE FROM verdicts WHERE installation = ?", [.text(installation)])
      }
      let text = String(decoding: try JSONEncoder().encode(now), as: UTF8.self)
      try journal.database.execute(
        "INSERT OR REPLACE INTO verdicts (installation, findings) VALUES (?, ?)",
        [.text(installation), .text(text)])
    }
  }

  /// Removes the records of all but the latest `count` checks, so that a check every few minutes doesn't fill the
  /// disk.
  ///
  /// - Returns: the removed checks, whose reports can be deleted.
  public func forgetChecks(keeping count: Int) throws -> [RunID] {
    let old = try read { database in
      try database.rows(
        "SELECT id FROM runs WHERE command = 'drift' ORDER BY id DESC LIMIT -1 OFFSET ?",
        [.integer(Int64(count))]
      ) { $0.text(0).flatMap { RunID($0) } }
    }
    write { journal in
      try journal.database.execute(
        """
        DELETE FROM outcomes WHERE run IN (
          SELECT id FROM runs WHERE command = 'drift' ORDER BY id DESC LIMIT -1 OFFSET ?)
        """, [.integer(Int64(count))])
      try journal.database.execute(
        """
        DELETE FROM runs WHERE id IN (
          SELECT id FROM runs WHERE command = 'drift' ORDER BY id DESC LIMIT -1 OFFSET ?)
        """, [.integer(Int64(count))])
    }
    try check()
    return old.compactMap { $0 }
  }
}

extension DriftChanges {
  /// Adds one installation's findings, and returns them with the times at which they were first seen.
  fileprivate mutating func add(
    _ installation: String, _ drift: [Difference], _ old: [KnownFinding], _ date: String
  ) -> [KnownFinding] {
    var now: [KnownFinding] = []
    for difference in drift {
      let before = old.first { $0.kind == difference.kind && $0.object == difference.object }
      let finding = before ?? KnownFinding(kind: difference.kind, object: difference.object, since: date)
      guard !now.contains(finding) else { continue }
      now.append(finding)
      if before == nil {
        new.append(Entry(installation, finding))
      } else {
        persisting.append(Entry(installation, finding))
      }
    }
    for finding in old where !now.contains(finding) { resolved.append(Entry(installation, finding)) }
    return now
  }
}

extension DriftChanges.Entry {
  fileprivate init(_ installation: String, _ finding: KnownFinding) {
    self.init(installation: installation, kind: finding.kind, object: finding.object, since: finding.since)
  }
}
