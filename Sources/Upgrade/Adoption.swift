internal import Migrations
internal import SQLite

extension Outcome {
  /// The outcome together with what an earlier attempt of the same run did, whose end nobody heard of.
  ///
  /// A backup with this run's name is there before the work only where the connection was lost after it was made:
  /// a database that is up to date now was migrated by that attempt.
  public func adopting(_ backup: String) -> Outcome {
    guard status == .current, self.backup == nil, let record = try? BackupRecord(reading: backup),
      let copy = try? Connection(path: backup, access: .immutable)
    else { return self }
    defer { copy.close() }
    guard let before = try? History(reading: copy).version, before != versionAfter else { return self }
    var outcome = self
    outcome.status = .migrated
    outcome.backup = record
    outcome.versionBefore = before
    return outcome
  }
}

extension Failure {
  /// Any error as a failure of work on a backup file.
  public init(reporting error: any Error) { self.init(error, at: .backUp) }
}
