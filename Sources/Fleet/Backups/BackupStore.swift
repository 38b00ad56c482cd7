internal import Schema
public import Upgrade

/// The backups of one run: where they go, which ones are noted, and which ones are removed.
///
/// The journal says which backups are outdated. The destination removes them, on a host through the worker. The journal
/// then forgets those that were removed.
public struct BackupStore: Sendable {
  private let journal: Journal
  private let run: RunID
  private let destination: any BackupDestination
  private let count: Int?
  private let fetches: Bool
  private let notify: @Sendable (String) -> Void
  /// Runs that may have left backups on hosts without coming to note them.
  private let earlier: [String]

  /// Prepares the destination for a run.
  ///
  /// - Parameters:
  ///   - journal: where backups are noted.
  ///   - run: the run that makes them.
  ///   - state: the state folder, whose destination takes the backups of this machine's databases, and those that are
  ///     fetched from hosts.
  ///   - keep: how many backups of an installation are kept; nil where none is to be removed.
  ///   - fetches: whether backups are brought here from their hosts.
  ///   - notify: told in a sentence of each outdated backup that can't be removed; called by many threads.
  /// - Throws: `StateError` where no backup can be stored.
  public init(
    _ journal: Journal, _ run: RunID, in state: StateFolder, keep: Int?, fetches: Bool,
    notify: @escaping @Sendable (String) -> Void
  ) throws(StateError) {
    self.journal = journal
    self.run = run
    self.fetches = fetches
    self.notify = notify
    destination = state.destination
    count = keep
    earlier = (try? journal.runs(before: run, limit: Self.mostRuns)) ?? []
    do { try destination.begin(run.description) } catch { throw StateError(state.path, cause: error) }
  }

  /// How many runs back backups on hosts are looked for.
  private static let mostRuns = 200

  /// Where the backups of an installation are made: the state folder's destination, or on a host the one there.
  private func destination(of installation: Installation) -> any BackupDestination {
    installation.machine.isLocal ? destination : installation.destinationOnHost
  }

  /// The location of the backup of an installation.
  public func location(_ installation: Installation) -> String {
    destination(of: installation).location(run.description, installation.fileName)
  }

  /// Where the backups of this run are, for people: of an installation's host, or of this machine.
  public static func place(of run: RunID, _ installation: Installation) -> String {
    installation.destinationOnHost.place(of: run.description)
  }

  /// Ends the run at the destination, which keeps nothing of it where no backup was stored.
  public func end() { destination.end(run.description) }

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
    if !installation.machine.isLocal, outcome.status != .unreachable { recordRecovered(installation, worker) }
    guard let backup = outcome.backup else { return outcome }
    let isUnchanged = outcome.status == .failed && outcome.applied.isEmpty && outcome.isUnchanged
    if isUnchanged, let step = outcome.failure?.step, step == .migrate || step == .prove,
      (try? worker.remove([backup.path])) != nil
    {
      var outcome = outcome
      outcome.backup = nil
      return outcome
    }
    let isFetched = fetches && !installation.machine.isLocal
    let (fetched, failure) = isFetched ? fetch(backup, installation, worker) : (nil, nil)
    journal.addBackup(
      StoredBackup(run, installation, version: outcome.versionBefore, backup, fetched: fetched))
    if outcome.status != .failed, failure == nil { prune(installation, worker) }
    return failure.map { outcome.failed(toFetch: $0) } ?? outcome
  }

  /// Notes the backups on a host of runs that were killed, or that lost the connection, before they came to do so.
  ///
  /// The host is asked for runs of this journal alone: those of another coordinator are that one's, and reading them
  /// would take time. Where it doesn't answer, there is a next time.
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
        sha256: backup.record.sha256)
      journal.addBackup(StoredBackup(run, installation, version: backup.version, record, fetched: nil))
    }
  }

  private func fetch(
    _ backup: BackupRecord, _ installation: Installation, _ worker: any Worker
  ) -> (location: String?, failure: Failure?) {
    do throws(Failure) {
      let location = destination.location(run.description, installation.fileName)
      return (try worker.fetch(backup, to: location).path, nil)
    } catch {
      return (nil, error)
    }
  }

  /// Removes outdated backups. One that can't be removed now stays noted, for the next time.
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

  /// Puts a backup back; where it is gone from its host, or is not what it was, the one that was fetched takes its place.
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
    return worker.restore(installation.path, from: backup.record, saving: saved)
  }
}

extension StateFolder {
  /// The backups that are noted and still there, the latest first within each installation. Those on hosts count as there.
  ///
  /// - Throws: `StateError` where the journal can't be read.
  public func backups(notedIn journal: Journal) throws -> [StoredBackup] {
    let destination = destination
    return try journal.backups().compactMap { backup in
      guard backup.host != nil || destination.has(backup.record.path) else { return nil }
      var backup = backup
      backup.fetched = backup.fetched.flatMap { destination.has($0) ? $0 : nil }
      return backup
    }
  }
}

extension StoredBackup {
  /// The backup that a run made of an installation.
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
  /// Where its backups are made on its host.
  var destinationOnHost: any BackupDestination { BackupDestinations.beside(path) }
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
