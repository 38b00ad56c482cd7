internal import Basics
internal import Glibc
public import Upgrade

/// The backups of one run: where they go, and what becomes of them.
public struct BackupStore: Sendable {
  private let journal: Journal
  private let run: RunID
  private let folder: String
  private let count: Int?
  private let fetches: Bool
  /// Runs that may have left backups on hosts without coming to note them.
  private let earlier: [String]

  /// Makes a store.
  ///
  /// - Parameters:
  ///   - journal: where backups are noted.
  ///   - run: the run that makes them.
  ///   - folder: where the files of this machine's databases go, and those that are fetched from hosts.
  ///   - keep: how many backups of an installation are kept; nil where none is to be removed.
  ///   - fetches: whether backups are brought here from their hosts.
  public init(_ journal: Journal, _ run: RunID, folder: String, keep: Int?, fetches: Bool) {
    self.journal = journal
    self.run = run
    self.folder = folder
    self.fetches = fetches
    count = keep
    earlier = (try? journal.runs(before: run, limit: Self.mostRuns)) ?? []
  }

  /// How many runs back backups on hosts are looked for.
  private static let mostRuns = 200

  /// Where the backup of an installation goes: into the state folder, or on a host into a folder beside the database.
  public func path(_ installation: Installation) -> String {
    guard installation.host != nil else { return fetchedPath(installation) }
    return "\(installation.folderOnHost)/backups/\(run)/\(installation.fileName).sqlite"
  }

  private func fetchedPath(_ installation: Installation) -> String {
    "\(folder)/\(installation.fileName).sqlite"
  }

  /// Removes the folder of the run where no backup went into it.
  public func removeEmptyFolder() { rmdir(folder) }

  /// Notes the backup that an outcome has, fetches it where that is wanted, and removes the oldest beyond those to keep.
  /// Those that earlier runs left on the host without coming to note them are noted first.
  ///
  /// A backup of a database that a failed migration certainly left as it was is as good as the database, and is removed,
  /// so that failures don't push older states out; nor does one at another step remove any. Where anything may have been
  /// committed, the backup stays.
  /// - Parameters:
  ///   - outcome: what became of the installation.
  ///   - installation: which.
  ///   - worker: who worked on it.
  /// - Returns: the outcome, without the backup where that was removed, and failed where it could not be fetched.
  public func recordAndPrune(_ outcome: Outcome, of installation: Installation, _ worker: any Worker)
    -> Outcome
  {
    if installation.host != nil, outcome.status != .unreachable { recordRecovered(installation, worker) }
    guard let backup = outcome.backup else { return outcome }
    let isUnchanged = outcome.status == .failed && outcome.applied.isEmpty && outcome.isUnchanged
    if isUnchanged, let step = outcome.failure?.step, step == .migrate || step == .prove,
      (try? worker.remove([backup.path])) != nil
    {
      var outcome = outcome
      outcome.backup = nil
      return outcome
    }
    let isFetched = fetches && installation.host != nil
    let (fetched, failure) = isFetched ? fetch(backup, installation, worker) : (nil, nil)
    let prunes = outcome.status != .failed && failure == nil
    journal.addBackup(
      StoredBackup(
        run: run, installation: installation.id, host: installation.host?.address,
        database: installation.path, version: outcome.versionBefore, record: backup, fetched: fetched),
      keep: prunes && installation.host == nil ? count : nil)
    if prunes, installation.host != nil { prune(installation, worker) }
    return failure.map { outcome.failed(toFetch: $0) } ?? outcome
  }

  /// Notes the backups on a host of runs that were killed, or that lost the connection, before they came to do so.
  ///
  /// The host is asked for runs of this journal alone: those of another coordinator are that one's, and reading them
  /// would take time. Where it doesn't answer, there is a next time.
  private func recordRecovered(_ installation: Installation, _ worker: any Worker) {
    let (name, folder) = ("\(installation.fileName).sqlite", installation.folderOnHost + "/backups")
    guard let noted = try? journal.runsWithBackup(of: installation.id),
      case let runs = earlier.filter({ !noted.contains($0) }), !runs.isEmpty,
      let found = try? worker.backups(name, in: folder, of: runs)
    else { return }
    for backup in found where runs.contains(backup.run) {
      guard let run = RunID(backup.run) else { continue }
      let record = BackupRecord(
        path: "\(folder)/\(run)/\(name)", bytes: backup.record.bytes, sha256: backup.record.sha256)
      journal.addBackup(
        StoredBackup(
          run: run, installation: installation.id, host: installation.host?.address,
          database: installation.path, version: backup.version, record: record, fetched: nil), keep: nil)
    }
  }

  private func fetch(
    _ backup: BackupRecord, _ installation: Installation, _ worker: any Worker
  ) -> (path: String?, failure: Failure?) {
    do throws(Failure) {
      return (try worker.fetch(backup, to: fetchedPath(installation)).path, nil)
    } catch {
      return (nil, error)
    }
  }

  /// Removes old backups from a host. One that can't be removed now stays noted, for the next time.
  private func prune(_ installation: Installation, _ worker: any Worker) {
    guard let count, let old = try? journal.outdatedBackups(of: installation.id, keep: count, in: run),
      !old.isEmpty,
      (try? worker.remove(old.map(\.record.path))) != nil
    else { return }
    for path in old.compactMap(\.fetched) {
      unlink(path)
      // The run's folder goes with its last backup; it can't go before.
      rmdir(parentFolder(of: path))
    }
    journal.forget(old)
  }

  /// Puts a backup back; where it is gone from its host, or is not what it was, the one that was fetched takes its place.
  public func restore(
    _ installation: Installation, from backup: StoredBackup, _ worker: any Worker
  ) -> Outcome {
    let saved = path(installation)
    let outcome = worker.restore(installation.path, from: backup.record, saving: saved)
    guard outcome.status == .failed, outcome.failure?.code == .backup, let fetched = backup.fetched else {
      return outcome
    }
    do throws(Failure) {
      try worker.store(fetched, as: backup.record)
    } catch {
      return Outcome(error)
    }
    return worker.restore(installation.path, from: backup.record, saving: saved)
  }
}

extension Outcome {
  /// The work is done, but not all that was asked for.
  fileprivate func failed(toFetch failure: Failure) -> Outcome {
    var outcome = self
    let done = status == .migrated ? "migrated to version \(versionAfter ?? 0)" : "backed up"
    outcome.status = .failed
    outcome.failure = Failure(
      code: .fetch, step: .backUp,
      message: "it was \(done), but the backup could not be fetched: \(failure.message)")
    return outcome
  }
}
