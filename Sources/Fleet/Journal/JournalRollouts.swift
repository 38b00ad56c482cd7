internal import FoundationEssentials
internal import SQLite
internal import Upgrade

extension Journal {
  /// The rollout that has not ended; nil if there is none.
  ///
  /// - Throws: `StateError` if the journal can't be read.
  public func openRollout() throws -> StagedRollout? { try rollouts("is_open = 1", []).first }

  /// The latest rollout with gates; nil if there is none.
  ///
  /// - Throws: `StateError` if the journal can't be read.
  public func latestRollout() throws -> StagedRollout? { try rollouts("1", []).first }

  private func rollouts(_ condition: String, _ values: [Value]) throws -> [StagedRollout] {
    let texts = try read { database in
      try database.rows(
        "SELECT content FROM rollouts WHERE \(condition) ORDER BY id DESC LIMIT 1", values
      ) { $0.text(0) ?? "" }
    }
    return try texts.map { text in
      do {
        return try JSONDecoder().decode(StagedRollout.self, from: Data(text.utf8))
      } catch {
        throw StateError(path, "has a rollout that can't be read; it may be a newer flotilla's", nil)
      }
    }
  }

  /// Records a rollout as it is now. When this returns, the record survives a power cut.
  ///
  /// - Throws: `StateError` if the journal can't be written.
  public func save(_ rollout: StagedRollout) throws {
    put(rollout)
    try check()
  }

  /// Records a rollout that begins, and to which wave each of its installations belongs: both or nothing.
  ///
  /// - Throws: `StateError` if the journal can't be written.
  public func begin(_ rollout: StagedRollout, _ members: [(id: String, wave: Int)]) throws {
    // What is written between two saves is one transaction.
    try check()
    put(rollout, members)
    try check()
  }

  private func put(_ rollout: StagedRollout, _ members: [(id: String, wave: Int)] = []) {
    guard let data = try? JSONEncoder().encode(rollout) else {
      preconditionFailure("a rollout is always valid JSON")
    }
    let content = String(decoding: data, as: UTF8.self)
    write { journal in
      try journal.database.execute(
        """
        INSERT INTO rollouts (id, is_open, content) VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET is_open = excluded.is_open, content = excluded.content
        """,
        [.text(rollout.id.description), .integer(rollout.state.isOpen ? 1 : 0), .text(content)])
      try journal.add(members, to: rollout.id)
    }
  }

  /// Records to which wave installations belong. An earlier record of an installation is kept.
  ///
  /// - Throws: `StateError` if the journal can't be written.
  public func addMembers(_ members: [(id: String, wave: Int)], to rollout: RunID) throws {
    write { try $0.add(members, to: rollout) }
    try check()
  }

  private func add(_ members: [(id: String, wave: Int)], to rollout: RunID) throws {
    for (id, wave) in members {
      try database.execute(
        "INSERT INTO rollout_members (rollout, installation, wave) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [.text(rollout.description), .text(id), .integer(Int64(wave))])
    }
  }

  /// The wave of each installation of a rollout.
  ///
  /// - Throws: `StateError` if the journal can't be read.
  public func members(of rollout: RunID) throws -> [String: Int] {
    let rows = try read { database in
      try database.rows(
        "SELECT installation, wave FROM rollout_members WHERE rollout = ?", [.text(rollout.description)]
      ) { ($0.text(0) ?? "", Int($0.int(1))) }
    }
    return Dictionary(rows) { first, _ in first }
  }

  /// The installations that a run after `run` has migrated.
  ///
  /// - Throws: `StateError` if the journal can't be read.
  public func migrated(after run: RunID) throws -> Set<String> {
    let ids = try read { database in
      try database.rows(
        "SELECT DISTINCT installation FROM outcomes WHERE run > ? AND status = ?",
        [.text(run.description), .text(Status.migrated.rawValue)]
      ) { $0.text(0) ?? "" }
    }
    return Set(ids)
  }

  /// The installations that one of these runs has migrated, as far as it could record that.
  ///
  /// - Throws: `StateError` if the journal can't be read.
  public func migrated(in runs: [RunID]) throws -> Set<String> {
    let list = runs.map { "'\($0)'" }.joined(separator: ", ")
    let ids = try read { database in
      try database.rows(
        "SELECT DISTINCT installation FROM outcomes WHERE run IN (\(list)) AND status = ?",
        [.text(Status.migrated.rawValue)]
      ) { $0.text(0) ?? "" }
    }
    return Set(ids)
  }

  /// Records what a person has decided.
  ///
  /// - Throws: `StateError` if the journal can't be written.
  public func decide(
    _ kind: RolloutDecision.Kind, _ rollout: StagedRollout, by approval: StagedRollout.Approval
  ) throws {
    write { journal in
      try journal.database.execute(
        """
        INSERT INTO rollout_decisions (rollout, number, kind, wave, by, because, at)
        SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5, ?6 FROM rollout_decisions WHERE rollout = ?1
        """,
        [
          .text(rollout.id.description), .text(kind.rawValue), .integer(Int64(rollout.wave)),
          .text(approval.by),
          approval.because.map { .text($0) } ?? .null, .text(approval.at),
        ])
    }
    try check()
  }

  /// What people have decided about a rollout, in order.
  ///
  /// - Throws: `StateError` if the journal can't be read.
  public func decisions(about rollout: RunID) throws -> [RolloutDecision] {
    let rows = try read { database in
      try database.rows(
        "SELECT number, kind, wave, by, because, at FROM rollout_decisions WHERE rollout = ? ORDER BY number",
        [.text(rollout.description)]
      ) { row in
        RolloutDecision.Kind(rawValue: row.text(1) ?? "").map { kind in
          RolloutDecision(
            number: Int(row.int(0)), kind: kind, wave: Int(row.int(2)),
            approval: StagedRollout.Approval(
              by: row.text(3) ?? "", because: row.text(4), at: row.text(5) ?? ""))
        }
      }
    }
    return rows.compactMap { $0 }
  }
}
