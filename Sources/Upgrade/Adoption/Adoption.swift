internal import Basics
internal import Migrations
internal import SQLite
internal import Schema

/// One adoption of one installation, without a history or with one that marks a migration as half done: open → lock →
/// inspect → back up → record → prove → commit.
///
/// No migration runs. The database must still be as the user was shown it. Everything is one transaction, so the
/// database has either its old history or the whole new one, even if this process is killed.
final class Adoption: LockedWork {
  private let decision: AdoptionDecision
  private let fingerprint: String

  /// Prepares the adoption.
  ///
  /// - Parameters:
  ///   - inspector: reads the database.
  ///   - path: the path of the database.
  ///   - decision: what to do to the history.
  ///   - fingerprint: the fingerprint of the schema that `inspect` found.
  ///   - backup: the location of the backup.
  init(
    _ inspector: Inspector, _ path: String, _ decision: AdoptionDecision, schema fingerprint: String,
    backup: String
  ) {
    self.decision = decision
    self.fingerprint = fingerprint
    super.init(inspector, path, backup: backup, deadline: inspector.deadline)
  }

  override func needsBackup(_ state: Inspector.State) -> Bool {
    guard !isDone(state.history) else { return false }
    do throws(Failure) {
      try checkUnchanged(state)
      return true
    } catch {
      return false
    }
  }

  override func work(on database: Connection, _ file: DatabaseFile, _ state: Inspector.State) throws {
    outcome = inspector.outcome(state, bytes: file.bytes).withoutRefusal
    if isDone(state.history) {
      // An earlier attempt of this run did it, whose result was lost with the connection.
      outcome.backup = earlierBackup()
      if outcome.backup != nil { outcome.versionBefore = versionBefore(state.history) }
      return
    }
    outcome.status = .failed
    try checkUnchanged(state)
    try backUp(database, file)
    step = .record
    let proof = try AdoptionProof(database, inspector.set.historyTable)
    let history = try write(to: database)
    step = .prove
    try proof.check(history, intended(state.history, history))
    let after = try inspector.state(of: database)
    try inspector.control.check(at: .prove)
    try deadline.check()
    step = .commit
    try database.commitTransaction()
    outcome = inspector.outcome(after, bytes: file.bytes)
    outcome.versionBefore = state.history.version
  }

  private func migrations(upTo version: MigrationVersion) -> [Migration] {
    inspector.set.migrations.filter { migration in migration.version.map { $0 <= version } ?? false }
  }

  private func write(to database: Connection) throws -> History {
    let table = inspector.set.historyTable
    let recorder = HistoryRecorder(database, table)
    switch decision {
    case .record(let version): return try recorder.record(migrations(upTo: version))
    case .settle(let version, let isApplied):
      let (history, rows) = try recorder.settle(version, isApplied: isApplied)
      guard rows == 1 else {
        throw Failure(
          code: .unfinishedHistory, step: .record,
          message: "\(rows) rows of \(table.name) are the mark of version \(version), which should be one")
      }
      return history
    }
  }

  /// The versions that the database should record, with their names.
  ///
  /// - Parameters:
  ///   - before: the history before.
  ///   - after: the history as it was read back. It has the name of the version that was settled.
  /// - Returns: the names by version.
  private func intended(_ before: History, _ after: History) -> [MigrationVersion: String] {
    switch decision {
    case .record(let version):
      return Dictionary(migrations(upTo: version).map { ($0.version ?? .zero, $0.name) }) { _, last in last }
    case .settle(let version, let isApplied):
      var recorded = before.recorded ?? [:]
      if isApplied { recorded[version] = after.recorded?[version] ?? "" }
      return recorded
    }
  }

  private func isDone(_ history: History) -> Bool {
    guard history.unfinished.isEmpty, history.obstacle == nil, let recorded = history.recorded else {
      return false
    }
    switch decision {
    case .record: return recorded == intended(history, history)
    case .settle(let version, let isApplied): return (recorded[version] != nil) == isApplied
    }
  }

  /// The version before an earlier attempt.
  private func versionBefore(_ history: History) -> MigrationVersion? {
    switch decision {
    case .record: nil
    case .settle(let version, _): history.versions.last { $0 != version } ?? .zero
    }
  }

  /// Verifies that the database is as the user was shown it.
  private func checkUnchanged(_ state: Inspector.State) throws(Failure) {
    let history = state.history
    if let foreign = history.foreign, foreign.userVersion == nil { throw foreign.refusal }
    if let obstacle = history.obstacle { throw changed(obstacle) }
    switch decision {
    case .record:
      if let found = history.version { throw changed("it has a history now, at version \(found)") }
    case .settle(let version, _):
      guard history.unfinished.keys.elementsEqual([version]) else {
        throw changed("version \(version) is not the one that is half done now")
      }
    }
    guard state.schema.fingerprint.description == fingerprint else {
      throw changed("its schema is another one")
    }
    let table = inspector.set.historyTable
    if let trigger = state.schema.attachments(of: table.name).first(where: { $0.kind == .trigger }) {
      throw inspector.triggerRefusal(trigger.name)
    }
  }

  private func changed(_ what: String) -> Failure {
    Failure(code: .changed, step: .inspect, message: "it was changed since it was looked at: \(what)")
  }
}
