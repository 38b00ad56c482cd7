public import Migrations

extension Outcome {
  /// The outcome together with what an earlier attempt of the same run did, whose end nobody heard of.
  ///
  /// A backup with this run's name is there before the work only where the connection was lost after it was made:
  /// a database that is up to date now was migrated by that attempt.
  ///
  /// - Parameters:
  ///   - backup: the location of the backup that the run makes.
  ///   - history: where versions are recorded.
  /// - Returns: this outcome, or that of both attempts.
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
  /// The outcome of a second attempt, after a first one whose end nobody heard of.
  ///
  /// What keeps the database locked then is most likely the first attempt itself, whose agent hangs: so it is told
  /// that the connection was lost, and not that somebody else is busy.
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
  /// Any error as a failure of work on a backup file.
  public init(reporting error: any Error) { self.init(error, at: .backUp) }
}
