public import Migrations
public import Schema

/// What became of one installation.
public enum Status: String, Sendable, Codable, CaseIterable {
  /// Migrations were applied, proved and committed.
  case migrated
  /// There was nothing to apply.
  case current
  /// There is something to apply, and it was not applied in this run.
  case pending
  /// The work failed; the database is at its old version.
  case failed
  /// The installation's host was not reached.
  case unreachable
  /// It was left alone on purpose: it is ahead of the migrations.
  case skipped
}

/// A backup that was made and checked.
public struct BackupRecord: Hashable, Sendable, Codable {
  /// The file.
  public let path: String
  /// Its size in bytes.
  public let bytes: Int64
  /// SHA-256 of its content, in hexadecimal digits.
  public let sha256: String

  /// Makes a record.
  public init(path: String, bytes: Int64, sha256: String) {
    self.path = path
    self.bytes = bytes
    self.sha256 = sha256
  }

  /// Describes a backup file that is there.
  ///
  /// - Throws: `Failure` where it can't be read.
  public init(reading path: String) throws {
    let file = try FileDigest(path)
    self.init(path: path, bytes: file.bytes, sha256: file.sha256)
  }
}

/// What became of one installation in one run: a value, never an exception that ends the run.
public struct Outcome: Hashable, Sendable, Codable {
  /// In one word.
  public var status: Status
  /// The highest recorded version before; nil where the database is untracked or wasn't read.
  public var versionBefore: MigrationVersion?
  /// The highest recorded version after.
  public var versionAfter: MigrationVersion?
  /// What was applied, in order; the baseline counts as version 0.
  public var applied: [AppliedMigration] = []
  /// Migrations still to be applied, by version; the baseline counts as 0.
  public var pending: [MigrationVersion] = []
  /// Tables that are there and from which the pending migrations may delete rows.
  public var mayDelete: [String] = []
  /// Columns that are there and whose content the pending migrations declare to change, as `table.column`.
  public var mayChange: [String] = []
  /// The backup that was made.
  public var backup: BackupRecord?
  /// How the schema differs from what its version should look like.
  public var drift: [Difference] = []
  /// How many objects of its schema were left out, since they don't count.
  public var ignored = 0
  /// Digest of the normal form of its schema, as `sha256:…`.
  public var fingerprint: String?
  /// Why it failed, was skipped or not reached.
  public var failure: Failure?
  /// The hooks that ran.
  public var hooks: [HookResult] = []
  /// Other processes that had the file open before it was worked on, as `ownprem-server (pid 812)`: five, and how many
  /// more. Empty where nobody looked.
  public var openBy: [String] = []
  /// How long things took, in milliseconds: `backup`, `migrate`, `total`.
  public var milliseconds: [String: Double] = [:]
  /// The file's size in bytes.
  public var bytes: Int64?
  /// Whether it is certain that nothing was committed to the database: only then may a backup of it be thrown away.
  public var isUnchanged = false

  /// An outcome with nothing in it but its status.
  public init(status: Status) { self.status = status }

  /// An outcome that says why nothing could be done.
  public init(_ failure: Failure, status: Status = .failed) {
    self.status = status
    self.failure = failure
  }

  /// Says in the failure at which version the database is now, as `now` found it.
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
    self.failure = Failure(code: failure.code, step: failure.step, message: "\(failure.message); \(state)")
  }

  enum CodingKeys: String, CodingKey {
    case status, applied, pending, backup, drift, ignored, fingerprint, hooks, milliseconds, bytes
    case versionBefore = "version_before"
    case versionAfter = "version_after"
    case mayDelete = "may_delete"
    case mayChange = "may_change"
    case isUnchanged = "is_unchanged"
    case openBy = "open_by"
    case failure = "error"
  }
}
