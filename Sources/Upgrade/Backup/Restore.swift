internal import Basics
internal import Glibc
internal import Migrations
internal import SQLite
internal import Schema

/// Writes a backup's content into the live file with SQLite's backup API, and verifies the result.
///
/// The live file is never unlinked, renamed or overwritten by other means, so an application that has it open sees
/// either the old or the new content. The backup of the old content is made first, and completed under the same lock. Every row is therefore
/// in that backup, or was committed after the restore.
final class Restore {
  private let inspector: Inspector
  private let path: String
  private let backup: BackupRecord
  /// The location for the backup of the old content.
  private let saved: String
  private let deadline: Deadline
  private var step = UpgradeStep.open {
    didSet { if step != oldValue { inspector.control.began?(path, step) } }
  }
  /// Whether the live file may have been written.
  private var isWritten = false
  /// The state before the restore, with its backup.
  private var before = Outcome(status: .failed)
  /// The backup of the old content; nil if there is none.
  private var saving: SnapshotBackup?

  init(_ inspector: Inspector, _ path: String, from backup: BackupRecord, saving saved: String) {
    self.inspector = inspector
    self.path = path
    self.backup = backup
    self.saved = saved
    deadline = inspector.deadline
  }

  func run() -> Outcome {
    do {
      let file = try DatabaseFile.inspect(path).get()
      try write(file)
      before.backup = try saving?.record()
    } catch {
      before.backup = (try? saving?.record()) ?? nil
      before.status = .failed
      before.failure = explained(Failure(error, at: step))
      // The copy may have been completed before the error.
      if step == .restore, isWritten { before.addState(read: inspector.inspect(path)) }
      return before
    }
    var outcome = inspector.inspect(path).withoutRefusal
    outcome.versionBefore = before.versionAfter
    outcome.backup = before.backup
    outcome.lockedMilliseconds = before.lockedMilliseconds
    return outcome
  }

  /// Extends the message if there is no valid database, since SQLite can write only into a database. People then have
  /// to put the file in place.
  private func explained(_ failure: Failure) -> Failure {
    guard [.missing, .empty, .truncated, .notADatabase].contains(failure.code) else { return failure }
    return Failure(
      code: failure.code, step: .restore,
      message:
        "\(failure.message); stop what uses \(path), move aside what is there with its -wal and -journal, "
        + "and \(BackupDestinations.holding(backup.path).instruction(backup.path, to: path))")
  }

  private func write(_ file: DatabaseFile) throws {
    let destination = BackupDestinations.holding(backup.path)
    try destination.open(backup.path, expecting: backup.bytes, by: deadline) { copy in
      try check(copy)
      try write(file, from: copy)
    }
  }

  /// Writes the content of the backup's file `copy` into the live file.
  private func write(_ file: DatabaseFile, from copy: String) throws {
    let source = try Connection(path: copy, access: .immutable, deadline: deadline)
    defer { source.close() }
    try BackupWriter.checkIntegrity(source, "integrity_check", of: "the backup")
    let database = try openForWriting(path, file, inspector.options, deadline)
    defer { database.close() }
    defer { saving?.close() }
    step = .lock
    // A log has a single page size, so the page size can't change in WAL mode.
    let leavesWAL = try file.isWAL && database.scalar("PRAGMA page_size") != source.scalar("PRAGMA page_size")
    if leavesWAL { try leaveWAL(database) }
    try requireSameFile(database, file)
    let version = try database.scalar("PRAGMA data_version")
    let copied = Result {
      try save(file, database)
      step = .lock
      var lockedSince: ContinuousClock.Instant?
      defer { before.count(lockedSince: lockedSince, copying: saving) }
      try database.copyContent(of: source) {
        lockedSince = .now
        try completeBackup()
        step = .restore
        isWritten = true
      }
    }
    // If both failed, the first error is thrown.
    let returned = Result { if leavesWAL { try database.execute("PRAGMA journal_mode=WAL") } }
    try copied.get()
    try returned.get()
    let written = WrittenContent(
      database: database, sourcePath: copy, source: source, dataVersion: version,
      busyTimeout: inspector.options.busyTimeout, deadline: deadline)
    let difference = try before.countingWait(outsideWAL: file) {
      try written.difference(inspector.set.historyTable, "the restored database")
    }
    if let difference {
      throw Failure(
        code: .restore, step: .restore, message: "after restoring, \(difference) differs from the backup")
    }
  }

  private func leaveWAL(_ database: Connection) throws {
    do {
      try database.execute("PRAGMA journal_mode=DELETE")
    } catch {
      guard error.code.primary == .busy else { throw error }
      throw Failure(
        code: .busy, step: .lock,
        message: "the backup has another page size, which a database in WAL mode takes only while nobody "
          + "else has it open: stop what uses it, then restore again")
    }
  }

  /// Copies and checks the current content while others may write. If the database is damaged, a backup is not
  /// possible, and the restore goes on without it, since repairing the damage is its purpose.
  private func save(_ file: DatabaseFile, _ database: Connection) throws {
    step = .backUp
    try unlessDamaged {
      let state = try inspector.readState(of: database)
      before = inspector.outcome(state, bytes: file.bytes).withoutRefusal
      let check = inspector.options.check == .none ? BackupCheck.full : inspector.options.check
      saving = try inspector.snapshotBackup(of: database, file, to: saved, check, by: deadline)
    }
  }

  /// Completes the backup while nobody can write.
  private func completeBackup() throws {
    step = .backUp
    try unlessDamaged { try saving?.complete() }
  }

  private func unlessDamaged(_ body: () throws -> Void) throws {
    let start = ContinuousClock.now
    defer { before.milliseconds["backup", default: 0] += (ContinuousClock.now - start).milliseconds }
    do {
      try body()
    } catch {
      guard Failure(error, at: step).code == .corrupt else { throw error }
    }
  }

  /// Throws if the backup is not identical to the file that was written.
  private func check(_ copy: String) throws {
    let digest: String
    do {
      digest = try FileDigest(copy, by: deadline).sha256
    } catch let error as SQLiteError where error.code.primary == .interrupt {
      throw error
    } catch {
      throw Failure(
        code: .backup, step: .restore,
        message: "the backup can't be read: \(Failure(error, at: .restore).message)")
    }
    guard digest == backup.sha256 else {
      throw Failure(
        code: .backup, step: .restore,
        message: "\(backup.path) is not the file that was written: its SHA-256 is \(digest)")
    }
  }
}
