internal import Basics
internal import Glibc
internal import Migrations
internal import SQLite

/// Upgrades a private copy with the same code that upgrades the installation itself.
///
/// Making and checking the copy takes the place of the backup. The outcome says how long writers would have to wait.
struct Rehearsal {
  let inspector: Inspector
  let preflight: Preflight
  let path: String
  let folder: String

  func run() -> Outcome {
    let deadline = inspector.deadline
    do {
      let copies = try CopyFolder(folder)
      defer { copies.remove() }
      let copy = "\(folder)/copy.sqlite"
      let file = try DatabaseFile.inspect(path).get()
      let copying = try makeCopy(copy, of: file, by: deadline)
      let bytes = FileSystem.size(copy) ?? file.bytes
      var outcome = inspector.upgrade(copy, backup: nil, by: deadline)
      outcome.isWAL = file.isWAL
      if outcome.status == .migrated { outcome.rehearsedLock = lock(outcome, bytes: bytes, copying) }
      return outcome
    } catch {
      return Outcome(Failure(error, at: .backUp))
    }
  }

  /// How long writers would have to wait for the same upgrade of the database.
  ///
  /// - Parameters:
  ///   - outcome: the outcome of the copy's upgrade.
  ///   - bytes: the size of the copy before.
  ///   - copying: how long the copying took.
  /// - Returns: what the rehearsal tells about the lock.
  private func lock(
    _ outcome: Outcome, bytes: Int64, _ copying: Duration
  ) -> RehearsedLock {
    RehearsedLock(
      bytes: bytes, work: outcome.lockedMilliseconds ?? 0,
      backup: inspector.options.check == .none ? 0 : copying.milliseconds)
  }

  /// Makes and checks the copy.
  ///
  /// - Returns: how long the copying took.
  /// - Throws: `Failure` or `SQLiteError`.
  private func makeCopy(
    _ copy: String, of file: DatabaseFile, by deadline: Deadline
  ) throws -> Duration {
    let real = FileSystem.realPath(path) ?? path
    // A copy can't show whether the database and its folder, which gets the journal, are writable.
    for (path, what) in [(real, "the file"), (parentFolder(of: real), "its folder")]
    where access(path, W_OK) != 0 {
      throw unwritable(path, what)
    }
    let size = file.bytes + (FileSystem.size(real + "-wal") ?? 0)
    if let failure = preflight.lack(of: 2 * size, for: "a copy and its journal", in: folder) { throw failure }
    let options = inspector.options
    let writer = BackupWriter(check: options.check, busyTimeout: options.busyTimeout, deadline: deadline)
    let copying = try inspector.reader.read(path, file, by: deadline) { database in
      try BackupWriter.create(copy)
      let start = ContinuousClock.now
      try writer.fill(copy, from: database)
      return ContinuousClock.now - start
    }
    guard options.check != .none else { return copying }
    let database = try Connection(path: copy, access: .immutable, deadline: deadline)
    defer { database.close() }
    let check = options.check == .quick ? "quick_check" : "integrity_check"
    try BackupWriter.checkIntegrity(database, check, of: "the database")
    return copying
  }
}
