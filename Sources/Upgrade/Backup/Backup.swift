internal import Basics
internal import Migrations
internal import SQLite
internal import Schema

/// A backup without an upgrade, under the same lock and with the same checks.
struct Backup {
  let inspector: Inspector
  let path: String
  /// The location of the backup.
  let location: String

  func run() -> Outcome {
    let deadline = inspector.deadline
    var step = UpgradeStep.open
    do {
      let file = try DatabaseFile.inspect(path).get()
      let database = try openForWriting(path, file, inspector.options, deadline)
      defer {
        database.rollback()
        database.close()
      }
      step = .lock
      try database.execute("BEGIN IMMEDIATE")
      try requireSameFile(database, file)
      return try write(.readOnly, file, deadline, comparing: database, &step)
    } catch {
      return Outcome(Failure(error, at: step))
    }
  }

  /// Inspects the database and makes the backup, while the caller holds the write lock.
  func write(
    _ access: Connection.Access, _ file: DatabaseFile, _ deadline: Deadline, comparing database: Connection,
    _ step: inout UpgradeStep
  ) throws -> Outcome {
    let start = ContinuousClock.now
    step = .inspect
    // Any database can be copied, even if another tool keeps its history.
    var outcome = inspector.outcome(try inspector.state(of: database), bytes: file.bytes).withoutRefusal
    step = .backUp
    let options = inspector.options
    let check = options.check == .none ? BackupCheck.full : options.check
    let writer = BackupWriter(check: check, busyTimeout: options.busyTimeout, deadline: deadline)
    outcome.backup = try writer.write(
      access, to: location, in: BackupDestinations.holding(location), owner: file, comparing: database)
    outcome.milliseconds["backup"] = (ContinuousClock.now - start).milliseconds
    return outcome
  }
}

extension Outcome {
  /// The outcome for work that applies nothing, where it doesn't matter which tool keeps the history.
  var withoutRefusal: Outcome {
    guard let code = failure?.code, Inspector.refusals.contains(code) else { return self }
    var outcome = self
    outcome.status = .current
    outcome.failure = nil
    return outcome
  }
}
