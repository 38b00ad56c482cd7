public import Migrations
public import Schema
public import Upgrade

/// A fleet file, parsed and checked, before its installations are looked up.
///
/// ```swift
/// let path = try FleetFile.locate(option: nil, environment: environment, currentDirectory: "/srv/shop")
/// let fleet = try FleetFile.load(path, currentDirectory: "/srv/shop", environment: environment)
/// let inventory = try fleet.inventory(environment: environment)
/// ```
///
/// Paths are absolute, `${NAME}` references are replaced, and missing keys have their defaults.
/// ``inventory(environment:)`` looks up the installations and returns them as an ``Inventory``.
public struct FleetFile: Sendable, Equatable {
  /// The file as the user named it, for messages.
  public let file: String
  /// The folder that relative paths in the file start from; absolute.
  public let folder: String
  /// The name of the fleet.
  public let name: String
  /// The folder with the migration files, and their format.
  public let migrations: MigrationFolder
  /// The file of the baseline, which runs first, once, on an untracked database; nil if there is none.
  public let baseline: String?
  /// The file with the schema of a new installation, or nil.
  public let schema: String?
  /// The folder for journal, backups, reports and outbox; see ``StateFolder``.
  public let state: String
  /// The values for entries that don't set their own.
  public let defaults: Defaults
  /// The entries that define the installations; at least one.
  public let entries: [InstallationEntry]
  /// The settings of a rollout.
  public let rollout: RolloutSettings
  /// The settings for backups.
  public let backup: Backup
  /// The programs that run before and after an installation's migration.
  public let hooks: Hooks
  /// Where and how reports are sent.
  public let report: Report
  /// The settings of drift checks.
  public let drift: Drift
  /// The settings of SSH connections.
  public let ssh: SSH

  /// `defaults:`, the values for entries that don't set their own.
  public struct Defaults: Sendable, Equatable {
    /// The groups of an installation whose entry has none.
    public var groups: [String] = []
    /// The labels of every installation; an entry can override them one by one.
    public var labels: [String: String] = [:]
    /// The path of the database on a host whose entry has no path.
    public var path: String?
  }

  /// `rollout:`
  public struct RolloutSettings: Sendable, Equatable {
    /// The waves, in order.
    public var waves = Waves.one
    /// The line of the waves; without waves that of `rollout`, and without that the first line.
    public var location: InventoryLocation
    /// How many installations are worked on at once.
    public var concurrency = 8
    /// How many installations are worked on at once on one host.
    public var perHost = 1
    /// How many installations of a wave may fail before the rollout stops.
    public var maxFailures = FailureLimit.count(0)
    /// What happens to a wave that fails its limit or its gate.
    public var onFailure = RolloutFailure.stop
    /// How long one installation may take.
    public var timeout = Duration.seconds(600)
    /// How long to wait for another process's lock on a database.
    public var busyTimeout = Duration.seconds(30)
    /// How long the application's writers may have to wait for one upgrade, as a rehearsal predicts it; nil for any time.
    public var maxLock: Duration?
    /// Whether databases on network file systems are migrated.
    public var networkFileSystems = false
    /// Whether to work on databases in a rollback-journal mode whose file has several names (hard links).
    public var hardLinks = false
  }

  /// `backup:`
  public struct Backup: Sendable, Equatable {
    /// How many backups of an installation are kept.
    public var keep = 3
    /// How thoroughly a backup is checked.
    public var check = BackupCheck.full
    /// How backups are stored.
    public var compress = BackupCompression.none
    /// Whether backups on hosts are copied to this machine.
    public var fetch = false
  }

  /// `drift:`
  public struct Drift: Sendable, Equatable {
    /// The objects that drift checks ignore.
    public var ignore: [IgnoreRule] = []
  }

  /// `ssh:`
  public struct SSH: Sendable, Equatable {
    /// How a host's key is checked.
    public enum HostKey: String, Sendable, CaseIterable {
      /// The host's key must be known.
      case strict
      /// An unknown key is accepted and remembered; a changed key is refused.
      case acceptNew = "accept-new"
    }

    /// How a host's key is checked.
    public var hostKey = HostKey.strict
    /// The path of an agent that is installed on the hosts; nil to send this program's own.
    public var agent: String?
    /// The folder on the hosts to which the agent is sent, absolute or beginning with `~/`; nil for the user's cache
    /// folder.
    public var agentFolder: String?
    /// The time limit for a connection. The start of the agent has the same limit of its own.
    public var connectTimeout = Duration.seconds(10)
    /// Additional arguments for ssh, such as `-F`, `PATH`.
    public var options: [String] = []
  }
}
