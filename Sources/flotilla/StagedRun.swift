import Basics
import Dispatch
import Fleet
import FoundationEssentials
import Glibc
import Synchronization
import Upgrade

/// Carries a rollout with gates on: wave after wave, each after the gate of the one before.
final class StagedRun {
  let session: Session
  let journal: Journal
  let run: FleetRun
  let workers: any Workers
  let access: StateAccess
  let notification: RunNotification
  let doesWait: Bool
  /// Writes the report as far as it goes, and returns its path.
  let writeReport: (FleetStatus, StagedRollout) -> String?

  private(set) var rollout: StagedRollout
  /// What could not be recorded, or be taken back.
  private(set) var trouble: [String] = []

  init(
    _ rollout: StagedRollout, _ session: Session, _ journal: Journal, _ run: FleetRun,
    _ workers: any Workers,
    _ access: StateAccess, _ notification: RunNotification, doesWait: Bool,
    writeReport: @escaping (FleetStatus, StagedRollout) -> String?
  ) {
    (self.rollout, self.session, self.journal, self.run, self.workers) = (
      rollout, session, journal, run, workers
    )
    (self.access, self.notification, self.doesWait) = (access, notification, doesWait)
    self.writeReport = writeReport
  }

  private var console: Console { session.console }

  /// Goes on until the rollout has ended, waits for something, or is interrupted.
  ///
  /// - Parameters:
  ///   - waves: all waves of the rollout.
  ///   - fleetStatus: the state of the installations, which is kept up to date.
  ///   - lanes: how many installations are worked on at once.
  ///   - maxFailures: how many of a wave may fail.
  ///   - progress: shows the progress.
  ///   - work: migrates one installation.
  /// - Returns: why it stopped; nil if all waves are done.
  func carryOut(
    _ waves: [Wave], _ fleetStatus: inout FleetStatus, lanes: Lanes, maxFailures: FailureLimit,
    _ progress: Progress, _ work: @escaping @Sendable (Installation) -> Outcome
  ) -> RolloutStop? {
    do {
      for wave in waves.dropFirst(rollout.wave - 1) {
        if rollout.wave < wave.number {
          (rollout.wave, rollout.state, rollout.reason) = (wave.number, .rolling, nil)
          try journal.save(rollout)
        }
        if rollout.state == .rolling {
          let stop = try roll(wave, of: waves.count, &fleetStatus, lanes, maxFailures, progress, work)
          if let stop { return stop }
        }
        if let stop = try pass(wave, &fleetStatus) { return stop }
      }
      if let wave = waves.last, let decision = try abortDecision() { return try abort(wave, decision) }
      rollout.state = .finished
      try journal.save(rollout)
      return nil
    } catch {
      trouble.append("\(error)")
      // If only taking back could not begin, the rollout stays open for that.
      return journal.hasFailed ? .unrecorded : .waiting
    }
  }

  private func roll(
    _ wave: Wave, of count: Int, _ fleetStatus: inout FleetStatus, _ lanes: Lanes,
    _ maxFailures: FailureLimit,
    _ progress: Progress, _ work: @escaping @Sendable (Installation) -> Outcome
  ) throws -> RolloutStop? {
    // Those that can't be read now may be unmigrated, so they count like failures.
    let unread = wave.indices.filter {
      [.failed, .unreachable].contains(fleetStatus.cohort(at: $0)?.status ?? .unreachable)
    }
    let allowed = maxFailures.allowed(in: wave.indices.count)
    guard unread.count <= allowed else {
      console.log(
        "Wave \(wave.number) can't go on: \(unread.count) of its installations can't be read, \(allowed) may be."
      )
      return .failures(unread.count, allowed: allowed, wave: wave)
    }
    let pending = wave.indices.filter { fleetStatus.cohort(at: $0)?.status == .pending }
    let rest = Wave(number: wave.number, name: wave.name, indices: pending, gate: wave.gate)
    progress.began(rest, of: count)
    let watch = AbortWatch(journal, rollout.id)
    defer { watch.end() }
    let stop = run.rollOut(
      rest, &fleetStatus, lanes: lanes, maxFailures: .count(allowed - unread.count),
      until: { watch.isAborted }, progress, work)
    progress.end()
    try journal.check()
    switch stop {
    case .failures(let failed, _, _):
      let all = failed + unread.count
      return try end(
        wave, "\(all) failed, \(allowed) may", .failures(all, allowed: allowed, wave: wave), &fleetStatus)
    case .aborted:
      return try abort(wave, abortDecision())
    case .some: return stop
    case nil: break
    }
    rollout.current.done = Date().timeIntervalSince1970
    if wave.gate != nil { rollout.state = .baking }
    try journal.save(rollout)
    return nil
  }

  private func pass(_ wave: Wave, _ fleetStatus: inout FleetStatus) throws -> RolloutStop? {
    guard wave.gate != nil, rollout.current.passed == nil else { return nil }
    let keeper = GateKeeper(
      session: session, journal: journal, notification: notification, doesWait: doesWait,
      indices: wave.indices, report: writeReport(fleetStatus, rollout)
    ) { [self] in inspect(wave) }
    // Other commands may use the fleet while this one only waits.
    access.release()
    let result = try keeper.pass(&rollout)
    switch result {
    case .waiting: return .waiting
    case .interrupted(let signal): return .interrupted(signal)
    case .passed, .bad, .aborted: break
    }
    // After an interruption, the folder isn't taken again. What was found is recorded all the same.
    let isHeld = try access.retake(session)
    switch result {
    case .bad(let reason): return try end(wave, reason, .gate(reason, wave: wave), &fleetStatus)
    case .aborted(let decision): return try abort(wave, decision)
    default: return isHeld ? nil : session.interruption.signal.map { .interrupted($0) }
    }
  }

  private func inspect(_ wave: Wave) -> FleetStatus {
    let run = FleetRun(
      session.inventory, wave.indices, workers, journal: nil, interruption: session.interruption)
    return session.scan(run)
  }

  private func abortDecision() throws -> RolloutDecision? {
    try journal.decisions(about: rollout.id).last { $0.kind == .abort }
  }

  private func abort(_ wave: Wave, _ decision: RolloutDecision?) throws -> RolloutStop {
    rollout.state = .aborted
    rollout.reason = decision.map { "by \($0.approval.text)" }
    try journal.save(rollout)
    return .aborted(wave)
  }

  /// Ends the rollout because a wave is not good, and takes the wave back if the fleet file says so.
  private func end(
    _ wave: Wave, _ reason: String, _ stop: RolloutStop?, _ fleetStatus: inout FleetStatus
  ) throws -> RolloutStop? {
    if let decision = try abortDecision() { return try abort(wave, decision) }
    rollout.reason = reason
    let isTakenBack = rollout.onFailure == .restore
    rollout.state = isTakenBack ? .undoing : .failed
    if isTakenBack { rollout.undoing = [wave.number] }
    try journal.save(rollout)
    notification.notify(isTakenBack ? "wave taken back" : "rollout ended", [rollout.standing], rollout.id)
    guard isTakenBack else { return stop }
    if let signal = session.interruption.signal { return .interrupted(signal) }
    if case .interrupted(let signal) = try takeBack(wave, &fleetStatus) { return .interrupted(signal) }
    return stop
  }

  /// Takes back the waves that the rollout says.
  private func takeBack(_ wave: Wave, _ fleetStatus: inout FleetStatus) throws -> RolloutStop? {
    console.log("Taking back: \(rollout.standing)")
    let undone = try WaveUndo(session: session, rollout: rollout)
      .run(journal.members(of: rollout.id), held: access.handOver())
    _ = try access.retake(session)
    if let signal = session.interruption.signal { return .interrupted(signal) }
    let reason = rollout.reason ?? "taken back"
    if !undone.left.isEmpty { trouble.append("not taken back: \(undone.left.joined(separator: "; "))") }
    rollout.note(undone.taken, left: undone.left)
    try journal.save(rollout)
    let progress = Progress(console, "looking", total: wave.indices.count)
    run.lookAgain(at: wave.indices, &fleetStatus, lanes: session.lanes(), progress)
    progress.end()
    return .gate(reason, wave: wave)
  }
}

/// Looks for an abort of a rollout while installations are worked on.
private final class AbortWatch: Sendable {
  private let found = Atomic(false)
  private let isOver = Atomic(false)
  private let journal: Journal
  private let rollout: RunID

  init(_ journal: Journal, _ rollout: RunID) {
    (self.journal, self.rollout) = (journal, rollout)
    look()
  }

  var isAborted: Bool { found.load(ordering: .relaxed) }

  func end() { isOver.store(true, ordering: .relaxed) }

  private func look() {
    guard !isOver.load(ordering: .relaxed) else { return }
    // An error of the journal ends the run by itself.
    let decisions = (try? journal.decisions(about: rollout)) ?? []
    if decisions.contains(where: { $0.kind == .abort }) { return found.store(true, ordering: .relaxed) }
    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(500)) { [self] in look() }
  }
}
