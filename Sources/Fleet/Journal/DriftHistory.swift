internal import FoundationEssentials
internal import SQLite
public import Schema

/// One finding at one installation, and since when it is known.
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

  /// Nothing changed.
  public init() {}

  /// Seen for the first time.
  public internal(set) var new: [Entry] = []
  /// Seen before and still there.
  public internal(set) var persisting: [Entry] = []
  /// Seen before and gone.
  public internal(set) var resolved: [Entry] = []

  /// Whether anything is other than at the last check.
  public var isChanged: Bool { !new.isEmpty || !resolved.isEmpty }
}

extension Journal {
  /// Compares what a check found with what is known, and remembers it.
  ///
  /// An installation that could not be looked at keeps what is known of it.
  /// - Parameters:
  ///   - found: by installation, what was found; empty for one that is as it should be. Installations that were not
  ///     judged are left out.
  ///   - isDeep: whether the data was checked too; else what is known of it stays as it is.
  ///   - date: the time of the check, in ISO 8601.
  /// - Returns: what is new, what persists, what is resolved.
  /// - Throws: `StateError` where the journal can't be read or written.
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

  /// Removes the records of all but the latest checks, so that a check every few minutes doesn't fill the disk.
  ///
  /// - Returns: the checks that are forgotten, whose reports can go.
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
  /// Adds one installation's findings, and gives them back with the time since which they are known.
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
