internal import Basics
public import Migrations
internal import SQLite
public import Schema

/// How thoroughly a backup is checked before anything is written.
public enum BackupCheck: String, Sendable, CaseIterable, Codable {
  /// `integrity_check`, and every row compared with the database's.
  case full
  /// `quick_check`.
  case quick
  /// No backup at all.
  case none
}

/// How to treat each installation.
public struct UpgradeOptions: Sendable, Codable {
  /// The highest version to apply, or nil for all.
  public var target: MigrationVersion?
  /// The check of the backup, or no backup.
  public var check = BackupCheck.full
  /// How long to wait for a lock.
  public var busyTimeout = Duration.seconds(30)
  /// How long one installation may take in all.
  public var timeout = Duration.seconds(600)
  /// What of the schema doesn't count.
  public var ignored: [IgnoreRule] = []
  /// Whether columns in another order are listed; they are no reason to tell installations apart otherwise.
  public var showsLayout = false
  /// Whether `inspect` also reads all of the data: `integrity_check` and `foreign_key_check`.
  public var deep = false
  /// What to run around an upgrade.
  public var hooks = Hooks()
  /// Whether `inspect` of what is to be migrated also looks for room and a local disk, and whether it and `upgrade`
  /// say who has the file open.
  public var preflight = false
  /// The address of the destination of backups, for the look for room; nil for `.flotilla/backups` beside the database.
  public var backupFolder: String?
  /// Whether databases on network file systems are migrated.
  public var networkFileSystems = false
  /// Whether databases in a rollback-journal mode are worked on that have several names; those in WAL mode never are.
  public var hardLinks = false
  /// Whether a look may roll back the journal that a crashed writer left, which is the only write that it ever does.
  public var recovers = true

  /// The defaults.
  public init() {}

  /// The longest that an upgrade takes, with a hook after it.
  public var longestUpgrade: Duration { timeout + (hooks.after.isEmpty ? .zero : HookedUpgrade.leastTime) }
}

/// Does the work on single installations, here or elsewhere. It is called by many lanes at once.
public protocol Worker: Sendable {
  /// Says what is there; changes nothing.
  func inspect(_ path: String) -> Outcome
  /// Runs the hook before, backs up to the location `backup`, migrates, proves, commits, and runs the hook after.
  func upgrade(_ path: String, backup: String) -> Outcome
  /// Makes a backup at the location `destination`, and nothing else.
  func backUp(_ path: String, to destination: String) -> Outcome
  /// Writes a backup's content into the live file, after making another backup of what is there.
  func restore(_ path: String, from backup: BackupRecord, saving saved: String) -> Outcome
  /// Upgrades a copy of the database, to tell what an upgrade would do: the database is only read, no hook runs, and
  /// the time for making the copy counts. The copy is made in `folder`, which is made for it and removed with it.
  func rehearse(_ path: String, in folder: String) -> Outcome
  /// Removes the backups at these locations.
  func remove(_ backups: [String]) throws(Failure)
  /// The backups called `name`, which ends in `.sqlite`, that `runs` have in the destination at `folder`.
  func backups(_ name: String, in folder: String, of runs: [String]) throws(Failure) -> [FoundBackup]
  /// Brings a backup from where the worker works to the location `path` here, proved to be the same file; gives its
  /// record here.
  func fetch(_ backup: BackupRecord, to path: String) throws(Failure) -> BackupRecord
  /// Takes the backup at the location `path` here to where the worker works, as `backup`; proved to be the same file.
  func store(_ path: String, as backup: BackupRecord) throws(Failure)
}

/// Works on files of this machine.
public struct LocalWorker: Worker {
  let inspector: Inspector
  let preflight: Preflight
  var options: UpgradeOptions { inspector.options }

  /// Makes a worker.
  ///
  /// - Parameters:
  ///   - set: the migrations.
  ///   - expectedSchema: what their versions look like.
  ///   - options: how to treat each installation.
  ///   - control: is told how far the work is, and may call it off.
  public init(
    _ set: MigrationSet, _ expectedSchema: ExpectedSchema, _ options: UpgradeOptions,
    control: WorkControl = WorkControl()
  ) {
    inspector = Inspector(
      set: set, expectedSchema: expectedSchema, cache: SchemaCache(ignoring: options.ignored),
      driftCache: DriftCache(), options: options, control: control)
    preflight = Preflight(options)
  }

  /// See `Worker`.
  public func inspect(_ path: String) -> Outcome {
    let outcome = inspector.inspect(path)
    return options.preflight && outcome.status == .pending ? preflight.checked(outcome, at: path) : outcome
  }

  /// See `Worker`.
  public func upgrade(_ path: String, backup: String) -> Outcome {
    timed {
      if let failure = preflight.networkFileSystem(of: path) { return Outcome(failure) }
      let openBy = options.preflight ? preflight.openFiles.holders(of: path) : []
      var outcome = HookedUpgrade(inspector: inspector, path: path, backup: backup).run()
      outcome.openBy = openBy
      return outcome
    }
  }

  /// See `Worker`.
  public func rehearse(_ path: String, in folder: String) -> Outcome {
    timed { Rehearsal(inspector: inspector, preflight: preflight, path: path, folder: folder).run() }
  }

  /// See `Worker`.
  public func backUp(_ path: String, to destination: String) -> Outcome {
    timed { Backup(inspector: inspector, path: path, location: destination).run() }
  }

  /// See `Worker`.
  public func restore(_ path: String, from backup: BackupRecord, saving saved: String) -> Outcome {
    timed { Restore(inspector, path, from: backup, saving: saved).run() }
  }

  /// See `Worker`. A backup that isn't there counts as removed.
  public func remove(_ backups: [String]) throws(Failure) {
    for location in backups { try BackupDestinations.holding(location).remove(location) }
  }

  /// See `Worker`.
  public func backups(_ name: String, in folder: String, of runs: [String]) -> [FoundBackup] {
    let destination = BackupDestinations.at(folder)
    return FoundBackup.all(destination.name(in: name), in: destination, of: runs, inspector.set.historyTable)
  }

  /// See `Worker`.
  public func fetch(_ backup: BackupRecord, to path: String) throws(Failure) -> BackupRecord {
    let copy = BackupRecord(path: path, bytes: backup.bytes, sha256: backup.sha256)
    try store(backup.path, as: copy)
    return copy
  }

  /// See `Worker`.
  public func store(_ path: String, as backup: BackupRecord) throws(Failure) {
    let arriving = try IncomingBackup(backup)
    do {
      try readBackup(at: path, length: 1 << 20) { try arriving.append($0) }
    } catch {
      throw Failure(error, at: .backUp)
    }
    try arriving.finish()
  }

  private func timed(_ work: () -> Outcome) -> Outcome {
    let start = ContinuousClock.now
    var outcome = work()
    outcome.milliseconds["total"] = (ContinuousClock.now - start).milliseconds
    return outcome
  }
}
