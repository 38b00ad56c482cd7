internal import FoundationEssentials
public import Migrations
public import Schema
public import Upgrade

/// What would be done to which installation, as `plan --output` writes it and `migrate --plan` does it.
///
/// ```swift
/// let plan = try KeptPlan(reading: "plan.json")
/// try plan.check(fleet: "shop")
/// try plan.check(set)
/// let workers = KeptPlanWorkers(workers, plan, inventory, done: [:])
/// ```
public struct KeptPlan: Sendable, Codable, Equatable {
  /// The format that this version writes and reads.
  public static let format = "flotilla.plan/1"

  /// The migrations that it was made with.
  public struct Migrations: Sendable, Codable, Equatable {
    /// One file.
    public struct File: Sendable, Codable, Equatable {
      /// What the file is for.
      public enum Role: String, Sendable, Codable {
        /// It runs on databases without a history.
        case baseline
        /// It is one migration, or belongs to one.
        case migration
        /// It makes a fresh installation.
        case schema
      }

      /// What the file is for.
      public let role: Role
      /// The file's path below the folder of migrations; for baseline and schema the name alone.
      public let name: String
      /// The digest of its content, as `sha256:…`.
      public let digest: String
    }

    /// The digest of the whole set, as in reports.
    public let digest: String
    /// The files; empty if a program migrates.
    public let files: [File]
  }

  /// Always ``format``.
  public let format: String
  /// The name of the fleet.
  public let fleet: String
  /// When it was made, in ISO 8601.
  public let createdAt: String
  /// The program that made it, such as `flotilla 0.1.0`.
  public let program: String
  /// The pattern that selected the installations; nil for the whole fleet.
  public let only: String?
  /// The highest version to apply; nil for all.
  public let target: MigrationVersion?
  /// The migrations.
  public let migrations: Migrations
  /// The installations, in the order of the inventory.
  public let installations: [PlannedInstallation]

  enum CodingKeys: String, CodingKey {
    case format, fleet, program, only, target, migrations, installations
    case createdAt = "created_at"
  }

  /// Creates a plan.
  public init(
    fleet: String, createdAt: String, program: String, only: String?, target: MigrationVersion?,
    _ set: MigrationSet, _ installations: [PlannedInstallation]
  ) {
    format = Self.format
    (self.fleet, self.createdAt, self.program) = (fleet, createdAt, program)
    (self.only, self.target, self.installations) = (only, target, installations)
    migrations = Migrations(set)
  }

  /// The digest of all that it says.
  public var digest: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let data = try? encoder.encode(self) else { preconditionFailure("a plan is always valid JSON") }
    return Fingerprint(of: data).description
  }

  /// Encodes all fields; those without a value as null.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(format, forKey: .format)
    try fields.encode(fleet, forKey: .fleet)
    try fields.encode(createdAt, forKey: .createdAt)
    try fields.encode(program, forKey: .program)
    try fields.encode(only, forKey: .only)
    try fields.encode(target, forKey: .target)
    try fields.encode(migrations, forKey: .migrations)
    try fields.encode(installations, forKey: .installations)
  }
}

extension KeptPlan.Migrations {
  init(_ set: MigrationSet) {
    typealias Role = KeptPlan.Migrations.File.Role
    let files = set.files
    let all: [(Role, MigrationFiles.File)] =
      [files.baseline].compactMap { $0 }.map { (.baseline, $0) } + files.migrations.map { (.migration, $0) }
      + [files.schema].compactMap { $0 }.map { (.schema, $0) }
    digest = set.digest.description
    self.files = all.map { role, file in
      File(role: role, name: file.name, digest: Fingerprint(of: file.text.utf8).description)
    }
  }
}

/// One installation of a plan.
public struct PlannedInstallation: Sendable, Codable, Equatable {
  /// The id.
  public let id: String
  /// The host; nil if the database is on the machine that runs the plan.
  public let host: String?
  /// The path of the database.
  public let path: String
  /// The status when the plan was made.
  public let status: Status
  /// The fingerprint of the schema; nil if it was not read.
  public let fingerprint: String?
  /// What is recorded; nil if the database is untracked or was not read.
  public let history: [RecordedVersion]?
  /// The versions to apply; the baseline counts as 0.
  public let pending: [MigrationVersion]
  /// Tables from which the pending migrations may delete rows.
  public let mayDelete: [String]
  /// Why the plan leaves it alone; nil if it doesn't.
  public let error: Failure?

  enum CodingKeys: String, CodingKey {
    case id, host, path, status, fingerprint, history, pending, error
    case mayDelete = "may_delete"
  }

  /// Describes an installation by what an inspection with its history found.
  public init(_ installation: Installation, _ found: Outcome) {
    (id, host, path) = (installation.id, installation.machine.address, installation.path)
    (status, fingerprint, history) = (found.status, found.fingerprint, found.history)
    (pending, mayDelete, error) = (found.pending, found.mayDelete, found.failure)
  }

  /// `HOST:PATH`, or the plain path if the database is on this machine.
  public var place: String { host.map { "\($0):\(path)" } ?? path }

  /// The state in which the database has to be; nil if the plan leaves it alone.
  public var expected: ExpectedState? {
    guard error == nil, let fingerprint, status == .pending || status == .current else { return nil }
    return ExpectedState(fingerprint: fingerprint, history: history, pending: pending)
  }

  /// Encodes all fields; those without a value as null.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(id, forKey: .id)
    try fields.encode(host, forKey: .host)
    try fields.encode(path, forKey: .path)
    try fields.encode(status, forKey: .status)
    try fields.encode(fingerprint, forKey: .fingerprint)
    try fields.encode(history, forKey: .history)
    try fields.encode(pending, forKey: .pending)
    try fields.encode(mayDelete, forKey: .mayDelete)
    try fields.encode(error, forKey: .error)
  }
}
