public import Schema

/// What is to be done with one database.
public struct Plan: Sendable {
  /// Whether the baseline runs first.
  public let baseline: Migration?
  /// The migrations to apply, in order.
  public let pending: [Migration]
  /// Recorded versions that this set doesn't have: the database is ahead and is left alone.
  public let unknown: [MigrationVersion]
  /// Versions recorded under another name than the file's: version, recorded name.
  public let renamed: [MigrationVersion: String]

  /// Makes a plan by hand, such as a part of another.
  public init(
    baseline: Migration?, pending: [Migration], unknown: [MigrationVersion] = [],
    renamed: [MigrationVersion: String] = [:]
  ) {
    self.baseline = baseline
    self.pending = pending
    self.unknown = unknown
    self.renamed = renamed
  }

  /// Whether there is nothing to do.
  public var isCurrent: Bool { unknown.isEmpty && pending.isEmpty && baseline == nil }
  /// Whether the database was written by a newer version of the application.
  public var isAhead: Bool { !unknown.isEmpty }
}

extension MigrationSet {
  /// What applying this set to a database with that history takes: every version that isn't recorded, in order.
  ///
  /// - Parameters:
  ///   - history: what the database records.
  ///   - target: the highest version to apply, or nil for all.
  /// - Returns: what is to be done.
  public func plan(for history: History, upTo target: MigrationVersion? = nil) -> Plan {
    let known = Set(migrations.compactMap(\.version))
    let recorded = history.recorded ?? [:]
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
