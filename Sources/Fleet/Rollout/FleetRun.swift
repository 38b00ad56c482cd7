internal import Glibc
internal import Synchronization
public import Upgrade

/// Told of what goes on while it goes on. Called by one thread at a time.
public protocol RunObserver: Sendable {
  /// A wave begins.
  func began(_ wave: Wave, of count: Int)
  /// Work on an installation ended.
  func finished(_ installation: Installation, _ outcome: Outcome)
}

/// One pass over a selection of the fleet: looks at all, or changes all, under a limit.
public struct FleetRun: Sendable {
  /// The indices in `Inventory.installations` of those that are selected, ascending.
  public let selection: [Int]
  let inventory: Inventory
  let workers: any Workers
  let interruption: Interruption
  /// The records of its installations; nil for a run that leaves no trace.
  public let records: RunRecords?
  /// Its name.
  public let id: RunID

  /// Prepares a run; nothing happens yet.
  ///
  /// - Parameters:
  ///   - inventory: the fleet.
  ///   - selection: indices in `inventory.installations`, ascending.
  ///   - workers: who does the work on single installations.
  ///   - journal: where outcomes are noted, or nil for a run that leaves no trace.
  ///   - interruption: asked before each installation.
  public init(
    _ inventory: Inventory, _ selection: [Int], _ workers: any Workers, journal: Journal?,
    interruption: Interruption
  ) {
    self.inventory = inventory
    self.selection = selection
    self.workers = workers
    self.interruption = interruption
    id = journal?.newRun() ?? RunID.make()
    records = journal.map { [id] in RunRecords($0, id, count: inventory.installations.count) }
  }

  /// The versions of SQLite that worked on hosts so far.
  public var sqliteOnHosts: Set<String> { workers.sqliteOnHosts }

  /// Looks at every installation; changes nothing.
  ///
  /// - Parameters:
  ///   - lanes: how many at once.
  ///   - notesPending: whether to note those that something is pending for. A rollout that follows notes them when
  ///     they are done, and `noteRest` the others.
  ///   - observer: told of each.
  /// - Returns: where they stand.
  public func scan(lanes: Lanes, notesPending: Bool = true, _ observer: any RunObserver) -> FleetStatus {
    let fleetStatus = Mutex(FleetStatus(count: inventory.installations.count))
    attempt(selection, lanes, until: { interruption.signal != nil }) { installation in
      workers.worker(for: installation).inspect(installation.path)
    } note: { index, outcome in
      if notesPending || outcome.status != .pending { note(index, wave: nil, outcome) }
      let cohort = Cohort(outcome)
      fleetStatus.withLock {
        $0.put(cohort, at: index, ignored: outcome.ignored, openIn: outcome.programs)
        observer.finished(inventory.installations[index], outcome)
      }
    }
    return fleetStatus.withLock { $0 }
  }

  /// Does `work` with installations, one wave after the other.
  ///
  /// - Parameters:
  ///   - waves: what of the selection to work on.
  ///   - fleetStatus: where the installations stand; kept up to date.
  ///   - lanes: how many at once.
  ///   - maxFailures: how many of a wave may fail before no more work begins.
  ///   - observer: told of everything.
  ///   - work: called on many threads at once; what an installation's worker does.
  /// - Returns: why the rollout stopped, or nil. With `unrecorded` it may have come to its end.
  public func rollOut(
    _ waves: [Wave], _ fleetStatus: inout FleetStatus, lanes: Lanes, maxFailures: FailureLimit,
    _ observer: any RunObserver,
    _ work: @escaping @Sendable (Installation) -> Outcome
  ) -> RolloutStop? {
    let shared = Mutex(fleetStatus)
    defer { fleetStatus = shared.withLock { $0 } }
    for wave in waves {
      observer.began(wave, of: waves.count)
      let allowed = maxFailures.allowed(in: wave.indices.count)
      let failed = Atomic(0)
      let stops: @Sendable () -> Bool = {
        failed.load(ordering: .relaxed) > allowed || interruption.signal != nil || records?.hasFailed == true
      }
      attempt(wave.indices, lanes, until: stops, work) { index, outcome in
        if outcome.status == .failed || outcome.status == .unreachable { failed.add(1, ordering: .relaxed) }
        note(index, wave: wave.number, outcome)
        let cohort = Cohort(outcome)
        shared.withLock {
          $0.put(cohort, at: index)
          observer.finished(inventory.installations[index], outcome)
        }
      }
      let failures = failed.load(ordering: .relaxed)
      if let signal = interruption.signal { return .interrupted(signal) }
      if failures > allowed { return .failures(failures, allowed: allowed, wave: wave) }
      if records?.hasFailed == true { return .unrecorded }
    }
    return nil
  }

  /// Notes the installations that a rollout left as they were, because it stopped or never began.
  public func noteRest(_ fleetStatus: FleetStatus) {
    for index in selection {
      guard let cohort = fleetStatus.cohort(at: index), cohort.status == .pending else { continue }
      let installation = inventory.installations[index]
      var status = stat()
      var outcome = cohort.outcome
      if installation.machine.isLocal, stat(installation.path, &status) == 0 {
        outcome.bytes = Int64(status.st_size)
      }
      note(index, wave: nil, outcome)
    }
  }

  /// Does `work` with each installation, and once more at the end with those whose hosts were not reached.
  ///
  /// - Parameters:
  ///   - indices: positions in the inventory.
  ///   - lanes: how many at once.
  ///   - stops: asked before each.
  ///   - work: called on many threads at once.
  ///   - note: called once for each that work was done with, with its index.
  private func attempt(
    _ indices: [Int], _ lanes: Lanes, until stops: @escaping @Sendable () -> Bool,
    _ work: @escaping @Sendable (Installation) -> Outcome,
    note: @escaping @Sendable (Int, Outcome) -> Void
  ) {
    let machine = { (index: Int) in inventory.installations[index].machine }
    let missed = Mutex<[Int: Outcome]>([:])
    lanes.run(indices, on: machine, until: stops) { index in
      let outcome = work(inventory.installations[index])
      if outcome.status == .unreachable {
        missed.withLock { $0[index] = outcome }
      } else {
        note(index, outcome)
      }
    }
    let first = missed.withLock { $0 }
    guard !first.isEmpty else { return }
    workers.retry()
    lanes.run(first.keys.sorted(), on: machine, until: stops) { index in
      let outcome = work(inventory.installations[index])
      let earlier = missed.withLock { $0.removeValue(forKey: index) }
      note(index, earlier.map(outcome.second(after:)) ?? outcome)
    }
    // Where the run was stopped before their second chance, the first attempt is what is known.
    for (index, outcome) in missed.withLock({ $0 }) { note(index, outcome) }
  }

  private func note(_ index: Int, wave: Int?, _ outcome: Outcome) {
    guard let records else { return }
    let installation = inventory.installations[index]
    // Every field is a string, a number or a list of these, so that encoding can't fail.
    guard let json = try? InstallationRecord(installation, wave: wave, outcome).json() else {
      preconditionFailure("an installation's record is always valid JSON")
    }
    records.note(index, installation.id, outcome.status, json)
  }
}

/// Why a rollout stopped before its end.
public enum RolloutStop: Equatable, Sendable {
  /// More installations of a wave failed than may.
  case failures(Int, allowed: Int, wave: Wave)
  /// The user asked, by this signal.
  case interrupted(Int32)
  /// The journal can't be written any more.
  case unrecorded
}
