internal import SQLite
internal import Schema
public import Upgrade

/// The backups of one run: where they are written, which ones are recorded, and which ones are removed.
///
/// The journal says which backups are outdated. The destination removes them, or, on a host, the worker. The journal
/// then forgets the removed ones.
public struct BackupStore: Sendable {
  private let journal: Journal
  private let run: RunID
  private let destination: any BackupDestination
  private let count: Int?
  private let fetches: Bool
  private let compress: BackupCompression
  private let compressionTime: Duration
  private let notify: @Sendable (String) -> Void
  /// Earlier runs that may have left unrecorded backups on hosts.
  private let earlier: [String]

  /// Prepares the destination for a run.
  ///
  /// - Parameters:
  ///   - journal: records the backups.
  ///   - run: the run that makes them.
  ///   - state: the state folder. Its destination takes the backups of local databases, and those fetched from hosts.
  ///   - keep: how many backups of an installation are kept; nil to keep all.
  ///   - fetches: whether backups on hosts are copied to this machine.
  ///   - compress: how copies of backups on hosts are stored.
  ///   - time: how long compressing one of them may take.
  ///   - notify: called with a sentence for each outdated backup that can't be removed, and for each new one that can't
  ///     be compressed; from many threads.
  /// - Throws: `StateError` if the destination can't store backups.
  public init(
    _ journal: Journal, _ run: RunID, in state: StateFolder, keep: Int?, fetches: Bool,
    compress: BackupCompression = .none, within time: Duration = .seconds(600),
    notify: @escaping @Sendable (String) -> Void
  ) throws(StateError) {
    self.journal = journal
    self.run = run
    self.fetches = fetches
    self.compress = compress
    compressionTime = time
    self.notify = notify
    destination = state.destination
    count = keep
    earlier = (try? journal.runs(before: run, limit: Self.mostRuns)) ?? []
    do { try destination.begin(run.description) } catch { throw StateError(state.path, cause: error) }
  }

  /// How many earlier runs are searched for unrecorded backups on hosts.
  private static let mostRuns = 200

  /// The destination for backups of an installation: the state folder's, or the one on its host.
  private func destination(of installation: Installation) -> any BackupDestination {
    installation.machine.isLocal ? destination : installation.destinationOnHost
  }

  /// The location at which this run stores the backup of an installation.
  public func location(_ installation: Installation) -> String {
    destination(of: installation).location(run.description, installation.fileName)
  }

  /// Where a run's backups of installations on hosts are, in words for people.
  public static func place(of run: RunID, _ installation: Installation) -> String {
    installation.destinationOnHost.place(of: run.description)
  }

  /// Ends the run at the destination. If no backup was stored, the destination keeps nothing of the run.
  public func end() { destination.end(run.description) }

  /// Records the backup of an outcome, fetches it if fetching is on, and removes the oldest backups beyond the number
  /// to keep. Backups that earlier runs left on the host unrecorded are recorded first.
  ///
  /// If a migration fails at *migrate*, *record* or *prove* and certainly left the database unchanged, the backup equals the
  /// database and is removed, so that failures don't push older states out. A failure at any other step removes no
  /// backup. If anything may have been committed, the backup stays.
  /// - Parameters:
  ///   - outcome: the result for the installation.
  ///   - installation: the installation.
  ///   - worker: the worker that produced the outcome.
  ///   - work: what was done if nothing was migrated, for the message that the backup could not be fetched.
  /// - Returns: the outcome, without its backup if that was removed, and failed if the backup could not be fetched.
  public func recordAndPrune(
    _ outcome: Outcome, of installation: Installation, _ worker: any Worker, after work: String = "backed up"
  ) -> Outcome {
    if !installation.machine.isLocal, outcome.status != .unreachable { recordRecovered(installation, worker) }
    guard let backup = outcome.backup else { return outcome }
    if outcome.hasNeedlessBackup, (try? worker.remove([backup.path])) != nil {
      var outcome = outcome
      outcome.backup = nil
      return outcome
    }
    if let problem = outcome.compressionProblem { notifyUncompressed(installation, problem) }
    let isFetched = fetches && !installation.machine.isLocal
    let (fetched, failure) = isFetched ? fetch(backup, installation, worker) : (nil, nil)
    journal.addBackup(
      StoredBackup(run, installation, version: outcome.versionBefore, backup, fetched: fetched))
    if outcome.status != .failed, failure == nil { prune(installation, worker) }
    return failure.map { outcome.failed(toFetch: $0, after: work) } ?? outcome
  }

  /// Records backups on a host from runs that were killed or lost the connection before they recorded them.
  ///
  /// It asks the host only for runs of this journal: the runs of another coordinator belong to its own journal, and
  /// reading them would take time. If the host doesn't answer, the next run tries again.
  private func recordRecovered(_ installation: Installation, _ worker: any Worker) {
    let there = installation.destinationOnHost
    guard let noted = try? journal.runsWithBackup(of: installation.id),
      case let runs = earlier.filter({ !noted.contains($0) }), !runs.isEmpty,
      let found = try? worker.backups("\(installation.fileName).sqlite", in: there.address, of: runs)
    else { return }
    for backup in found where runs.contains(backup.run) {
      guard let run = RunID(backup.run) else { continue }
      let record = BackupRecord(
        path: there.location(backup.run, installation.fileName), bytes: backup.record.bytes,
        sha256: backup.record.sha256, compressedBytes: backup.record.compressedBytes)
      journal.addBackup(StoredBackup(run, installation, version: backup.version, record, fetched: nil))
    }
  }

  private func fetch(
    _ backup: BackupRecord, _ installation: Installation, _ worker: any Worker
  ) -> (location: String?, failure: Failure?) {
    do throws(Failure) {
      let location = destination.location(run.description, installation.fileName)
      let copy = try worker.fetch(backup, to: location)
      if compress == .zstd { compress(copy, installation) }
      return (copy.path, nil)
    } catch {
      return (nil, error)
    }
  }

  /// Compresses a copy that was fetched. If that fails, it stays as it is.
  private func compress(_ copy: BackupRecord, _ installation: Installation) {
    do {
      _ = try destination.compress(copy, by: Deadline(in: compressionTime))
    } catch {
      notifyUncompressed(installation, Failure(reporting: error).message)
    }
  }

  private func notifyUncompressed(_ installation: Installation, _ problem: String) {
    notify("the backup of \(installation.id) is complete, but could not be compressed: \(problem)")
  }

  /// Removes outdated backups. A backup that can't be removed now stays recorded, and the next run tries again.
  private func prune(_ installation: Installation, _ worker: any Worker) {
    guard let count, let old = try? journal.outdatedBackups(of: installation.id, keep: count, in: run),
      !old.isEmpty
    else { return }
    journal.forget(
      old.filter { backup in
        do throws(Failure) {
          try worker.remove([backup.record.path])
          if let fetched = backup.fetched { try destination.remove(fetched) }
          return true
        } catch {
          notify(
            "an outdated backup of \(installation.id) stays, and is tried again by the next run: \(error.message)"
          )
          return false
        }
      })
  }

  /// Restores a backup. If it is missing from its host or damaged there, its fetched copy is uploaded and used
  /// instead.
  public func restore(
    _ installation: Installation, from backup: StoredBackup, _ worker: any Worker
  ) -> Outcome {
    let saved = location(installation)
    let outcome = worker.restore(installation.path, from: backup.record, saving: saved)
    guard outcome.status == .failed, outcome.failure?.code == .backup, let fetched = backup.fetched else {
      return outcome
    }
    do throws(Failure) {
      try worker.store(fetched, as: backup.record)
    } catch {
      return Outcome(error)
    }
    var stored = backup
    stored.record.compressedBytes = nil
    journal.addBackup(stored)
    return worker.restore(installation.path, from: backup.record, saving: saved)
  }
}

extension StateFolder {
  /// The recorded backups that still exist, newest first within each installation. Those on hosts are assumed to
  /// exist.
  ///
  /// - Throws: `StateError` if the journal can't be read.
  public func backups(notedIn journal: Journal) throws -> [StoredBackup] {
    let destination = destination
    return try journal.backups().compactMap { backup in
      guard backup.host != nil || destination.has(backup.record.path) else { return nil }
      var backup = backup
      if backup.host == nil { backup.record.compressedBytes = destination.compressedSize(backup.record.path) }
      backup.fetched = backup.fetched.flatMap { destination.has($0) ? $0 : nil }
      return backup
    }
  }
}

extension StoredBackup {
  /// Describes the backup that a run made of an installation.
  init(
    _ run: RunID, _ installation: Installation, version: MigrationVersion?, _ record: BackupRecord,
    fetched: String?
  ) {
    self.init(
      run: run, installation: installation.id, host: installation.machine.address,
      database: installation.path, version: version, record: record, fetched: fetched)
  }
}

extension Installation {
  /// The destination for its backups on its own host.
  var destinationOnHost: any BackupDestination { BackupDestinations.beside(path) }
}

extension Outcome {
  /// This outcome as a failure: the work is done, but its backup could not be fetched.
  fileprivate func failed(toFetch failure: Failure, after work: String) -> Outcome {
    var outcome = self
    let done = status == .migrated ? "migrated to version \(versionAfter ?? 0)" : work
    outcome.status = .failed
    outcome.failure = Failure(
      code: .fetch, step: .backUp,
      message: "it was \(done), but the backup could not be fetched: \(failure.message)")
    return outcome
  }
}
