internal import Glibc
public import Upgrade

/// The backups of one run: where they go, and what becomes of them.
public struct BackupStore: Sendable {
  private let journal: Journal
  private let run: RunID
  private let folder: String
  private let count: Int?

  /// Makes a store.
  ///
  /// - Parameters:
  ///   - journal: where backups are noted.
  ///   - run: the run that makes them.
  ///   - folder: where their files go.
  ///   - keep: how many backups of an installation are kept; nil where none is to be removed.
  public init(_ journal: Journal, _ run: RunID, folder: String, keep: Int?) {
    self.journal = journal
    self.run = run
    self.folder = folder
    count = keep
  }

  /// Where the backup of an installation goes.
  public func path(_ installation: Installation) -> String { "\(folder)/\(installation.fileName).sqlite" }

  /// Notes the backup that an outcome has, and removes the oldest beyond those to keep.
  ///
  /// A backup of a database that a failed migration left as it was is as good as the database, and is removed, so
  /// that failures don't push older states out; nor does one at another step remove any.
  /// - Returns: the outcome, without the backup where that was removed.
  public func keep(_ outcome: Outcome, of installation: Installation) -> Outcome {
    guard let backup = outcome.backup else { return outcome }
    let isUnchanged = outcome.status == .failed && outcome.applied.isEmpty
    if isUnchanged, let step = outcome.failure?.step, step == .migrate || step == .prove {
      unlink(backup.path)
      var outcome = outcome
      outcome.backup = nil
      return outcome
    }
    journal.addBackup(
      StoredBackup(
        run: run, installation: installation.id, database: installation.path, version: outcome.versionBefore,
        record: backup), keep: outcome.status == .failed ? nil : count)
    return outcome
  }
}
