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
  let driftCache: DriftCache
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
    // Without a log, the file itself holds everything. Reading it as immutable creates no -wal and -shm files. If the
    // file has changed in the meantime, it is read again with locks.
    let before = try DatabaseFile.inspect(path).get()
    if !options.deep, let look = FastInspection(path, before, cache, layouts, set.historyTable) {
      return try inspected(try state(look.history, look.schema, look.digest), bytes: before.bytes)
    }
    return try reading(path, before, by: deadline) { database in
      let state = try state(of: database)
      database.rollback()
      var outcome = try inspected(state, bytes: before.bytes)
      if options.deep { outcome.drift += try DataTrouble(database, state.schema).differences() }
      return outcome
    }
  }

  private func inspected(_ state: State, bytes: Int64) throws -> Outcome {
    let outcome = outcome(state, bytes: bytes)
    guard let choice = options.adoption, set.problem == nil else { return outcome }
    return try withAdoption(outcome, state, choice)
  }

  /// Calls `body` with a connection that is in a read transaction and changes neither the database nor its folder.
  ///
  /// If the file has changed in the meantime, or another process turns out to have it open, `body` is called again.
  func reading<T>(
    _ path: String, _ before: DatabaseFile, by deadline: Deadline, _ body: (Connection) throws -> T
  ) throws -> T {
    func read(_ access: Connection.Access) throws -> T {
      let database = try Connection(
        path: path, access: access, busyTimeout: options.busyTimeout, deadline: deadline)
      defer { database.close() }
      try database.execute("BEGIN")
      return try body(database)
    }
    if before.isWAL, !before.hasLog {
      let result = try read(.immutable)
      if before.isUnchanged(at: path) { return result }
    }
    if before.hasLog, !before.hasSharedMemory, let result = try? read(.exclusiveReadOnly) { return result }
    do {
      return try read(.readOnly)
    } catch let error as SQLiteError where error.code == .needsRollback {
      // A writer crashed. The next process that opens the file for writing rolls back its unfinished transaction.
      guard options.recovers else {
        throw Failure(
          code: .journal, step: .inspect,
          message: "a writer crashed and left a journal, which has to be rolled back before anybody can read")
      }
      return try read(.readWrite)
    }
  }

  /// Versions, schema, plan and drift, read in one transaction.
  struct State {
    let history: History
    let schema: Schema
    let plan: Plan
    let drift: [Difference]
  }

  func state(of database: Connection) throws -> State {
    let (schema, digest) = try cache.schema(of: database)
    return try state(set.historyTable.read(database), schema, digest)
  }

  private func state(_ history: History, _ schema: Schema, _ digest: Fingerprint) throws -> State {
    let plan = set.plan(for: history, upTo: options.target)
    let drift = try drift(of: schema, digest, history, plan)
    return State(history: history, schema: schema, plan: plan, drift: drift)
  }

  /// The differences between a database and the result of its recorded versions, computed once for all identical
  /// databases.
  ///
  /// The result is empty for an untracked database, which has no versions, and if the migrations can't be used.
  func drift(
    of schema: Schema, _ digest: Fingerprint, _ history: History, _ plan: Plan
  ) throws -> [Difference] {
    guard history.recorded != nil, set.problem == nil else { return [] }
    // What a program makes of an older version is not known.
    if set.program != nil, !plan.isCurrent { return [] }
    return try driftCache.drift(of: digest, history) {
      try DriftDetector(set: set, expectedSchema: expectedSchema, showsLayout: options.showsLayout)
        .differences(in: schema, history, plan)
    }
  }

  func outcome(_ state: State, bytes: Int64) -> Outcome {
    var outcome = Outcome(status: state.plan.isAhead ? .skipped : state.plan.isCurrent ? .current : .pending)
    outcome.versionBefore = state.history.version
    outcome.versionAfter = state.history.version
    outcome.fingerprint = state.schema.fingerprint.description
    outcome.drift = state.drift
    outcome.ignored = state.schema.ignored
    outcome.bytes = bytes
    outcome.isUnchanged = true
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

  /// The failure for a history that marks a migration as half done, or that a crashed tool has locked; nil if it is
  /// complete. Where the schema is that of a version, the message says so.
  private func unfinished(_ state: State) -> Failure? {
    let marks = state.history.unfinished.sorted { $0.key < $1.key }
    guard !marks.isEmpty || state.history.obstacle != nil else { return nil }
    var reasons = marks.map { "version \($0.key) is half done: \($0.value)" }
    reasons += [state.history.obstacle].compactMap { $0 }
    if let (version, _) = marks.first {
      let before = state.history.versions.filter { $0 < version }
      let isBefore = (try? expectedSchema.schema(of: before)) == state.schema
      let isAfter = (try? expectedSchema.schema(of: before + [version])) == state.schema
      switch (isBefore, isAfter) {
      case (true, true): reasons.append("the version doesn't change the schema")
      case (true, false): reasons.append("the schema is still that of the version before")
      case (false, true): reasons.append("the schema is already that of version \(version)")
      case (false, false):
        reasons.append("the schema is neither that of the version before nor that of version \(version)")
      }
    }
    return Failure(code: .unfinishedHistory, step: .inspect, message: reasons.joined(separator: "; "))
  }

  /// Why no migration may be applied to a database with this history; nil if migrations may be applied.
  private func refusal(of state: State) -> Failure? {
    if let failure = unfinished(state) { return failure }
    guard state.history.recorded == nil else {
      guard !state.plan.isAhead, !state.plan.isCurrent,
        let trigger = state.schema.all(.trigger).first(where: { $0.table == set.historyTable.name })
      else { return nil }
      return Failure(
        code: .historyTrigger, step: .inspect,
        message: "trigger \(trigger.name) on \(set.historyTable.name) would run when migrations are recorded")
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
