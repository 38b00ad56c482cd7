internal import Glibc
internal import Synchronization
public import Upgrade

/// Follows the progress of a run. It is called by one thread at a time.
public protocol RunObserver: Sendable {
  /// A wave starts.
  func began(_ wave: Wave, of count: Int)
  /// Work on an installation ended.
  func finished(_ installation: Installation, _ outcome: Outcome)
}

/// One pass over a selection of the fleet, which inspects or changes its installations.
///
/// ```swift
/// let run = FleetRun(inventory, selection, workers, journal: journal, interruption: interruption)
/// var status = run.scan(lanes: lanes, leaving: { $0.status == .pending }, observer)
/// let waves = fleet.rollout.waves.plan(selection, of: inventory)
/// let stop = run.rollOut(waves, &status, lanes: lanes, maxFailures: .count(0), observer) { installation in
///   workers.worker(for: installation).upgrade(installation.path, backup: backups.location(installation))
/// }
/// run.noteRest(status) { $0.status == .pending }
/// ```
///
/// ``Lanes`` limit how much happens at once, ``Waves`` give the order, and outcomes go to ``records`` and from there
/// to the ``Journal``.
public struct FleetRun: Sendable {
  /// The indices of the selected installations in ``Inventory/installations``, ascending.
  public let selection: [Int]
  let inventory: Inventory
  let workers: any Workers
  let interruption: Interruption
  /// The records of its installations; nil for a run that leaves no trace.
  public let records: RunRecords?
  /// The id of the run.
  public let id: RunID

  /// Creates a run without starting anything.
  ///
  /// - Parameters:
  ///   - inventory: the fleet.
  ///   - selection: indices in `inventory.installations`, ascending.
  ///   - workers: the workers for single installations.
  ///   - journal: records the outcomes; nil for a run that leaves no trace.
  ///   - interruption: checked before each installation.
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

  /// The SQLite versions of the hosts that were used so far.
  public var sqliteOnHosts: Set<String> { workers.sqliteOnHosts }

  /// Inspects every selected installation without changing anything.
  ///
  /// - Parameters:
  ///   - lanes: how many are inspected at once.
  ///   - isLeft: says which installations are not recorded, since a rollout follows that records them when they are
  ///     done. ``noteRest(_:where:)`` records the others.
  ///   - observer: called after each installation.
  /// - Returns: the state of each installation.
  public func scan(
    lanes: Lanes, leaving isLeft: @escaping @Sendable (Cohort) -> Bool = { _ in false },
    _ observer: any RunObserver
  ) -> FleetStatus {
    let fleetStatus = Mutex(FleetStatus(count: inventory.installations.count))
    attempt(selection, lanes, until: { interruption.signal != nil }) { installation in
      workers.worker(for: installation).inspect(installation.path)
    } note: { index, outcome in
      let cohort = Cohort(outcome)
      if !isLeft(cohort) { note(index, wave: nil, outcome) }
      fleetStatus.withLock {
        $0.put(found: outcome, cohort, at: index)
        observer.finished(inventory.installations[index], outcome)
      }
    }
    return fleetStatus.withLock { $0 }
  }

  /// Calls `work` with the installations, one wave after the other.
  ///
  /// - Parameters:
  ///   - waves: the waves of the selection.
  ///   - fleetStatus: the state of the installations, which is kept up to date.
  ///   - lanes: how many installations are worked on at once.
  ///   - maxFailures: if more installations of a wave fail, no further work is started.
  ///   - observer: called for each wave and after each installation.
  ///   - work: does the work on one installation, through its worker; called on many threads at once.
  /// - Returns: why the rollout stopped, or nil. With ``RolloutStop/unrecorded`` all work may have been done.
  public func rollOut(
    _ waves: [Wave], _ fleetStatus: inout FleetStatus, lanes: Lanes, maxFailures: FailureLimit,
    _ observer: any RunObserver,
    _ work: @escaping @Sendable (Installation) -> Outcome
  ) -> RolloutStop? {
    for wave in waves {
      observer.began(wave, of: waves.count)
      let stop = rollOut(wave, &fleetStatus, lanes: lanes, maxFailures: maxFailures, observer, work)
      if let stop { return stop }
    }
    return nil
  }

  /// Calls `work` with the installations of one wave.
  ///
  /// - Parameters:
  ///   - wave: the wave.
  ///   - fleetStatus: the state of the installations, which is kept up to date.
  ///   - lanes: how many installations are worked on at once.
  ///   - maxFailures: if more installations fail, no further work is started.
  ///   - isCalledOff: checked before each installation; true starts no further work.
  ///   - observer: called after each installation.
  ///   - work: does the work on one installation, through its worker; called on many threads at once.
  /// - Returns: why the wave stopped, or nil.
  public func rollOut(
    _ wave: Wave, _ fleetStatus: inout FleetStatus, lanes: Lanes, maxFailures: FailureLimit,
    until isCalledOff: @escaping @Sendable () -> Bool = { false },
    _ observer: any RunObserver, _ work: @escaping @Sendable (Installation) -> Outcome
  ) -> RolloutStop? {
    let shared = Mutex(fleetStatus)
    defer { fleetStatus = shared.withLock { $0 } }
    let allowed = maxFailures.allowed(in: wave.indices.count)
    let failed = Atomic(0)
    let stops: @Sendable () -> Bool = {
      failed.load(ordering: .relaxed) > allowed || interruption.signal != nil || records?.hasFailed == true
        || isCalledOff()
    }
    attempt(wave.indices, lanes, until: stops, work) { index, outcome in
      if outcome.status == .failed || outcome.status == .unreachable { failed.add(1, ordering: .relaxed) }
      note(index, wave: wave.number, outcome)
      shared.withLock {
        $0.put(outcome, at: index)
        observer.finished(inventory.installations[index], outcome)
      }
    }
    let failures = failed.load(ordering: .relaxed)
    if let signal = interruption.signal { return .interrupted(signal) }
    if failures > allowed { return .failures(failures, allowed: allowed, wave: wave) }
    if records?.hasFailed == true { return .unrecorded }
    return isCalledOff() ? .aborted(wave) : nil
  }

  /// Looks again at installations that were taken back. What is pending again counts as that, unless it had failed.
  ///
  /// - Parameters:
  ///   - indices: indices in the inventory.
  ///   - fleetStatus: the state of the installations, which is kept up to date.
  ///   - lanes: how many are inspected at once.
  ///   - observer: called after each installation.
  public func lookAgain(
    at indices: [Int], _ fleetStatus: inout FleetStatus, lanes: Lanes, _ observer: any RunObserver
  ) {
    let found = FleetRun(inventory, indices, workers, journal: nil, interruption: interruption)
      .scan(lanes: lanes, observer)
    for index in indices {
      guard let cohort = found.cohort(at: index), cohort.status == .pending,
        fleetStatus.cohort(at: index)?.status != .failed
      else { continue }
      fleetStatus.put(cohort, at: index)
    }
  }

  /// Records the installations that a rollout left unchanged because it stopped or never started.
  ///
  /// - Parameters:
  ///   - fleetStatus: the state of the installations.
  ///   - isLeft: the condition that was given to ``scan(lanes:leaving:_:)``, which no longer holds for what is done.
  public func noteRest(_ fleetStatus: FleetStatus, where isLeft: (Cohort) -> Bool) {
    for index in selection {
      guard let cohort = fleetStatus.cohort(at: index), isLeft(cohort) else { continue }
      let installation = inventory.installations[index]
      var status = stat()
      var outcome = cohort.outcome
      if installation.machine.isLocal, stat(installation.path, &status) == 0 {
        outcome.bytes = Int64(status.st_size)
      }
      note(index, wave: nil, outcome)
    }
  }

  /// Calls `work` with each installation, and in the end once more with those whose hosts were unreachable.
  ///
  /// - Parameters:
  ///   - indices: indices in the inventory.
  ///   - lanes: how many are worked on at once.
  ///   - stops: checked before each; true ends the work.
  ///   - work: called on many threads at once.
  ///   - note: called once for each installation that was worked on, with its index.
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
    // If the run stopped before the second attempt, the result of the first one counts.
    for (index, outcome) in missed.withLock({ $0 }) { note(index, outcome) }
  }

  private func note(_ index: Int, wave: Int?, _ outcome: Outcome) {
    guard let records else { return }
    let installation = inventory.installations[index]
    // Every field is a string, a number or a list of these, so encoding can't fail.
    guard let json = try? InstallationRecord(installation, wave: wave, outcome).json() else {
      preconditionFailure("an installation's record is always valid JSON")
    }
    records.note(index, installation.id, outcome.status, json)
  }
}

/// Why a rollout stopped early.
public enum RolloutStop: Equatable, Sendable {
  /// More installations of a wave failed than allowed.
  case failures(Int, allowed: Int, wave: Wave)
  /// The user interrupted it with this signal.
  case interrupted(Int32)
  /// The journal can't be written any more.
  case unrecorded
  /// The wave did not pass its gate, for this reason.
  case gate(String, wave: Wave)
  /// The rollout waits for something, and this process doesn't.
  case waiting
  /// Somebody aborted the rollout.
  case aborted(Wave)
}
