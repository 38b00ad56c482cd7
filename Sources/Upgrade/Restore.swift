internal import Glibc
internal import Migrations
internal import SQLite
internal import Schema

/// Writes a backup's content into the live file through SQLite's backup API, and proves that it arrived.
///
/// The live file is never unlinked, renamed or overwritten from outside, so that an application which has it open
/// sees the old content or the new one. What is there before is backed up first.
struct Restore {
  let inspector: Inspector
  let path: String
  let backup: BackupRecord
  let saved: String

  func run() -> Outcome {
    var saved = Backup(inspector: inspector, path: path, destination: saved).run()
    // A damaged database can't be backed up; that is what restoring is for.
    if let failure = saved.failure, !["corrupt", "backup", "ahead"].contains(failure.code) {
      saved.failure = explained(failure)
      return saved
    }
    let versionBefore = saved.versionAfter
    do {
      try write()
    } catch {
      saved.status = .failed
      saved.failure = Failure(error, at: .restore)
      return saved
    }
    var outcome = inspector.inspect(path)
    outcome.versionBefore = versionBefore
    outcome.backup = saved.backup
    return outcome
  }

  /// SQLite writes into databases only; where there is none any more, people have to put the file there.
  private func explained(_ failure: Failure) -> Failure {
    guard ["missing", "empty", "truncated", "not_a_database"].contains(failure.code) else { return failure }
    return Failure(
      code: failure.code, step: .restore,
      message:
        "\(failure.message); stop what uses \(path), move aside what is there with its -wal and -journal, "
        + "and copy \(backup.path) to its place")
  }

  private func write() throws {
    let deadline = inspector.options.deadline
    try check()
    let source = try Connection(path: backup.path, access: .immutable, deadline: deadline)
    defer { source.close() }
    try BackupWriter.checkIntegrity(source, "integrity_check", of: "the backup")
    let file = try DatabaseFile.inspect(path).get()
    let database = try openForWriting(path, file, inspector.options, deadline)
    defer { database.close() }
    // A log has one page size from its beginning to its end.
    let leavesWAL = try file.isWAL && database.scalar("PRAGMA page_size") != source.scalar("PRAGMA page_size")
    if leavesWAL { try database.execute("PRAGMA journal_mode=DELETE") }
    let version = try database.scalar("PRAGMA data_version")
    try database.copyContent(of: source)
    if leavesWAL { try database.execute("PRAGMA journal_mode=WAL") }
    try database.execute("BEGIN")
    defer { database.rollback() }
    let others = try database.scalar("PRAGMA data_version") != version
    try prove(database, against: source, others: others)
  }

  /// SQLite lets go of the lock as it completes a copy, so an application may have written since; `others` says so.
  /// Its rows can't be told from a bad copy then: what is left to prove is that the file is whole and its versions
  /// are the backup's.
  private func prove(_ database: Connection, against source: Connection, others: Bool) throws {
    guard let difference = try ContentComparison(one: database, other: source).firstDifference() else {
      return
    }
    if others, try History(reading: database) == History(reading: source) {
      return try BackupWriter.checkIntegrity(database, "integrity_check", of: "the restored database")
    }
    throw Failure(
      code: "restore", step: .restore, message: "after restoring, \(difference) differs from the backup")
  }

  /// The backup must be the very file that was written.
  private func check() throws {
    let digest: String
    do {
      digest = try FileDigest(backup.path).sha256
    } catch {
      throw Failure(
        code: "backup", step: .restore,
        message: "the backup can't be read: \(Failure(error, at: .restore).message)")
    }
    guard digest == backup.sha256 else {
      throw Failure(
        code: "backup", step: .restore,
        message: "\(backup.path) is not the file that was written: its SHA-256 is \(digest)")
    }
  }
}
