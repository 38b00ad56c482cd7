internal import Basics
internal import Glibc
internal import Migrations
internal import SQLite
internal import Schema

/// One upgrade of one installation by a migration program: inspect → back up → lock → copy → run → prove → write.
///
/// The program works on a private copy while this process holds the lock on the live file. If the proof succeeds, the
/// copy's content is written into the live file by SQLite's backup API, in one transaction under the same lock. A
/// program that stops half-way or loses rows therefore changes nothing.
final class ProgramUpgrade {
  private let inspector: Inspector
  private let program: MigrationProgram
  private let path: String
  /// The location of the backup; nil if the file is a copy itself.
  private let backup: String?
  private let deadline: Deadline
  /// The state that the database has to be in; nil for any.
  var expected: ExpectedState?
  private var step = UpgradeStep.open {
    didSet { if step != oldValue { inspector.control.began?(path, step) } }
  }
  private var outcome = Outcome(status: .failed)
  /// Whether the live file may have been written.
  private var isWritten = false
  /// The backup; nil if there is none.
  private var saving: SnapshotBackup?
  private var backupMilliseconds = 0.0

  /// Ends the copy when nothing has to be done, with the result in `outcome`.
  private struct NothingToDo: Error {}

  init(
    _ inspector: Inspector, _ program: MigrationProgram, _ path: String, backup: String?, deadline: Deadline
  ) {
    (self.inspector, self.program, self.path) = (inspector, program, path)
    (self.backup, self.deadline) = (backup, deadline)
  }

  func run() -> Outcome {
    do {
      let file = try DatabaseFile.inspect(path).get()
      outcome.bytes = file.bytes
      if backup != nil { try DurableFolder.make(parentFolder(of: copyFolder)) }
      let copies = try CopyFolder(copyFolder)
      defer { copies.remove() }
      try work(file, "\(copies.path)/copy.sqlite")
    } catch is NothingToDo {
    } catch {
      outcome.status = .failed
      outcome.failure = Failure(error, at: step)
      outcome.isUnchanged = !isWritten
      if isWritten { outcome.addState(read: inspector.inspect(path)) }
    }
    noteBackup()
    return outcome
  }

  /// Adds the backup to the outcome, when the lock is gone.
  private func noteBackup() {
    guard let saving else { return }
    outcome.milliseconds["backup"] = backupMilliseconds
    do {
      outcome.backup = try saving.record()
    } catch  where outcome.failure == nil {
      outcome.status = .failed
      outcome.failure = Failure(error, at: .backUp)
    } catch {}
  }

  /// The folder of the copy: beside that of the backups, which are in a folder for each run. It has the same name at
  /// each attempt, so that nothing accumulates where runs are killed.
  private var copyFolder: String {
    guard let backup else { return "\(parentFolder(of: path))/program" }
    let folder = (0..<3).reduce(backup) { path, _ in parentFolder(of: path) }
    return "\(folder)/copies-\(Fingerprint(of: path.utf8).hex.prefix(16))"
  }

  private func work(_ file: DatabaseFile, _ copy: String) throws {
    try inspector.control.check(at: .open)
    let database = try openForWriting(path, file, inspector.options, deadline)
    defer { database.close() }
    defer { saving?.close() }
    try requireSameFile(database, file)
    try save(file, database)
    step = .lock
    let (path, version) = (database.resolvedPath, try database.scalar("PRAGMA data_version"))
    try create(copy, pageSize: database.scalar("PRAGMA page_size")?.integer ?? 4096)
    let source = try Connection(path: copy, access: .readWrite, deadline: deadline)
    defer { source.close() }
    let start = ContinuousClock.now
    var lost: [String: Int] = [:]
    var lockedSince: ContinuousClock.Instant?
    do {
      defer { outcome.count(lockedSince: lockedSince, copying: saving) }
      try database.copyContent(of: source) {
        lockedSince = .now
        lost = try migrate(file, at: path, copy, source)
        step = .commit
        isWritten = true
      }
    }
    outcome.milliseconds["migrate"] = (ContinuousClock.now - start).milliseconds
    let written = WrittenContent(
      database: database, sourcePath: copy, source: source, dataVersion: version,
      busyTimeout: inspector.options.busyTimeout, deadline: deadline)
    let difference = try outcome.countingWait(outsideWAL: file) {
      try written.difference(inspector.set.historyTable, "the migrated database")
    }
    if let difference {
      throw Failure(
        code: .program, step: .commit, message: "after writing, \(difference) differs from what was proved")
    }
    finish(try inspector.readState(of: database), lost)
  }

  /// Whether an earlier attempt of this run did the work, whose result was lost with the connection.
  private func isDone(_ found: Outcome) -> Bool {
    guard found.status == .current, let backup else { return false }
    return BackupDestinations.holding(backup).has(backup)
  }

  /// Copies and checks the content while others may write.
  private func save(_ file: DatabaseFile, _ database: Connection) throws {
    guard let backup, inspector.options.check != .none else { return }
    step = .inspect
    let state = try inspector.readState(of: database)
    let found = inspector.outcome(state, bytes: file.bytes)
    guard found.status == .pending, expected?.refusal(of: found) == nil else { return }
    step = .backUp
    let start = ContinuousClock.now
    defer { backupMilliseconds += (ContinuousClock.now - start).milliseconds }
    saving = try inspector.snapshotBackup(
      of: database, file, to: backup, inspector.options.check, by: deadline)
  }

  /// Completes the backup while nobody can write.
  private func completeBackup() throws {
    guard backup != nil, inspector.options.check != .none else { return }
    step = .backUp
    let start = ContinuousClock.now
    defer { backupMilliseconds += (ContinuousClock.now - start).milliseconds }
    guard let saving else {
      // Only then it became known that something is pending.
      throw Failure(
        code: .changed, step: .backUp, message: "it was changed while it was inspected; run the command again"
      )
    }
    try saving.complete()
  }

  private func finish(_ after: Inspector.State, _ lost: [String: Int]) {
    let names = outcome.pending
    outcome.status = .migrated
    outcome.applied = names.enumerated().map { index, version in
      let isLast = index == names.count - 1
      return AppliedMigration(
        version: version, name: inspector.set.name(of: version) ?? "",
        milliseconds: isLast ? outcome.milliseconds["migrate"] ?? 0 : 0, rowsDeleted: isLast ? lost : [:])
    }
    (outcome.pending, outcome.mayDelete, outcome.mayChange) = ([], [], [])
    outcome.versionAfter = after.history.version
    outcome.fingerprint = after.schema.fingerprint.description
    outcome.drift = after.drift
    outcome.ignored = after.schema.ignored
    outcome.isUnchanged = false
  }

  /// Creates an empty database with a page size, since the backup API copies only between equal ones.
  private func create(_ copy: String, pageSize: Int64) throws {
    try BackupWriter.create(copy)
    let database = try Connection(path: copy, access: .readWrite, deadline: deadline)
    defer { database.close() }
    try database.execute("PRAGMA page_size=\(pageSize)")
    try database.execute("CREATE TABLE a (b)")
    try database.execute("DROP TABLE a")
  }

  /// Makes the copy, migrates and proves it, while nobody can write to the live file.
  ///
  /// - Returns: the rows that were lost, as fleet.yml permits, by table.
  private func migrate(
    _ file: DatabaseFile, at live: String, _ copy: String, _ source: Connection
  ) throws -> [String: Int] {
    step = .inspect
    // Outside WAL mode the lock excludes all readers. The file holds everything that is committed if there is no log.
    let access: Connection.Access = DatabaseFile.hasLog(beside: live) ? .readOnly : .immutable
    let original = try Connection(path: live, access: access, deadline: deadline)
    defer { original.close() }
    try original.execute("BEGIN")
    try requireSameFile(original, file)
    let before = try inspector.state(of: original)
    let found = inspector.outcome(before, bytes: file.bytes)
    outcome = found
    if let refusal = expected?.refusal(of: found), !isDone(found) { throw refusal }
    guard found.status == .pending else { throw NothingToDo() }
    outcome.status = .failed
    try completeBackup()
    try inspector.control.check(at: .migrate)
    step = .migrate
    let writer = BackupWriter(check: .none, busyTimeout: inspector.options.busyTimeout, deadline: deadline)
    try writer.fill(copy, from: original)
    let inode = try DatabaseFile.inspect(copy).get().inode
    try MigratorProcess(program: program).run(on: copy, within: deadline.left)
    step = .prove
    let result = try DatabaseFile.inspect(copy).get()
    guard result.inode == inode else {
      throw Failure(
        code: .program, step: .prove,
        message: "the program replaced the database's file instead of writing into it")
    }
    return try prove(copy, original, before, pageSize: file.pageSize)
  }

  /// Compares the copy with the original, and brings it into the form in which its pages can be copied.
  private func prove(
    _ copy: String, _ original: Connection, _ before: Inspector.State, pageSize: Int
  ) throws -> [String: Int] {
    let database = try Connection(path: copy, access: .readWrite, deadline: deadline)
    defer { database.close() }
    // The mode is in the pages that are copied. This also fails if the program has left a process that uses the file.
    let mode = try database.scalar("PRAGMA journal_mode=DELETE")?.text
    let size = try database.scalar("PRAGMA page_size")?.integer
    guard mode == "delete", size == Int64(pageSize) else {
      throw Failure(
        code: .program, step: .prove,
        message: mode == "delete" ? "the program changed the page size" : "something still uses the copy")
    }
    try database.execute("BEGIN")
    defer { database.rollback() }
    let after = try inspector.state(of: database)
    let proof = ProgramProof(
      original: original, before: before, copy: database, after: after, inspector: inspector, program: program
    )
    let lost = try proof.check()
    try inspector.control.check(at: .prove)
    try deadline.check()
    return lost
  }
}
