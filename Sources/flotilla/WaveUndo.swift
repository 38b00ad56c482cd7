import Basics
import Fleet
import Remote
import Synchronization
import Upgrade

/// Takes waves of a rollout back: writes the backups that it made into the live files, after backing up what is there.
struct WaveUndo {
  let session: Session
  let rollout: StagedRollout

  /// How a wave was taken back.
  struct Result {
    /// How many installations of each wave have their backup's content again.
    var taken: [Int: Int] = [:]
    /// The installations that could not be taken back, each with the reason.
    var left: [String] = []
    var exitStatus = ExitStatus.well
  }

  /// Takes back what the rollout has migrated of the waves in ``StagedRollout/undoing``, the newest first.
  ///
  /// - Parameters:
  ///   - members: the wave of each installation.
  ///   - held: the lock on the state folder, if this process has it.
  ///   - begun: called when nothing prevents the run from beginning, before anything is changed.
  /// - Returns: how many were taken back, and which were not.
  /// - Throws: what prevents the run from beginning; nothing was changed then.
  func run(_ members: [String: Int], held: StateLock? = nil, begun: () throws -> Void = {}) throws -> Result {
    let run = try ChangeRun(session, "undo", held: held)
    let (found, migrated, later) = try run.prepare {
      let found = (
        try backups(run.journal), try run.journal.migrated(in: rollout.runs),
        try run.journal.migrated(after: rollout.runs.last ?? rollout.id)
      )
      try begun()
      return found
    }
    let (store, workers) = (try run.backups(prunes: false), run.workers)
    let status = session.scan(run.run)
    let chosen = session.selection.filter { index in
      let id = session.name(index)
      guard let wave = members[id], rollout.undoing.contains(wave) else { return false }
      guard let backup = found[id] else { return migrated.contains(id) }
      // What is at its backup's version was not migrated, or is taken back already.
      let cohort = status.cohort(at: index)
      return cohort?.fingerprint == nil || cohort?.version != backup.version
    }
    .sorted { (members[session.name($0)] ?? 0, $0) > (members[session.name($1)] ?? 0, $1) }
    let result = Mutex(Result())
    let exitStatus = run.each(
      lanes: session.lanes(), limit: .percentage(.all), on: chosen, after: status
    ) { installation in
      let outcome =
        later.contains(installation.id)
        ? Self.failed("it was migrated again since, so it stays as it is")
        : Self.restore(installation, found[installation.id], store, workers.worker(for: installation))
      result.withLock {
        if [.failed, .unreachable].contains(outcome.status) {
          $0.left.append("\(installation.id): \(outcome.failure?.message ?? "\(outcome.status)")")
        } else {
          $0.taken[members[installation.id] ?? 0, default: 0] += 1
        }
      }
      return store.recordAndPrune(outcome, of: installation, workers.worker(for: installation))
    } describe: { _, _ in
      let (taken, left) = result.withLock { ($0.taken.values.reduce(0, +), $0.left.count) }
      return [
        "\(counted(taken, "installation")) taken back to the backups of rollout \(rollout.id)"
          + (left > 0 ? "; \(left) not" : "")
      ]
    }
    return result.withLock {
      $0.left.sort()
      $0.exitStatus = $0.left.isEmpty ? exitStatus : .someFailed
      return $0
    }
  }

  private static func restore(
    _ installation: Installation, _ backup: StoredBackup?, _ store: BackupStore, _ worker: any Worker
  ) -> Outcome {
    guard let backup else { return failed("the rollout's backup of it is not there, so it stays as it is") }
    guard backup.place == installation.place else {
      return failed(
        "its backup was made of \(backup.place), and the inventory now says \(installation.place)")
    }
    return store.restore(installation, from: backup, worker)
  }

  private static func failed(_ reason: String) -> Outcome {
    Outcome(Failure(code: .backup, step: .restore, message: reason))
  }

  /// The first backup of each installation that a run of the rollout has made. A later one was made of a database that an
  /// earlier run had changed in part.
  private func backups(_ journal: Journal) throws -> [String: StoredBackup] {
    let runs = Set(rollout.runs)
    let all = try session.state.backups(notedIn: journal).filter { runs.contains($0.run) }
    return Dictionary(all.map { ($0.installation, $0) }) { $0.run < $1.run ? $0 : $1 }
  }
}
