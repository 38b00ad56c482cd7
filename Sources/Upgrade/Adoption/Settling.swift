internal import Migrations
internal import Schema

/// Histories in which a tool has marked a migration as half done, or that a crashed tool has locked.
extension Inspector {
  /// The failure for such a history; nil if it is complete. Where the schema tells how far the migration got, so does
  /// the message.
  func unfinished(_ state: State) -> Failure? {
    let history = state.history
    guard !history.unfinished.isEmpty || history.obstacle != nil else { return nil }
    let marks = history.unfinished.sorted { $0.key < $1.key }
    var reasons = marks.map { "version \($0.key) is half done: \($0.value)" }
    reasons += [history.obstacle].compactMap { $0 }
    let strange = (state.plan.unknown + marks.map(\.key).filter { set.name(of: $0) == nil }).sorted()
    if !marks.isEmpty, !strange.isEmpty {
      reasons.append("these migrations don't have version \(Likeness.list(strange))")
    } else if marks.count > 1 {
      reasons.append("only the tool can settle several at once")
    } else if let finding = try? settlement(state, .bySchema) {
      reasons.append(finding.evidence)
    }
    return Failure(code: .unfinishedHistory, step: .inspect, message: reasons.joined(separator: "; "))
  }

  /// What the schema tells about the migration that is marked as half done, and what follows from the user's choice.
  ///
  /// - Returns: the finding; nil if there isn't exactly one mark, if these migrations don't have its version or a
  ///   recorded one, or if something else prevents any work on the history.
  /// - Throws: `MigrationFailure` if the migrations can't be replayed.
  private func settlement(_ state: State, _ choice: AdoptionChoice) throws -> SettlementFinding? {
    let history = state.history
    guard history.unfinished.count == 1, let version = history.unfinished.keys.first,
      history.obstacle == nil, state.plan.unknown.isEmpty, set.name(of: version) != nil
    else { return nil }
    let stages = try expectedSchema.stages(of: version, after: history.versions)
    let side: SettlementFinding.Side =
      switch (stages.begin(with: state.schema), stages.end(with: state.schema)) {
      case (true, true): .both
      case (true, false): .before
      case (false, true): .after
      case (false, false): .neither
      }
    let isSingle = side == .before || side == .after
    let doubt = isSingle ? stages.doubt(at: state.schema, isApplied: side == .after) : nil
    let before = history.versions.last { $0 < version } ?? .zero
    return SettlementFinding(
      version: version, before: before, side: side, doubt: doubt,
      isApplied: choice.isApplied(side, isCertain: doubt == nil, version, before))
  }

  /// The outcome of an inspection of a database with such a history, with what `adopt` would do.
  func withSettlement(_ found: Outcome, _ state: State, _ choice: AdoptionChoice) throws -> Outcome {
    guard let finding = try settlement(state, choice) else { return found }
    var outcome = found
    let table = set.historyTable
    if let trigger = state.schema.attachments(of: table.name).first(where: { $0.kind == .trigger }) {
      outcome.failure = triggerRefusal(trigger.name)
      return outcome
    }
    outcome.settlement = finding
    outcome.drift = finding.side == .neither ? try differences(of: state, finding) : []
    if finding.isApplied == nil { outcome.failure = choice.refusal(finding, outcome.drift) }
    return outcome
  }

  /// The differences from the version that is settled, or else from the one of the two that has fewer.
  private func differences(of state: State, _ finding: SettlementFinding) throws -> [Difference] {
    let versions = state.history.versions
    let before = try expectedSchema.schema(of: versions).differences(in: state.schema)
    let after = try expectedSchema.schema(of: (versions + [finding.version]).sorted())
      .differences(in: state.schema)
    return finding.isApplied ?? (after.count <= before.count) ? after : before
  }

  /// The failure for a trigger on the history table.
  func triggerRefusal(_ name: String) -> Failure {
    Failure(
      code: .historyTrigger, step: .inspect,
      message: "trigger \(name) on \(set.historyTable.name) would run when migrations are recorded")
  }
}

extension AdoptionChoice {
  /// Why a database with a half-done migration is left alone.
  fileprivate func refusal(_ finding: SettlementFinding, _ differences: [Difference]) -> Failure {
    var message = finding.description
    if !differences.isEmpty { message += ": \(Difference.list(differences))" }
    if case .upTo(let version) = self {
      let isOneOfBoth = version == finding.version || version == finding.before
      message +=
        isOneOfBoth ? ", so it isn't at version \(version)" : "; version \(version) is not one of the two"
    }
    return Failure(code: .unknownVersion, step: .inspect, message: message)
  }
}
