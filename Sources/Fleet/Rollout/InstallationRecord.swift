internal import FoundationEssentials
internal import Migrations
internal import Schema
public import Upgrade

/// One installation of a report: its data from the inventory, and its outcome.
public struct InstallationRecord: Encodable {
  let installation: Installation
  let wave: Int?
  let outcome: Outcome

  /// Creates the record of an installation; `wave` is nil outside a rollout.
  public init(_ installation: Installation, wave: Int?, _ outcome: Outcome) {
    self.installation = installation
    self.wave = wave
    self.outcome = outcome
  }

  enum Keys: String, CodingKey {
    case id, host, path, groups, labels, wave, status, applied, pending, backup, drift, ignored, error,
      milliseconds, bytes, hooks
    case fingerprint
    case versionBefore = "version_before"
    case versionAfter = "version_after"
    case mayDelete = "may_delete"
    case mayChange = "may_change"
    case openBy = "open_by"
    case lockedMilliseconds = "locked_ms"
  }

  /// Encodes all fields; those without a value as null, except `locked_ms`, which is left out.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Keys.self)
    try fields.encode(installation.id, forKey: .id)
    try fields.encode(installation.machine.address, forKey: .host)
    try fields.encode(installation.path, forKey: .path)
    try fields.encode(installation.groups, forKey: .groups)
    try fields.encode(installation.labels, forKey: .labels)
    try fields.encode(wave, forKey: .wave)
    try fields.encode(outcome.status, forKey: .status)
    try fields.encode(outcome.versionBefore, forKey: .versionBefore)
    try fields.encode(outcome.versionAfter, forKey: .versionAfter)
    try fields.encode(outcome.applied, forKey: .applied)
    try fields.encode(outcome.pending, forKey: .pending)
    try fields.encode(outcome.mayDelete, forKey: .mayDelete)
    try fields.encode(outcome.mayChange, forKey: .mayChange)
    try fields.encode(outcome.backup, forKey: .backup)
    try fields.encode(outcome.drift, forKey: .drift)
    try fields.encode(outcome.ignored, forKey: .ignored)
    try fields.encode(outcome.fingerprint, forKey: .fingerprint)
    try fields.encode(outcome.failure, forKey: .error)
    try fields.encode(outcome.milliseconds.mapValues(\.toMicroseconds), forKey: .milliseconds)
    try fields.encodeIfPresent(outcome.lockedMilliseconds?.toMicroseconds, forKey: .lockedMilliseconds)
    try fields.encode(outcome.bytes, forKey: .bytes)
    try fields.encode(outcome.hooks, forKey: .hooks)
    try fields.encode(outcome.openBy, forKey: .openBy)
  }

  /// The record as one line of JSON with sorted keys.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

extension Double {
  /// Milliseconds, rounded to whole microseconds.
  package var toMicroseconds: Double { (self * 1000).rounded() / 1000 }
}
