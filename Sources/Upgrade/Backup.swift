internal import Migrations
internal import SQLite
internal import Schema

/// A backup without an upgrade, under the same lock and with the same checks.
struct Backup {
  let inspector: Inspector
  let path: String
  let destination: String

  func run() -> Outcome {
    let start = ContinuousClock.now
    let deadline = inspector.options.deadline
    var step = Step.open
    do {
      let file = try DatabaseFile.inspect(path).get()
      let database = try openForWriting(path, file, inspector.options, deadline)
      defer {
        database.rollback()
        database.close()
      }
      step = .lock
      try database.execute("BEGIN IMMEDIATE")
      step = .inspect
      var outcome = inspector.outcome(try inspector.state(of: database), bytes: file.bytes)
      step = .backUp
      let check = inspector.options.check == .none ? BackupCheck.full : inspector.options.check
      let writer = BackupWriter(check: check, busyTimeout: inspector.options.busyTimeout, deadline: deadline)
      outcome.backup = try writer.write(path, to: destination, owner: file, locked: database)
      outcome.milliseconds["backup"] = (ContinuousClock.now - start).milliseconds
      return outcome
    } catch {
      return Outcome(Failure(error, at: step))
    }
  }
}
