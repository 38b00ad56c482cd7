public import Migrations
public import Schema

/// The result of the work on one installation, in one word.
public enum Status: String, Sendable, Codable, CaseIterable {
  /// Migrations were applied, proved and committed.
  case migrated
  /// Nothing was pending.
  case current
  /// Migrations are pending, and this run did not apply them.
  case pending
  /// The work or a hook failed; ``Outcome/versionAfter`` is the version that the database has now.
  case failed
  /// The installation's host could not be reached.
  case unreachable
  /// The installation was left alone on purpose: it is ahead of the migrations, the migrations can't be used, or a kept
  /// plan leaves it alone.
  case skipped
}

/// A backup that was made and checked.
public struct BackupRecord: Hashable, Sendable, Codable {
  /// The location of the backup.
  public let path: String
  /// The size of its content in bytes.
  public let bytes: Int64
  /// The SHA-256 of its content, as hexadecimal digits.
  public let sha256: String
  /// How many bytes it takes if it is stored compressed; otherwise nil.
  public var compressedBytes: Int64?

  /// Creates a record.
  public init(path: String, bytes: Int64, sha256: String, compressedBytes: Int64? = nil) {
    self.path = path
    self.bytes = bytes
    self.sha256 = sha256
    self.compressedBytes = compressedBytes
  }

  enum CodingKeys: String, CodingKey {
    case path, bytes, sha256
    case compressedBytes = "compressed_bytes"
  }

  /// Describes an existing backup file by reading it.
  ///
  /// - Throws: `Failure` if the file can't be read.
  public init(reading path: String) throws {
    let file = try FileDigest(path)
    self.init(path: path, bytes: file.bytes, sha256: file.sha256)
  }
}

/// The result of the work on one installation in one run. It is a value, never an error that ends the run.
///
/// ```swift
/// let outcome = worker.upgrade(path, backup: backup)
/// switch outcome.status {
/// case .migrated: print("now at version \(outcome.versionAfter ?? 0)")
/// case .failed: print(outcome.failure?.message ?? "")
/// default: break
/// }
/// ```
///
/// A ``Worker`` returns outcomes. ``Failure`` says why an outcome is not a success.
public struct Outcome: Hashable, Sendable, Codable {
  /// The result in one word.
  public var status: Status
  /// The highest recorded version before the work; nil if the database is untracked or wasn't read.
  public var versionBefore: MigrationVersion?
  /// The highest recorded version after the work; nil if the database is untracked or wasn't read.
  public var versionAfter: MigrationVersion?
  /// The applied migrations, in order; the baseline counts as version 0.
  public var applied: [AppliedMigration] = []
  /// The versions still to be applied; the baseline counts as 0.
  public var pending: [MigrationVersion] = []
  /// Existing tables from which the pending migrations may delete rows.
  public var mayDelete: [String] = []
  /// Existing columns whose content the pending migrations declare to change, as `table.column`.
  public var mayChange: [String] = []
  /// The backup that was made; nil if there is none.
  public var backup: BackupRecord?
  /// Why the backup isn't compressed although it should be; otherwise nil.
  public var compressionProblem: String?
  /// The differences between the schema and the expected schema of its version.
  public var drift: [Difference] = []
  /// How many schema objects were left out by the rules for ignored objects.
  public var ignored = 0
  /// The digest of the schema's normal form, as `sha256:…`; nil if the schema wasn't read.
  public var fingerprint: String?
  /// What the database records, in the order of the versions; nil if it is untracked, or if nobody asked.
  public var history: [RecordedVersion]?
  /// Why the work failed, was skipped, or did not reach the installation; nil otherwise.
  public var failure: Failure?
  /// What the pending migrations do without declaring it, by migration. Only a rehearsal lists it; it has then failed.
  public var undeclared: [UndeclaredEffects] = []
  /// What `adopt` would record; nil if the database has a history, or nobody asked.
  public var adoption: AdoptionFinding?
  /// How `adopt` would settle a half-done migration; nil if the history marks none, or nobody asked.
  public var settlement: SettlementFinding?
  /// The results of the hooks that ran.
  public var hooks: [HookResult] = []
  /// Other processes that had the file open before the work began, as `ownprem-server (pid 812)`: at most five, then
  /// the number of the others. Empty if nobody looked.
  public var openBy: [String] = []
  /// Durations in milliseconds: `backup`, `migrate`, `compress`, `total`.
  public var milliseconds: [String: Double] = [:]
  /// The longest time for which the application's writers had to wait, in milliseconds: for the write lock, or outside
  /// WAL mode for the copying before it if that took longer. Nil if no lock was taken.
  public var lockedMilliseconds: Double?
  /// What a rehearsal tells about how long writers would have to wait; nil if it failed, or nobody asked.
  public var rehearsedLock: RehearsedLock?
  /// The file's size in bytes; nil if it wasn't read.
  public var bytes: Int64?
  /// Whether the database is in WAL mode; nil if its file wasn't read.
  public var isWAL: Bool?
  /// Whether it is certain that nothing was committed to the database. A backup may only be discarded if this is true.
  public var isUnchanged = false

  /// Creates an outcome with a status and nothing else.
  public init(status: Status) { self.status = status }

  /// Creates an outcome that says why nothing could be done.
  public init(_ failure: Failure, status: Status = .failed) {
    self.status = status
    self.failure = failure
  }

  /// Adds the version that the database has now, as `now` found it, to the failure's message.
  mutating func addState(read now: Outcome) {
    guard let failure else { return }
    let isRead = now.fingerprint != nil
    versionAfter = isRead ? now.versionAfter : nil
    fingerprint = now.fingerprint
    let version = now.versionAfter.map { "at version \($0)" } ?? "untracked"
    let state =
      isRead
      ? "the database is \(version)"
      : "at which version the database is could not be read: \(now.failure?.message ?? "")"
    self.failure = failure.saying("\(failure.message); \(state)")
  }

  enum CodingKeys: String, CodingKey {
    case status, applied, pending, backup, drift, ignored, fingerprint, undeclared, hooks, milliseconds,
      bytes, adoption, settlement, history
    case versionBefore = "version_before"
    case versionAfter = "version_after"
    case mayDelete = "may_delete"
    case mayChange = "may_change"
    case isUnchanged = "is_unchanged"
    case openBy = "open_by"
    case lockedMilliseconds = "locked_ms"
    case rehearsedLock = "rehearsed_lock"
    case isWAL = "is_wal"
    case compressionProblem = "compression_problem"
    case failure = "error"
  }
}

extension Outcome {
  /// Whether the backup is certainly equal to the database, so that it isn't kept: a migration failed at *migrate*,
  /// *record* or *prove*, and nothing was committed.
  public var hasNeedlessBackup: Bool {
    guard status == .failed, applied.isEmpty, isUnchanged, let step = failure?.step else { return false }
    return [.migrate, .record, .prove].contains(step)
  }
}
