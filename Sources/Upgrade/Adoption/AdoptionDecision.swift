public import Schema

/// What `adopt` does to the history of a database.
public enum AdoptionDecision: Hashable, Sendable, Codable {
  /// Records the migrations up to this version in a database without a history.
  case record(upTo: MigrationVersion)
  /// Settles the migration that is marked as half done: as applied, or as never begun.
  case settle(MigrationVersion, isApplied: Bool)
}

extension Outcome {
  /// What `adopt` would do, as `inspect` found out; nil if it would leave the database alone.
  public var adoptionDecision: AdoptionDecision? {
    if let settlement {
      return settlement.isApplied.map { .settle(settlement.version, isApplied: $0) }
    }
    return adoption?.version.map { .record(upTo: $0) }
  }
}
