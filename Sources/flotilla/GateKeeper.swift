import Basics
import Fleet
import FoundationEssentials
import Glibc
import Programs
import Upgrade

/// Waits until a wave has passed its gate: bakes, runs the check, and waits for people.
struct GateKeeper {
  /// How a gate ended, or why the waiting did.
  enum Result {
    /// The next wave may begin.
    case passed
    /// The wave is not good, for this reason.
    case bad(String)
    /// Somebody aborted the rollout.
    case aborted(RolloutDecision)
    /// This process doesn't wait.
    case waiting
    /// The user interrupted it.
    case interrupted(Int32)
  }

  /// What a check says.
  private enum Verdict {
    case good
    case bad
    case inconclusive
  }

  let session: Session
  let journal: Journal
  let notification: RunNotification
  let doesWait: Bool
  /// The indices of the wave's installations.
  let indices: [Int]
  /// The path of the report as far as it goes; nil if it can't be written.
  let report: String?
  /// Inspects the wave's installations for drift.
  let inspect: () -> FleetStatus

  private var console: Console { session.console }

  /// - Parameter rollout: the rollout, whose current wave is done. It is saved at each step.
  /// - Returns: how it ended.
  /// - Throws: `StateError` if a step can't be recorded, so the next wave must not begin.
  func pass(_ rollout: inout StagedRollout) throws -> Result {
    guard let gate = rollout.current.gate else { return .passed }
    if rollout.current.passed == nil {
      if rollout.state != .awaiting, let result = try bake(&rollout, gate) { return result }
      if gate.approve, let result = try awaitApproval(&rollout) { return result }
      if let result = aborted(try journal.decisions(about: rollout.id)) { return result }
      rollout.current.passed = Session.now()
      rollout.reason = nil
      try journal.save(rollout)
    }
    return .passed
  }

  // MARK: Bake

  /// - Returns: nil if the bake is over and everything is well.
  private func bake(_ rollout: inout StagedRollout, _ gate: WaveGate) throws -> Result? {
    guard gate.bake > 0 || !gate.check.isEmpty || gate.drift else { return nil }
    rollout.state = .baking
    rollout.reason = nil
    try journal.save(rollout)
    if let result = aborted(try journal.decisions(about: rollout.id)) { return result }
    // The process may have ended between the check and what follows from it.
    if rollout.current.bad > gate.failures { return .bad(Self.bad(rollout, gate)) }
    let end = (rollout.current.done ?? Self.now) + gate.bake
    tell(of: rollout, gate, until: end)
    if !doesWait, Self.now < end { return .waiting }
    var next = Self.now
    var isLast = false
    while !isLast {
      isLast = Self.now >= end
      if !gate.check.isEmpty, isLast || Self.now >= next {
        next = Self.now + gate.every
        if let result = try check(&rollout, gate) { return result }
      }
      if isLast { break }
      if let result = try wait(until: gate.check.isEmpty ? end : min(end, next), rollout) { return result }
    }
    return gate.drift ? try lookForDrift(&rollout) : nil
  }

  private func tell(of rollout: StagedRollout, _ gate: WaveGate, until end: Double) {
    let title = "Wave \(rollout.wave) of \(rollout.waves.count) (\(rollout.current.name))"
    let time = Date(timeIntervalSince1970: end.rounded(.up)).formatted(.iso8601)
    console.log(gate.bake > 0 ? "\(title) bakes until \(time): \(gate)." : "\(title) is done: \(gate).")
  }

  /// Runs the check once, and counts the result.
  private func check(_ rollout: inout StagedRollout, _ gate: WaveGate) throws -> Result? {
    while true {
      let (verdict, said) = run(gate, rollout)
      switch verdict {
      case .good: rollout.current.good += 1
      case .bad: rollout.current.bad += 1
      case .inconclusive: rollout.current.inconclusive += 1
      }
      try journal.save(rollout)
      if let result = aborted(try journal.decisions(about: rollout.id)) { return result }
      if verdict == .bad {
        console.log("A check was bad (\(rollout.current.bad), \(gate.failures) may be): \(said)")
        if rollout.current.bad > gate.failures { return .bad("\(Self.bad(rollout, gate)): \(said)") }
      }
      if let signal = session.interruption.signal { return .interrupted(signal) }
      switch verdict {
      case .good, .bad: return nil
      case .inconclusive:
        if let result = try pause(&rollout, "a check is inconclusive: \(said)") { return result }
      }
    }
  }

  private static func bad(_ rollout: StagedRollout, _ gate: WaveGate) -> String {
    "\(counted(rollout.current.bad, "check")) bad, \(gate.failures) may be"
  }

  private func run(_ gate: WaveGate, _ rollout: StagedRollout) -> (Verdict, String) {
    var variables = Program.inherited(session.environment)
    variables["FLOTILLA_ROLLOUT"] = rollout.id.description
    variables["FLOTILLA_WAVE"] = rollout.current.name
    variables["FLOTILLA_WAVE_NUMBER"] = "\(rollout.wave)"
    variables["FLOTILLA_REPORT"] = report
    // The kernel takes at most 128 kB a variable. The report has all of them.
    let ids = indices.map(session.name).joined(separator: "\n")
    variables["FLOTILLA_INSTALLATIONS"] = ids.utf8.count < 100_000 ? ids : nil
    let limit = Duration.milliseconds(Int64(gate.every * 1000))
    let run = Program(gate.check, environment: variables, timeout: limit, keeping: .last(4096)).run()
    let output = String(decoding: run.output + run.errors, as: UTF8.self)
    let line = output.split(whereSeparator: \.isNewline).last { $0.contains { !$0.isWhitespace } }
    let said = line.map { ": \($0.prefix(300))".replacingControlCharacters() } ?? ""
    let name = (gate.check.first ?? "").prefix(200).replacingControlCharacters()
    switch run.termination {
    case .exited(0): return (.good, "")
    case .exited(1): return (.bad, "\(name) ended with status 1\(said)")
    case .exited(let status): return (.inconclusive, "\(name) ended with status \(status)\(said)")
    case .timedOut: return (.inconclusive, "\(name) took longer than \(WaveGate.text(gate.every))\(said)")
    case .signaled(let signal): return (.inconclusive, "\(name) was ended by signal \(signal)\(said)")
    case .notStarted(let code):
      return (.inconclusive, "\(name) can't be run: \(String(cString: strerror(code)))")
    case .failed(let reason): return (.inconclusive, "\(name) failed: \(reason)")
    case .tooLong: return (.inconclusive, "\(name) wrote too much")
    }
  }

  /// Looks at the wave's databases once more.
  private func lookForDrift(_ rollout: inout StagedRollout) throws -> Result? {
    while true {
      let found = inspect()
      if let signal = session.interruption.signal { return .interrupted(signal) }
      let drifted = indices.filter { found.cohort(at: $0)?.isDrifted == true }
      guard drifted.isEmpty else { return .bad("drift in \(names(drifted))") }
      let failed = indices.filter { found.cohort(at: $0)?.status == .failed }
      guard failed.isEmpty else { return .bad("\(names(failed)) can't be inspected") }
      let missed = indices.filter { found.cohort(at: $0).map { $0.status == .unreachable } ?? true }
      if missed.isEmpty { return nil }
      if let result = try pause(&rollout, "\(names(missed)) can't be reached") { return result }
    }
  }

  private func names(_ indices: [Int]) -> String {
    let list = indices.prefix(5).map(session.name).joined(separator: ", ")
    return indices.count > 5 ? "\(list) and \(indices.count - 5) more" : list
  }

  // MARK: People

  /// Waits for a person to look.
  ///
  /// - Returns: nil if the rollout may go on.
  private func pause(_ rollout: inout StagedRollout, _ reason: String) throws -> Result? {
    let known = try journal.decisions(about: rollout.id).count
    rollout.state = .paused
    rollout.reason = reason
    try journal.save(rollout)
    let next = ["flotilla rollout continue", "flotilla rollout abort"]
    announce("rollout paused", rollout, next)
    guard doesWait else { return .waiting }
    while true {
      let decisions = try journal.decisions(about: rollout.id)
      if let result = aborted(decisions) { return result }
      if decisions.dropFirst(known).contains(where: { $0.kind == .resume }) { break }
      if let signal = session.interruption.signal { return .interrupted(signal) }
      usleep(200_000)
    }
    rollout.state = .baking
    rollout.reason = nil
    try journal.save(rollout)
    return nil
  }

  /// - Returns: nil if somebody has approved.
  private func awaitApproval(_ rollout: inout StagedRollout) throws -> Result? {
    let isNew = rollout.state != .awaiting
    rollout.state = .awaiting
    rollout.reason = nil
    try journal.save(rollout)
    var isTold = false
    while true {
      let decisions = try journal.decisions(about: rollout.id)
      if let result = aborted(decisions) { return result }
      if let found = decisions.last(where: { $0.kind == .approve && $0.wave == rollout.wave }) {
        rollout.current.approval = found.approval
        console.log("Approved by \(found.approval.text).")
        return nil
      }
      if !isTold {
        isTold = true
        let next = ["flotilla rollout approve", "flotilla rollout abort"]
        announce("approval needed", rollout, next, isQuiet: !isNew)
      }
      guard doesWait else { return .waiting }
      if let signal = session.interruption.signal { return .interrupted(signal) }
      usleep(200_000)
    }
  }

  private func announce(
    _ what: String, _ rollout: StagedRollout, _ commands: [String], isQuiet: Bool = false
  ) {
    console.log(rollout.standing.prefix(1).uppercased() + rollout.standing.dropFirst() + ".")
    for command in commands { console.log("  \(command)") }
    if !isQuiet { notification.notify(what, [rollout.standing] + commands, rollout.id) }
  }

  private func aborted(_ decisions: [RolloutDecision]) -> Result? {
    decisions.last { $0.kind == .abort }.map { .aborted($0) }
  }

  // MARK: Time

  private static var now: Double { Date().timeIntervalSince1970 }

  /// Waits until a time, and shows how long that is.
  private func wait(until time: Double, _ rollout: StagedRollout) throws -> Result? {
    var shown = 0.0
    while Self.now < time {
      if let signal = session.interruption.signal { return .interrupted(signal) }
      if let result = aborted(try journal.decisions(about: rollout.id)) { return result }
      if console.isLively, Self.now - shown >= 1 {
        shown = Self.now
        console.live("  \(rollout.standing)  \(WaveGate.text((time - shown).rounded(.up))) left")
      }
      usleep(useconds_t(max(1_000, min(200_000, (time - Self.now) * 1_000_000))))
    }
    if shown > 0 { console.live("") }
    return nil
  }
}

extension StagedRollout.Approval {
  /// `ada, because the shop is well`
  var text: String { by + (because.map { ", because: \($0)" } ?? "") }
}
