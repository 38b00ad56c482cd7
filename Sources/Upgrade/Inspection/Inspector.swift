internal import Glibc
internal import Migrations
internal import SQLite
internal import Schema

/// Reads an installation without changing the database or its folder, except to roll back the journal of a crashed
/// writer.
struct Inspector {
  let set: MigrationSet
  let expectedSchema: ExpectedSchema
  let cache: SchemaCache
  let states: StateCache
  let comparison: VersionComparison
  let options: UpgradeOptions
  let control: WorkControl
  let layouts = HistoryLayouts()

  /// The deadline for work that begins now.
  var deadline: Deadline { Deadline(in: options.timeout, control.cancellation) }

  func inspect(_ path: String) -> Outcome {
    do {
      return try read(path)
    } catch {
      var outcome = Outcome(Failure(error, at: .inspect))
      outcome.isUnchanged = true
      return outcome
    }
  }

  private func read(_ path: String) throws -> Outcome {
    let before = try DatabaseFile.inspect(path).get()
    if !options.deep, let look = FastInspection(path, before, cache, layouts, set.historyTable) {
      return try inspected(try state(look.history, look.schema, look.digest), before)
    }
    return try reader.read(path, before, by: deadline) { database in
      let state = try state(of: database)
      database.rollback()
      var outcome = try inspected(state, before)
      if options.deep { outcome.drift += try DataTrouble(database, state.schema).differences() }
      return outcome
    }
  }

  private func inspected(_ state: State, _ file: DatabaseFile) throws -> Outcome {
    var outcome = outcome(state, bytes: file.bytes)
    outcome.isWAL = file.isWAL
    guard let choice = options.adoption, set.problem == nil else { return outcome }
    return try withAdoption(outcome, state, choice)
  }

  /// Reads databases without changing them or their folders.
  var reader: DatabaseReader {
    DatabaseReader(busyTimeout: options.busyTimeout, recovers: options.recovers)
  }

  /// Versions and schema, read in one transaction, and what follows from them.
  struct State {
    let history: History
    let schema: Schema
    let plan: Plan
    let drift: [Difference]
    /// The outcome of an inspection, but for what is known of the file.
    fileprivate(set) var outcome = Outcome(status: .current)
  }

  func state(of database: Connection) throws -> State {
    let (schema, digest) = try cache.schema(of: database)
    return try state(set.historyTable.read(database), schema, digest)
  }

  private func state(_ history: History, _ schema: Schema, _ digest: Fingerprint) throws -> State {
    try states.state(of: digest, history) {
      let plan = set.plan(for: history, upTo: options.target)
      let drift = try drift(of: schema, history, plan)
      var state = State(history: history, schema: schema, plan: plan, drift: drift)
      state.outcome = judge(state)
      return state
    }
  }

  /// The differences between a database and the result of its recorded versions.
  ///
  /// The result is empty for an untracked database, which has no versions, and if the migrations can't be used.
  private func drift(of schema: Schema, _ history: History, _ plan: Plan) throws -> [Difference] {
    guard history.recorded != nil, set.problem == nil else { return [] }
    // What a program makes of an older version is not known.
    if set.program != nil, !plan.isCurrent { return [] }
    return try DriftDetector(set: set, expectedSchema: expectedSchema, showsLayout: options.showsLayout)
      .differences(in: schema, history, plan)
  }

  /// The outcome of an inspection of a file of that size.
  func outcome(_ state: State, bytes: Int64) -> Outcome {
    var outcome = state.outcome
    outcome.bytes = bytes
    return outcome
  }

  private func judge(_ state: State) -> Outcome {
    var outcome = Outcome(status: state.plan.isAhead ? .skipped : state.plan.isCurrent ? .current : .pending)
    outcome.versionBefore = state.history.version
    outcome.versionAfter = state.history.version
    outcome.fingerprint = state.schema.fingerprint.description
    outcome.drift = state.drift
    outcome.ignored = state.schema.ignored
    outcome.isUnchanged = true
    if options.tellsHistory { outcome.history = state.history.recordedVersions }
    if let problem = set.problem {
      outcome.status = .skipped
      outcome.failure = Failure(
        code: .migrations, step: .inspect,
        message: "the migrations can't be used, so it is not known what is pending: \(problem)")
    } else if let refusal = refusal(of: state) {
      outcome.status = .failed
      outcome.failure = refusal
    } else if state.plan.isAhead {
      let versions = state.plan.unknown.map(String.init).joined(separator: ", ")
      outcome.failure = Failure(
        code: .ahead, step: .inspect,
        message: "it records version \(versions), which these migrations don't have")
    } else {
      outcome.pending = (state.plan.baseline == nil ? [] : [0]) + state.plan.pending.compactMap(\.version)
      let deletes = ([state.plan.baseline].compactMap { $0 } + state.plan.pending).map(\.deletes)
      outcome.mayDelete = Set(deletes.joined()).filter { state.schema.object(.table, $0) != nil }.sorted()
      let changes = ([state.plan.baseline].compactMap { $0 } + state.plan.pending).map(\.changes)
      outcome.mayChange = Set(changes.joined()).filter { name in
        let table = String(name.prefix { $0 != "." })
        return table == "sqlite_sequence" || state.schema.object(.table, table) != nil
      }.sorted()
    }
    return outcome
  }

  /// The codes of failures that prevent nothing but applying migrations.
  static let refusals: Set<Failure.Code> = [
    .foreignHistory, .unknownHistory, .unfinishedHistory, .historyTrigger,
  ]

  /// Why no migration may be applied to a database with this history; nil if migrations may be applied.
  private func refusal(of state: State) -> Failure? {
    if let failure = unfinished(state) { return failure }
    guard state.history.recorded == nil else {
      guard !state.plan.isAhead, !state.plan.isCurrent,
        let trigger = state.schema.all(.trigger).first(where: { $0.table == set.historyTable.name })
      else { return nil }
      return triggerRefusal(trigger.name)
    }
    if let foreign = state.history.foreign, foreign.isInTheWay || set.baseline == nil {
      return foreign.refusal
    }
    guard set.baseline == nil else { return nil }
    let there = state.schema.all(.table).map(\.name).filter { set.tablesMade.contains($0.folded) }
    guard let first = there.first else { return nil }
    let more = there.count == 1 ? "" : " and \(there.count - 1) more that"
    return Failure(
      code: .unknownHistory, step: .inspect,
      message:
        "it records no migrations, but has table \(first)\(more.isEmpty ? ", which" : more) these migrations make: "
        + "which of them it has is not known")
  }
}
