public import Migrations

extension Outcome {
  /// Includes the work of an earlier attempt in the same run, whose result was lost with the connection.
  ///
  /// If the run's backup exists before the work begins, an earlier attempt made it before the connection was lost. If
  /// the database is up to date now, that attempt migrated it.
  ///
  /// - Parameters:
  ///   - backup: the location of the backup that the run makes.
  ///   - history: the table in which versions are recorded.
  /// - Returns: this outcome, or the combined outcome of both attempts.
  public func mergingLostAttempt(_ backup: String, _ history: any HistoryTable) -> Outcome {
    let destination = BackupDestinations.holding(backup)
    guard status == .current, self.backup == nil, destination.has(backup),
      let found = try? FoundBackup(of: "", at: backup, in: destination, history),
      let before = found.version, before != versionAfter
    else { return self }
    var outcome = self
    outcome.status = .migrated
    outcome.backup = found.record
    outcome.versionBefore = before
    return outcome
  }
}

extension Outcome {
  /// The outcome of a second attempt after the result of the first was lost.
  ///
  /// If the database is still locked, the first attempt's agent most likely hangs and holds the lock. The failure
  /// therefore reports the lost connection instead of a busy database.
  public func second(after first: Outcome) -> Outcome {
    guard failure?.code == .busy, let lost = first.failure, lost.code == .connectionLost,
      lost.step != .open
    else { return self }
    var outcome = self
    outcome.status = first.status
    outcome.failure = Failure(
      code: lost.code, step: lost.step,
      message: "\(lost.message); at a second attempt the database was still locked")
    return outcome
  }
}

extension Failure {
  /// Converts any error into a failure of the `backUp` step.
  public init(reporting error: any Error) { self.init(error, at: .backUp) }
}
