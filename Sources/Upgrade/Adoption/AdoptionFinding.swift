internal import Migrations
public import Schema

/// How `inspect` decides which versions could be recorded in a database without a history, and how a half-done
/// migration could be settled.
public enum AdoptionChoice: Hashable, Sendable, Codable {
  /// Those up to the version whose schema the database has, if there is exactly one.
  case bySchema
  /// Those up to the version that the user names, unless the schema is that of other versions. A half-done migration
  /// counts as applied if it is that version, and as never begun if that is the version before.
  case upTo(MigrationVersion)
}

/// What `inspect` found out about a database without a history, for `adopt`.
///
/// ```swift
/// var options = UpgradeOptions()
/// options.adoption = .bySchema
/// let outcome = LocalWorker(set, ExpectedSchema(set), options).inspect(path)
/// if let finding = outcome.adoption { print(finding.likeness, finding.version ?? "left alone") }
/// ```
///
/// The outcome's `drift` lists the differences from the version to be recorded, or else from the nearest one.
public struct AdoptionFinding: Hashable, Sendable, Codable {
  /// Which versions the schema is like.
  public let likeness: Likeness
  /// The version up to which `adopt` would record; nil if it would leave the database alone.
  public let version: MigrationVersion?
  /// The value of `PRAGMA user_version`, by which the application may count its migrations; nil if it is 0.
  public let userVersion: Int64?

  /// Creates a finding.
  public init(likeness: Likeness, version: MigrationVersion?, userVersion: Int64?) {
    self.likeness = likeness
    self.version = version
    self.userVersion = userVersion
  }
}

extension AdoptionChoice {
  /// The version up to which migrations can be recorded in a database that is like that; nil if it is left alone.
  func version(_ likeness: Likeness) -> MigrationVersion? {
    switch self {
    case .bySchema:
      // Version 0 needs no record: migrating starts there anyway.
      likeness.versions.count == 1 ? likeness.versions.first.flatMap { $0 == .zero ? nil : $0 } : nil
    case .upTo(let version): likeness.versions.isEmpty || likeness.versions.contains(version) ? version : nil
    }
  }

  /// Why a database that is like that is left alone, with what to do about it.
  func refusal(_ likeness: Likeness, _ differences: [Difference]) -> Failure {
    let shown = Difference.list(differences)
    let reason =
      switch likeness {
      case .equal(let versions, _):
        if case .upTo(let version) = self {
          "not to \(version), so version \(version) is not recorded"
        } else {
          "so which of \(Likeness.list(versions)) it is at can't be told from the schema"
        }
      case .between(_, let next): "since of version \(next) not everything is there: \(shown)"
      case .unlike: "with these differences: \(shown)"
      }
    return Failure(
      code: .unknownVersion, step: .inspect,
      message: "it records no migrations, and its schema is \(likeness), \(reason)")
  }
}

extension Inspector {
  /// The outcome of an inspection, with what `adopt` would record.
  ///
  /// A database that has a complete history is not judged. One that can't be recorded fails, unless `migrate` can
  /// upgrade it without a history.
  func withAdoption(_ found: Outcome, _ state: State, _ choice: AdoptionChoice) throws -> Outcome {
    if !state.history.unfinished.isEmpty || state.history.obstacle != nil {
      return try withSettlement(found, state, choice)
    }
    guard state.history.recorded == nil else { return found.withoutRefusal }
    var outcome = found
    let foreign = state.history.foreign
    if let foreign, foreign.userVersion == nil {
      outcome.status = .failed
      outcome.failure = foreign.refusal
      outcome.pending = []
      return outcome
    }
    let likeness = try comparison.likeness(of: state.schema)
    // The baseline brings a database in any state to version 0. Without one, `migrate` takes a database that has
    // nothing of these migrations.
    let canMigrate = found.status == .pending && (likeness.reference != nil || likeness.versions == [.zero])
    let isNew = canMigrate && set.baseline == nil
    let version = isNew ? nil : choice.version(likeness)
    outcome.adoption = AdoptionFinding(
      likeness: likeness, version: version, userVersion: foreign?.userVersion)
    // The differences from a version with an equal schema would be none.
    if let reference = likeness.reference {
      outcome.drift = try comparison.differences(of: state.schema, from: version ?? reference)
    }
    if version == nil, !canMigrate {
      outcome.status = .failed
      outcome.failure = choice.refusal(likeness, outcome.drift)
      outcome.pending = []
    }
    return outcome
  }
}

extension Difference {
  /// The first three differences, and how many there are besides.
  static func list(_ differences: [Difference]) -> String {
    let shown = differences.prefix(3).map(\.description).joined(separator: ", ")
    return shown + (differences.count > 3 ? ", and \(differences.count - 3) more" : "")
  }
}

extension ForeignHistory {
  /// The failure for a database whose history another tool keeps.
  var refusal: Failure {
    Failure(
      code: .foreignHistory, step: .inspect,
      message:
        "another tool keeps its history, in \(place) (\(tool)); which of these migrations it has is not known"
    )
  }
}
