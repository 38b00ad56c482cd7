internal import SQLite

/// An upgrade between its hooks: inspect → before → upgrade → after.
///
/// If nothing is pending, no hook runs. The hook after the upgrade runs even if the upgrade or the hook before it
/// failed, because it has to restart a service that was stopped. It doesn't run if the hook before could not be
/// started, since then there is nothing to undo. If several things fail, the outcome has the code of the first.
struct HookedUpgrade {
  let inspector: Inspector
  let path: String
  let backup: String
  /// The state that the database has to be in; nil for any.
  var expected: ExpectedState?

  /// The minimum time for the hook after an upgrade, however long the upgrade took.
  static let leastTime = Duration.seconds(60)

  func run() -> Outcome {
    let deadline = inspector.deadline
    let hooks = inspector.options.hooks
    guard !hooks.isEmpty else { return upgrade(by: deadline) }
    let found = inspector.inspect(path)
    if let refusal = expected?.refusal(of: found), !isDone(found) { return found.refused(refusal) }
    guard found.status == .pending else { return found }
    var results: [HookResult] = []
    var outcome: Outcome
    if let hook = run(.before, hooks.before, within: deadline.left) {
      results += [hook.result].compactMap { $0 }
      outcome = hook.trouble.map { failed($0, found) } ?? upgrade(by: deadline)
      guard hook.result != nil else { return outcome }
    } else {
      outcome = upgrade(by: deadline)
    }
    if let hook = run(.after, hooks.after, within: max(deadline.left, Self.leastTime), outcome.status) {
      results += [hook.result].compactMap { $0 }
      if let trouble = hook.trouble { note(trouble, in: &outcome) }
    }
    outcome.hooks = results
    return outcome
  }

  private func upgrade(by deadline: Deadline) -> Outcome {
    inspector.upgrade(path, backup: backup, expecting: expected, by: deadline)
  }

  /// Whether an earlier attempt of this run did the work, whose result was lost with the connection.
  private func isDone(_ found: Outcome) -> Bool {
    found.status == .current && BackupDestinations.holding(backup).has(backup)
  }

  private func run(
    _ which: HookResult.Which, _ arguments: [String], within time: Duration, _ status: Status? = nil
  ) -> Hook.Run? {
    guard !arguments.isEmpty else { return nil }
    return Hook(which: which, arguments: arguments, path: path, status: status).run(within: time)
  }

  private func failed(_ trouble: String, _ found: Outcome) -> Outcome {
    var outcome = found
    outcome.status = .failed
    outcome.failure = Failure(code: .hook, step: .before, message: trouble)
    return outcome
  }

  /// Adds the failure of the hook after the upgrade. A service that isn't running again is a failure even if its
  /// database is well.
  private func note(_ trouble: String, in outcome: inout Outcome) {
    if outcome.status == .failed, let first = outcome.failure {
      outcome.failure = first.saying("\(first.message); and \(trouble)")
      return
    }
    let version = outcome.versionAfter.map { "version \($0)" } ?? "its new version"
    let done = outcome.status == .migrated ? "migrated to \(version), but " : ""
    outcome.status = .failed
    outcome.failure = Failure(code: .hook, step: .after, message: done + trouble)
  }
}
