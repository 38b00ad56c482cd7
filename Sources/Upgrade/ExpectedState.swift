internal import Basics
internal import Migrations
public import Schema

/// A migration that a database records.
public struct RecordedVersion: Hashable, Sendable, Codable {
  /// The version.
  public let version: MigrationVersion
  /// The recorded name; the digest of one that is longer than names of migrations are.
  public let name: String

  /// The longest name in bytes that is kept as it is.
  private static let longestName = 1_000

  /// Describes a recorded migration.
  public init(version: MigrationVersion, name: String) {
    self.version = version
    self.name = name.utf8.count <= Self.longestName ? name : Fingerprint(of: name.utf8).description
  }
}

extension History {
  /// What is recorded, in the order of the versions; nil if the database is untracked.
  var recordedVersions: [RecordedVersion]? {
    recorded.map { recorded in
      recorded.sorted { $0.key < $1.key }.map { RecordedVersion(version: $0.key, name: $0.value) }
    }
  }
}

/// The state of a database that a kept plan was made for, and what the plan would apply.
///
/// ``Worker/upgrade(_:backup:expecting:)`` changes the database only if it is still in this state.
public struct ExpectedState: Hashable, Sendable, Codable {
  /// The fingerprint of the schema.
  public let fingerprint: String
  /// What is recorded; nil if the database is untracked.
  public let history: [RecordedVersion]?
  /// The versions to apply; the baseline counts as 0.
  public let pending: [MigrationVersion]

  /// Creates a state from its values.
  public init(fingerprint: String, history: [RecordedVersion]?, pending: [MigrationVersion]) {
    self.fingerprint = fingerprint
    self.history = history
    self.pending = pending
  }

  /// Why a database is not in this state.
  ///
  /// - Parameter found: what an inspection with ``UpgradeOptions/tellsHistory`` found.
  /// - Returns: nil if it is in this state, or if it could not be read.
  public func refusal(of found: Outcome) -> Failure? {
    if let failure = found.failure, failure.code == .missing { return changed(failure.message) }
    guard let fingerprint = found.fingerprint else { return nil }
    if found.history != history { return changed(historyChange(to: found.history)) }
    if fingerprint != self.fingerprint { return changed("its schema is another one") }
    if found.failure == nil, found.pending != pending { return changed("other migrations are pending") }
    return nil
  }

  private func changed(_ what: String) -> Failure {
    Failure(
      code: .changed, step: .inspect, message: "it is no longer as it was when the plan was made: \(what)")
  }

  private func historyChange(to now: [RecordedVersion]?) -> String {
    guard let now else { return "it has no history any more" }
    guard let history else { return "it has a history now" }
    let (before, after) = (Set(history), Set(now))
    let parts = [
      ("records", now.filter { !before.contains($0) }),
      ("no longer records", history.filter { !after.contains($0) }),
    ]
    .filter { !$0.1.isEmpty }
    .map { word, records in
      let list = records.prefix(5).map { "\($0.version) \($0.name)".harmlessName }
      return "\(word) \(list.joined(separator: ", "))"
        + (records.count > 5 ? " and \(records.count - 5) more" : "")
    }
    return "it \(parts.joined(separator: ", and "))"
  }
}

extension Outcome {
  /// What was found, as the outcome of work that was refused because of it.
  func refused(_ failure: Failure) -> Outcome {
    var outcome = self
    outcome.status = .failed
    outcome.failure = failure
    return outcome
  }
}

extension String {
  /// A name for a message: at most 60 characters, without control characters.
  fileprivate var harmlessName: String { prefix(60).replacingControlCharacters() }
}
