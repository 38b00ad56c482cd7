import Basics
import Glibc
import Migrations
import SQLite
import Schema
import Synchronization
import Upgrade
import Wire

/// Answers single requests with the same worker that the coordinator uses for its own machine.
final class RequestHandler: Sendable {
  private let worker: LocalWorker
  private let historyTable: any HistoryTable
  private let output: Output
  /// The request that works on each database, for reporting its steps.
  private let requests: Requests

  /// Reads the migration set of the coordinator.
  ///
  /// - Throws: `Failure` if the migrations can't be read, or if they differ from the coordinator's.
  init(_ setup: Setup, _ output: Output, _ cancellation: Cancellation) throws {
    let set: MigrationSet
    do {
      set = try Self.set(setup)
    } catch {
      throw Failure(code: .agent, step: .open, message: "the agent can't read the migrations: \(error)")
    }
    guard set.digest.description == setup.digest else {
      guard set.program == nil else {
        throw Failure(
          code: .program, step: .open,
          message:
            "the program on this host records other migrations than the one here: install the same version")
      }
      throw Failure(code: .agent, step: .open, message: "the migrations did not arrive as they were sent")
    }
    let requests = Requests()
    var control = WorkControl()
    control.cancellation = cancellation
    control.began = { path, step in
      guard let number = requests.number(of: path) else { return }
      output.send(Frame(.step, number, Array(step.rawValue.utf8)))
    }
    worker = LocalWorker(
      set, ExpectedSchema(set, ignoring: setup.options.ignored), setup.options, control: control)
    historyTable = set.historyTable
    self.output = output
    self.requests = requests
  }

  /// The migrations: those in the files, or what the program on this host makes of an empty database.
  private static func set(_ setup: Setup) throws -> MigrationSet {
    guard setup.files.folder.program != nil else { return try MigrationSet(setup.files) }
    let folder = try newTemporaryFolder("flotilla-agent")
    defer { rmdir(folder) }
    return try ProgramMigrations.load(
      setup.files.folder, ignoring: setup.options.ignored, in: "\(folder)/program",
      within: setup.options.timeout)
  }

  func answer(_ request: Request, _ number: UInt32) {
    switch request {
    case .inspect(let path): send(number, worker.inspect(path))
    case .upgrade(let path, let backup, let expected):
      requests.begin(number, path)
      let outcome = worker.upgrade(path, backup: backup, expecting: expected)
      send(number, outcome.mergingLostAttempt(backup, historyTable))
    case .adopt(let path, let decision, let fingerprint, let backup):
      requests.begin(number, path)
      send(number, worker.adopt(path, decision, schema: fingerprint, backup: backup))
    case .backUp(let path, let destination): send(number, worker.backUp(path, to: destination))
    case .restore(let path, let backup, let saved):
      requests.begin(number, path)
      send(number, worker.restore(path, from: backup, saving: saved))
    case .rehearse(let path, let folder): send(number, worker.rehearse(path, in: folder))
    case .ask(let path): send(number, worker.ask(path))
    case .remove(let backups): finish(number) { try worker.remove(backups) }
    case .backups(let name, let folder, let runs):
      send(number, worker.backups(name, in: folder, of: runs))
    case .fetch(let backup): finish(number) { try send(number, backup) }
    case .store: preconditionFailure("a backup that is brought is taken where its pieces arrive")
    }
    requests.end(number)
  }

  private func send(_ number: UInt32, _ outcome: Outcome) { output.send(outcome.frame(number)) }

  private func send(_ number: UInt32, _ answers: DataAnswers) { output.send(answers.frame(number)) }

  private func send(_ number: UInt32, _ found: [FoundBackup]) {
    let frame = Frame(.found, number, json: found)
    guard frame.payload.count > frame.kind.longestPayload else { return output.send(frame) }
    let failure = Failure(
      code: .internalError, step: .inspect,
      message: "the list of \(found.count) backups is too long to be sent")
    output.send(Frame(.problem, number, json: failure))
  }

  /// Sends a backup piece by piece, but never more bytes than were recorded: that would end the connection.
  private func send(_ number: UInt32, _ backup: BackupRecord) throws {
    var sent: Int64 = 0
    try readBackup(at: backup.path, of: backup.bytes, length: WireProtocol.piece) { piece in
      sent += Int64(piece.count)
      guard sent <= backup.bytes else {
        throw Failure(
          code: .backup, step: .backUp,
          message: "\(backup.path) is longer than the \(backup.bytes) bytes that were written")
      }
      output.send(Frame(.data, number, piece))
    }
  }

  private func finish(_ number: UInt32, _ work: () throws -> Void) {
    do {
      try work()
      output.send(Frame(.done, number))
    } catch {
      output.send(Frame(.problem, number, json: Failure(reporting: error).bounded()))
    }
  }
}

/// The running requests, by database.
private final class Requests: Sendable {
  private let numbers = Mutex<[String: UInt32]>([:])

  func begin(_ number: UInt32, _ path: String) { numbers.withLock { $0[path] = number } }
  func number(of path: String) -> UInt32? { numbers.withLock { $0[path] } }
  func end(_ number: UInt32) { numbers.withLock { $0 = $0.filter { $0.value != number } } }
}
