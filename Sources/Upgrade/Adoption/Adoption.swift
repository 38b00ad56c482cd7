internal import Basics
internal import Migrations
internal import SQLite
internal import Schema

/// One adoption of one installation without a history: open → lock → inspect → back up → record → prove → commit.
///
/// No migration runs. The database must still have the schema that the user was shown. Everything is one transaction,
/// so the database has either no history or the whole one, even if this process is killed.
final class Adoption: LockedWork {
  private let version: MigrationVersion
  private let fingerprint: String

  /// Prepares the adoption.
  ///
  /// - Parameters:
  ///   - inspector: reads the database.
  ///   - path: the path of the database.
  ///   - version: the version up to which migrations are recorded.
  ///   - fingerprint: the fingerprint of the schema that `inspect` found.
  ///   - backup: the location of the backup.
  init(
    _ inspector: Inspector, _ path: String, upTo version: MigrationVersion, schema fingerprint: String,
    backup: String
  ) {
    self.version = version
    self.fingerprint = fingerprint
    super.init(inspector, path, backup: backup, deadline: inspector.deadline)
  }

  private var migrations: [Migration] {
    inspector.set.migrations.filter { migration in migration.version.map { $0 <= version } ?? false }
  }

  private var intended: [MigrationVersion: String] {
    Dictionary(migrations.map { ($0.version ?? .zero, $0.name) }) { _, last in last }
  }

  override func work(on database: Connection, _ file: DatabaseFile, _ state: Inspector.State) throws {
    outcome = inspector.outcome(state, bytes: file.bytes).withoutRefusal
    if state.history.recorded == intended {
      // An earlier attempt of this run did it, whose result was lost with the connection.
      outcome.backup = earlierBackup()
      if outcome.backup != nil { outcome.versionBefore = nil }
      return
    }
    outcome.status = .failed
    try checkUnchanged(state)
    try backUp(database, file)
    step = .record
    let proof = try AdoptionProof(database, inspector.set.historyTable)
    let history = try HistoryRecorder(database, inspector.set.historyTable).record(migrations)
    step = .prove
    try proof.check(history, intended)
    let after = try inspector.state(of: database)
    try inspector.control.check(at: .prove)
    try deadline.check()
    step = .commit
    try database.commitTransaction()
    let (backup, milliseconds) = (outcome.backup, outcome.milliseconds)
    outcome = inspector.outcome(after, bytes: file.bytes)
    outcome.versionBefore = nil
    outcome.backup = backup
    outcome.milliseconds = milliseconds
  }

  /// Verifies that the database is as the user was shown it.
  private func checkUnchanged(_ state: Inspector.State) throws(Failure) {
    if let foreign = state.history.foreign, foreign.userVersion == nil { throw foreign.refusal }
    if let found = state.history.version { throw changed("it has a history now, at version \(found)") }
    guard state.schema.fingerprint.description == fingerprint else {
      throw changed("its schema is another one")
    }
  }

  private func changed(_ what: String) -> Failure {
    Failure(code: .changed, step: .inspect, message: "it was changed since it was looked at: \(what)")
  }
}
