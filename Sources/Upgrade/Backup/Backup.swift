internal import Basics
internal import Migrations
internal import SQLite
internal import Schema

/// A backup without an upgrade, with the same checks.
final class Backup: LockedWork {
  init(_ inspector: Inspector, _ path: String, to location: String) {
    super.init(inspector, path, backup: location, deadline: inspector.deadline)
    if check == .none { check = .full }
  }

  override func needsBackup(_ state: Inspector.State) -> Bool { true }

  override func work(on database: Connection, _ file: DatabaseFile, _ state: Inspector.State) throws {
    // Any database can be copied, even if another tool keeps its history.
    let found = inspector.outcome(state, bytes: file.bytes).withoutRefusal
    try backUp(database, file)
    outcome = found
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
