public import Schema

/// The migrations to run on one database.
public struct Plan: Sendable {
  /// The baseline, if it must run first; otherwise nil.
  public let baseline: Migration?
  /// The migrations to apply, in order.
  public let pending: [Migration]
  /// Recorded versions that the migration set doesn't have. If there are any, the database is ahead and is left alone.
  public let unknown: [MigrationVersion]
  /// Versions recorded under a name that isn't the file's name, with the recorded name.
  public let renamed: [MigrationVersion: String]

  /// Creates a plan from its parts, for example a part of another plan.
  public init(
    baseline: Migration?, pending: [Migration], unknown: [MigrationVersion] = [],
    renamed: [MigrationVersion: String] = [:]
  ) {
    self.baseline = baseline
    self.pending = pending
    self.unknown = unknown
    self.renamed = renamed
  }

  /// Whether nothing has to be done.
  public var isCurrent: Bool { unknown.isEmpty && pending.isEmpty && baseline == nil }
  /// Whether a newer version of the application has upgraded the database.
  public var isAhead: Bool { !unknown.isEmpty }
}

extension MigrationSet {
  /// Determines which migrations a database still needs: every version that isn't recorded, in order.
  ///
  /// - Parameters:
  ///   - history: the versions that the database records.
  ///   - target: the highest version to apply, or nil for all.
  /// - Returns: the plan for this database.
  public func plan(for history: History, upTo target: MigrationVersion? = nil) -> Plan {
    let known = Set(migrations.compactMap(\.version))
    var recorded = history.recorded ?? [:]
    if historyTable.hasOnlyLast { recorded = recorded.filter { known.contains($0.key) } }
    return Plan(
      baseline: history.recorded == nil ? baseline : nil,
      pending: migrations.filter { migration in
        guard let version = migration.version else { return false }
        return recorded[version] == nil && target.map { version <= $0 } ?? true
      },
      unknown: recorded.keys.filter { !known.contains($0) }.sorted(),
      renamed: recorded.filter { version, name in known.contains(version) && self.name(of: version) != name })
  }
}
