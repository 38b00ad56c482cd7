public import Schema

/// What `inspect` found out about a migration that a database's history marks as half done, for `adopt`.
///
/// ```swift
/// var options = UpgradeOptions()
/// options.adoption = .bySchema
/// let outcome = LocalWorker(set, ExpectedSchema(set), options).inspect(path)
/// if let finding = outcome.settlement { print(finding) }
/// ```
///
/// If the schema is neither of the two, the outcome's `drift` lists the differences from the version to be settled, or
/// else from the nearer one.
public struct SettlementFinding: Hashable, Sendable, Codable {
  /// What the schema of the database is like.
  public enum Side: String, Hashable, Sendable, Codable {
    /// It is that before the migration.
    case before
    /// It is that after the migration.
    case after
    /// The migration changes no schema.
    case both
    /// It is neither.
    case neither
  }

  /// The version that is marked as half done.
  public let version: MigrationVersion
  /// The highest recorded version before it; 0 if there is none.
  public let before: MigrationVersion
  /// What the schema is like.
  public let side: Side
  /// The line of the migration's first statement of which the schema doesn't tell whether it ran, though it may change
  /// rows; nil if the schema tells all.
  public let doubt: Int?
  /// Whether `adopt` would complete the mark (true) or remove it (false); nil if it would leave the database alone.
  public let isApplied: Bool?

  /// Creates a finding.
  public init(
    version: MigrationVersion, before: MigrationVersion, side: Side, doubt: Int?, isApplied: Bool?
  ) {
    self.version = version
    self.before = before
    self.side = side
    self.doubt = doubt
    self.isApplied = isApplied
  }

  /// What the schema tells, such as `the schema is still that of version 6`.
  public var evidence: String {
    let open = doubt.map { ", but doesn't tell whether line \($0) of its file ran" } ?? ""
    return switch side {
    case .before: "the schema is still that of version \(before)\(open)"
    case .after: "the schema is already that of version \(version)\(open)"
    case .both: "it changes no schema, so the schema doesn't tell whether it ran"
    case .neither: "the schema is neither that of version \(before) nor that of version \(version)"
    }
  }
}

extension SettlementFinding: CustomStringConvertible {
  /// `version 7 is half done; the schema is still that of version 6: the mark is removed, so that migrate runs it`
  public var description: String {
    let work =
      switch isApplied {
      case true?: ": the mark is completed, so that it counts as applied"
      case false?: ": the mark is removed, so that migrate runs it"
      case nil: ""
      }
    return "version \(version) is half done; \(evidence)\(work)"
  }
}

extension AdoptionChoice {
  /// Whether a half-done migration is settled as applied; nil if the database is left alone.
  func isApplied(
    _ side: SettlementFinding.Side, isCertain: Bool, _ version: MigrationVersion, _ before: MigrationVersion
  ) -> Bool? {
    let shown: Bool? =
      switch side {
      case .before: false
      case .after: true
      case .both, .neither: nil
      }
    switch self {
    case .bySchema: return isCertain ? shown : nil
    case .upTo(let chosen):
      guard chosen == version || chosen == before else { return nil }
      // Nobody can choose what the schema contradicts.
      return shown == nil || shown == (chosen == version) ? chosen == version : nil
    }
  }
}
