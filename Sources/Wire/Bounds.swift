internal import Migrations
internal import Schema
public import Upgrade

/// The limits for answers. Lengths are in bytes of UTF-8. An agent truncates longer texts before it sends them. A
/// coordinator truncates them too, in case a host sends them anyway.
enum Bounds {
  /// The length of a message for people.
  static let message = 4_000
  /// The length of a name: of a schema object, a table, or a program.
  static let name = 1_000
  /// The length of the normal form of a schema object.
  static let definition = 16_000
  /// The length of a hook's output.
  static let output = 3 * 4_096
  /// The number of differences of one installation.
  static let differences = 10_000
  /// The number of migration files that a failure names, or that have undeclared effects.
  static let files = 1_000
  /// The number of undeclared effects of one migration.
  static let effects = 1_000
  /// The length of the SQL of a question.
  static let question = 16_000
  /// The number of questions to a database, and of statements without a question.
  static let questions = 1_000
  /// The number of processes that have a database open.
  static let processes = 10
}

extension String {
  /// The text if it has no more than `limit` bytes; otherwise its beginning, followed by an ellipsis.
  public func cut(to limit: Int) -> String {
    guard utf8.count > limit else { return self }
    let mark = "…"
    var scalars = String.UnicodeScalarView()
    var bytes = mark.utf8.count
    for scalar in unicodeScalars {
      bytes += UTF8.width(scalar)
      if bytes > limit { break }
      scalars.append(scalar)
    }
    return String(scalars) + mark
  }
}

extension Failure {
  /// The failure with its code, its message and its files truncated to their limits.
  public func bounded() -> Failure {
    Failure(
      code: Code(rawValue: code.rawValue.cut(to: 40)), step: step, message: message.cut(to: Bounds.message),
      fault: fault, files: files.prefix(Bounds.files).map { $0.cut(to: Bounds.name) })
  }
}

extension Outcome {
  /// The outcome with all texts truncated to their limits, and at most `most` differences. If there are more, an
  /// additional difference at the end says how many were left out.
  public func bounded(differences most: Int = .max) -> Outcome {
    var outcome = self
    outcome.failure = failure?.bounded()
    outcome.compressionProblem = compressionProblem?.cut(to: Bounds.message)
    outcome.mayDelete = mayDelete.map { $0.cut(to: Bounds.name) }
    outcome.mayChange = mayChange.map { $0.cut(to: Bounds.name) }
    outcome.undeclared = undeclared.bounded()
    outcome.openBy = openBy.prefix(Bounds.processes).map { $0.cut(to: Bounds.name) }
    outcome.hooks = hooks.map { hook in
      HookResult(
        which: hook.which, program: hook.program.cut(to: Bounds.name), status: hook.status,
        output: hook.output.cut(to: Bounds.output), milliseconds: hook.milliseconds)
    }
    outcome.drift = drift.prefix(most).map { $0.bounded() }
    if drift.count > most {
      let omitted = Difference(
        kind: .differencesOmitted, object: "\(drift.count - most) more", expected: nil, actual: nil)
      outcome.drift.append(omitted)
    }
    return outcome
  }

  /// The frame that answers a request with this outcome. If it would be too long, differences are left out, and if that
  /// isn't enough, everything except the result.
  public func frame(_ request: UInt32) -> Frame {
    var kept = Bounds.differences
    while true {
      let frame = Frame(.outcome, request, json: bounded(differences: kept))
      if frame.payload.count <= frame.kind.longestPayload { return frame }
      if kept == 0 { return Frame(.outcome, request, json: ending) }
      kept /= 2
    }
  }

  /// The result without its lists.
  private var ending: Outcome {
    let failure = Failure(
      code: .internalError, step: self.failure?.step ?? .inspect,
      message:
        "the work ended as \"\(status.rawValue)\", but the rest of its outcome is too long to be sent")
    var outcome = Outcome(failure)
    (outcome.versionBefore, outcome.versionAfter) = (versionBefore, versionAfter)
    (outcome.backup, outcome.milliseconds, outcome.bytes) = (backup, milliseconds, bytes)
    outcome.lockedMilliseconds = lockedMilliseconds
    return outcome
  }
}

extension DataAnswers {
  /// The answers with all texts truncated to their limits. If there are too many, the rest counts as not asked.
  public func bounded() -> DataAnswers {
    var answers = DataAnswers()
    let isComplete =
      max(questions.count, unasked.count) <= Bounds.questions && counts.count == questions.count
    answers.questions = questions.prefix(Bounds.questions).map { question in
      DataQuestion(
        file: question.file.cut(to: Bounds.name), line: question.line, effect: question.effect,
        noun: question.noun.cut(to: Bounds.message), nouns: question.nouns.cut(to: Bounds.message),
        sql: question.sql.cut(to: Bounds.question))
    }
    answers.counts = Array(counts.prefix(answers.questions.count))
    answers.unasked = unasked.prefix(Bounds.questions).map { statement in
      UnaskedStatement(
        file: statement.file.cut(to: Bounds.name), line: statement.line,
        reason: statement.reason.cut(to: Bounds.message))
    }
    answers.failure = failure?.bounded()
    if !isComplete { answers.failure = answers.failure ?? Self.tooMany }
    return answers
  }

  private static var tooMany: Failure {
    Failure(code: .internalError, step: .inspect, message: "there are too many questions to send all answers")
  }

  /// The frame that answers a request with these answers. If it would be too long, it says only that.
  public func frame(_ request: UInt32) -> Frame {
    let frame = Frame(.answers, request, json: bounded())
    guard frame.payload.count > frame.kind.longestPayload else { return frame }
    return Frame(.answers, request, json: DataAnswers(Self.tooMany))
  }
}

extension [UndeclaredEffects] {
  /// The effects truncated to their limits. One more entry than the limit says how many were left out, and is kept when
  /// the effects are truncated again.
  fileprivate func bounded() -> [UndeclaredEffects] {
    guard count > Bounds.files + 1 else { return map { $0.bounded() } }
    let rest = UndeclaredEffects(
      file: "\(count - Bounds.files) more migrations", effects: ["not listed"], deletes: [], changes: [])
    return prefix(Bounds.files).map { $0.bounded() } + [rest]
  }
}

extension UndeclaredEffects {
  fileprivate func bounded() -> UndeclaredEffects {
    let list = { (names: [String]) in names.prefix(Bounds.effects + 1).map { $0.cut(to: Bounds.name) } }
    let more = effects.count - Bounds.effects
    let kept = more > 1 ? effects.prefix(Bounds.effects) + ["and \(more) more"] : effects
    return UndeclaredEffects(
      file: file.cut(to: Bounds.name), effects: list(kept), deletes: list(deletes), changes: list(changes))
  }
}

extension Difference {
  fileprivate func bounded() -> Difference {
    Difference(
      kind: Difference.Kind(rawValue: kind.rawValue.cut(to: 100)), object: object.cut(to: Bounds.name),
      severity: severity,
      expected: expected?.cut(to: Bounds.definition), actual: actual?.cut(to: Bounds.definition),
      version: version)
  }
}
