internal import Basics
public import Migrations
internal import SQLite
public import Schema

/// How thoroughly a backup is checked before the database is changed.
public enum BackupCheck: String, Sendable, CaseIterable, Codable {
  /// `integrity_check`, and a comparison of every row with the database.
  case full
  /// `quick_check`.
  case quick
  /// No backup is made.
  case none
}

/// Options for the work on each installation.
///
/// ```swift
/// var options = UpgradeOptions()
/// options.target = 7
/// options.check = .quick
/// options.timeout = .seconds(120)
/// ```
///
/// A ``LocalWorker`` takes them, and they are sent to the ``Worker`` on a host.
public struct UpgradeOptions: Sendable, Codable {
  /// The highest version to apply, or nil for all.
  public var target: MigrationVersion?
  /// How the backup is checked, or that there is none.
  public var check = BackupCheck.full
  /// How backups are stored.
  public var compress = BackupCompression.none
  /// How long to wait for a lock.
  public var busyTimeout = Duration.seconds(30)
  /// The time limit for one installation, all steps together. Compressing the backup afterwards has as much again.
  public var timeout = Duration.seconds(600)
  /// Rules for the schema objects to ignore.
  public var ignored: [IgnoreRule] = []
  /// Whether drift includes a different order of columns. Otherwise the order doesn't matter.
  public var showsLayout = false
  /// Whether `inspect` also checks all data with `integrity_check` and `foreign_key_check`.
  public var deep = false
  /// The programs to run before and after an upgrade.
  public var hooks = Hooks()
  /// Whether `inspect` checks disk space and file system if migrations are pending, and whether `inspect` and `upgrade`
  /// report which processes have the file open.
  public var preflight = false
  /// The address of the backup destination, for the check of disk space; nil for `.flotilla/backups` beside the
  /// database.
  public var backupFolder: String?
  /// Whether to migrate databases on network file systems.
  public var networkFileSystems = false
  /// Whether to work on databases with several hard links. This never includes databases in WAL mode.
  public var hardLinks = false
  /// How `inspect` decides up to which version migrations could be recorded in a database without a history; nil to
  /// leave that out.
  public var adoption: AdoptionChoice?
  /// Whether outcomes have the database's history, which an ``ExpectedState`` is compared with.
  public var tellsHistory = false
  /// Whether `inspect` may roll back the journal that a crashed writer left. This is the only write that it ever does.
  public var recovers = true

  /// Creates options with the default values.
  public init() {}

  /// The longest time that an upgrade can take, including the hook after it and compressing its backup.
  public var longestUpgrade: Duration {
    timeout + (hooks.after.isEmpty ? .zero : HookedUpgrade.leastTime) + (compress == .none ? .zero : timeout)
  }
}

/// Does the work on single installations, on this machine or on a host.
///
/// ```swift
/// func upgrade(_ path: String, with worker: any Worker) -> Outcome {
///   let found = worker.inspect(path)
///   guard found.status == .pending else { return found }
///   return worker.upgrade(path, backup: "/var/backups/run-1/app.sqlite")
/// }
/// ```
///
/// Many lanes call a worker at the same time. Failures are part of the ``Outcome``. See also ``LocalWorker``.
public protocol Worker: Sendable {
  /// Reads versions, schema and drift without changing the database.
  func inspect(_ path: String) -> Outcome
  /// Upgrades a database: runs the hook before, backs up to the location `backup`, migrates, proves, commits, and runs
  /// the hook after.
  ///
  /// If `expected` is given, the database has to be in that state, before the first hook and again under the lock.
  /// Otherwise the work fails with the code `changed` and writes nothing. The worker's options need
  /// ``UpgradeOptions/tellsHistory`` for this.
  func upgrade(_ path: String, backup: String, expecting expected: ExpectedState?) -> Outcome
  /// Records migrations in a database without a history, or settles one that its history marks as half done, without
  /// running any, after backing it up to the location `backup`.
  ///
  /// The database must still have the schema that `inspect` found. No hook runs.
  func adopt(
    _ path: String, _ decision: AdoptionDecision, schema fingerprint: String, backup: String
  ) -> Outcome
  /// Makes a backup at the location `destination`, and does nothing else.
  func backUp(_ path: String, to destination: String) -> Outcome
  /// Writes a backup's content into the live file, after backing up the current content to the location `saved`.
  func restore(_ path: String, from backup: BackupRecord, saving saved: String) -> Outcome
  /// Upgrades a copy of the database to find out what an upgrade would do.
  ///
  /// The database is only read, and no hook runs. The time limit includes making the copy. The copy is in `folder`,
  /// which is created for it and removed with it.
  func rehearse(_ path: String, in folder: String) -> Outcome
  /// Asks the database the questions that decide whether its pending migrations will fail or lose something.
  ///
  /// The database is only read, and no copy is made. What can't be asked in the time limit is part of the answers.
  func ask(_ path: String) -> DataAnswers
  /// Removes the backups at these locations.
  ///
  /// - Throws: `Failure` if a backup is still there.
  func remove(_ backups: [String]) throws(Failure)
  /// Lists the backups called `name`, which ends in `.sqlite`, that `runs` made in the destination at `folder`.
  ///
  /// - Throws: `Failure` if the destination can't be asked.
  func backups(_ name: String, in folder: String, of runs: [String]) throws(Failure) -> [FoundBackup]
  /// Copies a backup from the worker's machine to the location `path` on this machine.
  ///
  /// - Returns: the record of the copy, whose size and SHA-256 are those of the backup.
  /// - Throws: `Failure` if the copy can't be made or is not identical.
  func fetch(_ backup: BackupRecord, to path: String) throws(Failure) -> BackupRecord
  /// Copies the backup at the location `path` on this machine to the worker's machine, as `backup`.
  ///
  /// - Throws: `Failure` if the copy can't be made or is not identical.
  func store(_ path: String, as backup: BackupRecord) throws(Failure)
}

extension Worker {
  /// Upgrades a database, whatever state it is in.
  public func upgrade(_ path: String, backup: String) -> Outcome {
    upgrade(path, backup: backup, expecting: nil)
  }
}

/// Works on the files of this machine.
///
/// ```swift
/// let set = try MigrationSet.load(folder: "migrations")
/// let worker = LocalWorker(set, ExpectedSchema(set), UpgradeOptions())
/// let outcome = worker.upgrade("/srv/app.db", backup: "/var/backups/run-1/app.sqlite")
/// print(outcome.status)
/// ```
///
/// See also ``Worker``, ``UpgradeOptions`` and ``Outcome``.
public struct LocalWorker: Worker {
  let inspector: Inspector
  let preflight: Preflight
  private let questions = QuestionCache()
  var options: UpgradeOptions { inspector.options }

  /// Creates a worker.
  ///
  /// - Parameters:
  ///   - set: the migrations.
  ///   - expectedSchema: the schemas of their versions.
  ///   - options: the options for each installation.
  ///   - control: observes the progress, and can cancel the work.
  public init(
    _ set: MigrationSet, _ expectedSchema: ExpectedSchema, _ options: UpgradeOptions,
    control: WorkControl = WorkControl()
  ) {
    inspector = Inspector(
      set: set, expectedSchema: expectedSchema,
      cache: SchemaCache(ignoring: options.ignored + set.historyRules),
      states: StateCache(), comparison: VersionComparison(set, expectedSchema), options: options,
      control: control)
    preflight = Preflight(options)
  }

  /// See ``Worker/inspect(_:)``.
  public func inspect(_ path: String) -> Outcome {
    let outcome = inspector.inspect(path)
    return options.preflight && outcome.status == .pending ? preflight.checked(outcome, at: path) : outcome
  }

  /// See ``Worker/upgrade(_:backup:expecting:)``.
  public func upgrade(_ path: String, backup: String, expecting expected: ExpectedState?) -> Outcome {
    timed {
      if let failure = preflight.networkFileSystem(of: path) { return Outcome(failure) }
      let openBy = options.preflight ? preflight.openFiles.holders(of: path) : []
      var outcome = HookedUpgrade(inspector: inspector, path: path, backup: backup, expected: expected).run()
      outcome.openBy = openBy
      return outcome
    }
  }

  /// See ``Worker/adopt(_:_:schema:backup:)``.
  public func adopt(
    _ path: String, _ decision: AdoptionDecision, schema fingerprint: String, backup: String
  ) -> Outcome {
    timed {
      if let failure = preflight.networkFileSystem(of: path) { return Outcome(failure) }
      return Adoption(inspector, path, decision, schema: fingerprint, backup: backup).run()
    }
  }

  /// See ``Worker/rehearse(_:in:)``.
  public func rehearse(_ path: String, in folder: String) -> Outcome {
    timed { Rehearsal(inspector: inspector, preflight: preflight, path: path, folder: folder).run() }
  }

  /// See ``Worker/ask(_:)``.
  public func ask(_ path: String) -> DataAnswers {
    DataSurvey(inspector: inspector, cache: questions).ask(path)
  }

  /// See ``Worker/backUp(_:to:)``.
  public func backUp(_ path: String, to destination: String) -> Outcome {
    timed { Backup(inspector, path, to: destination).run() }
  }

  /// See ``Worker/restore(_:from:saving:)``.
  public func restore(_ path: String, from backup: BackupRecord, saving saved: String) -> Outcome {
    timed { Restore(inspector, path, from: backup, saving: saved).run() }
  }

  /// See ``Worker/remove(_:)``. A backup that doesn't exist counts as removed.
  public func remove(_ backups: [String]) throws(Failure) {
    for location in backups { try BackupDestinations.holding(location).remove(location) }
  }

  /// See ``Worker/backups(_:in:of:)``.
  public func backups(_ name: String, in folder: String, of runs: [String]) -> [FoundBackup] {
    let destination = BackupDestinations.at(folder)
    return FoundBackup.all(destination.name(in: name), in: destination, of: runs, inspector.set.historyTable)
  }

  /// See ``Worker/fetch(_:to:)``.
  public func fetch(_ backup: BackupRecord, to path: String) throws(Failure) -> BackupRecord {
    let copy = BackupRecord(path: path, bytes: backup.bytes, sha256: backup.sha256)
    try store(backup.path, as: copy)
    return copy
  }

  /// See ``Worker/store(_:as:)``.
  public func store(_ path: String, as backup: BackupRecord) throws(Failure) {
    let arriving = try IncomingBackup(backup)
    do {
      try readBackup(at: path, of: backup.bytes, length: 1 << 20) { try arriving.append($0) }
    } catch {
      throw Failure(error, at: .backUp)
    }
    try arriving.finish()
  }

  private func timed(_ work: () -> Outcome) -> Outcome {
    let start = ContinuousClock.now
    var outcome = work()
    compressBackup(of: &outcome)
    outcome.milliseconds["total"] = (ContinuousClock.now - start).milliseconds
    return outcome
  }

  /// Compresses a backup that was made, if the options say so. The work is done and the database free, so that nobody
  /// has to wait for this. If it fails, the backup stays as it is.
  private func compressBackup(of outcome: inout Outcome) {
    guard options.compress == .zstd, let backup = outcome.backup, !outcome.hasNeedlessBackup else { return }
    let start = ContinuousClock.now
    do {
      let deadline = Deadline(in: options.timeout, inspector.control.cancellation)
      outcome.backup?.compressedBytes =
        try BackupDestinations.holding(backup.path).compress(backup, by: deadline)
    } catch {
      outcome.compressionProblem = Failure(error, at: .backUp).message
    }
    outcome.milliseconds["compress"] = (ContinuousClock.now - start).milliseconds
  }
}
