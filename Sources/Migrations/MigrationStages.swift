internal import SQLite
public import Schema
internal import Synchronization

/// The schemas that a migration passes through on an empty database, one after each statement.
///
/// ```swift
/// let stages = try expectedSchema.stages(of: 7, after: [1, 2, 3, 4, 5, 6])
/// if stages.begin(with: schema), stages.doubt(at: schema, isApplied: false) == nil {
///   print("nothing of version 7 has run")
/// }
/// ```
///
/// With them, a database's schema tells how far a migration got that its tool didn't finish. ``ExpectedSchema`` makes
/// them with one replay.
public struct MigrationStages: Sendable {
  /// The schema after one statement, or before the first.
  struct Stage {
    let fingerprint: Fingerprint
    /// The line of the statement if it may change rows; otherwise nil.
    let line: Int?
  }

  let stages: [Stage]
  /// The line of the first step with a condition. Whether it runs depends on the database's content.
  let conditional: Int?

  /// Whether a schema is that before the first statement.
  public func begin(with schema: Schema) -> Bool { stages.first?.fingerprint == schema.fingerprint }

  /// Whether a schema is that after the last statement.
  public func end(with schema: Schema) -> Bool { stages.last?.fingerprint == schema.fingerprint }

  /// Finds a statement that may change rows, and of which a schema doesn't tell whether it ran.
  ///
  /// - Parameters:
  ///   - schema: the schema of a database, which is that of a stage.
  ///   - isApplied: whether every statement should have run; otherwise none should.
  /// - Returns: the line of the first such statement; nil if it is certain that all of them ran, or that none did.
  public func doubt(at schema: Schema, isApplied: Bool) -> Int? {
    let places = stages.indices.filter { stages[$0].fingerprint == schema.fingerprint }
    guard let first = places.first, let last = places.last else { return nil }
    let open = isApplied ? (first + 1)..<stages.count : 1..<(last + 1)
    return conditional ?? stages[open].lazy.compactMap(\.line).first
  }
}

extension ExpectedSchema {
  /// The schemas that a migration passes through.
  ///
  /// - Parameters:
  ///   - version: the migration's version.
  ///   - versions: the versions that were applied before.
  /// - Returns: the stages.
  /// - Throws: `MigrationFailure` if the files don't run on an empty database, or not in the time allowed.
  public func stages(
    of version: MigrationVersion, after versions: [MigrationVersion]
  ) throws -> MigrationStages {
    try staged.withLock { staged in
      if let known = staged[versions + [version]] { return known }
      let stages = try replayStages(of: version, after: Set(versions))
      staged[versions + [version]] = stages
      return stages
    }
  }

  private func replayStages(
    of version: MigrationVersion, after versions: Set<MigrationVersion>
  ) throws -> MigrationStages {
    let replay = try beginReplay(of: versions)
    defer { replay.end() }
    let fingerprint = { try replay.schema(ignoring: self.ignored).fingerprint }
    var stages = [MigrationStages.Stage(fingerprint: try fingerprint(), line: nil)]
    guard let migration = set.migrations.first(where: { $0.version == version }) else {
      return MigrationStages(stages: stages, conditional: nil)
    }
    // What runs outside a transaction (VACUUM, ANALYZE, REINDEX, PRAGMA) changes neither schema nor rows.
    if !migration.runsOutsideTransaction {
      try replay.run(migration) { statement, writes in
        let line = writes.rows.isEmpty ? nil : statement.line
        stages.append(.init(fingerprint: try fingerprint(), line: line))
      }
    }
    let conditional = migration.steps.first { !$0.when.isEmpty || !$0.unless.isEmpty }
    return MigrationStages(stages: stages, conditional: conditional?.line)
  }
}
