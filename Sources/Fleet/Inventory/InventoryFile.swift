public import Schema
public import Upgrade

/// A fleet file, read and checked: what it says, before any installation is looked for.
///
/// Paths are absolute, `${NAME}` is replaced, and what the file leaves out has its default.
public struct FleetFile: Sendable, Equatable {
  /// The file as the user named it, for messages.
  public let file: String
  /// The folder that relative paths in the file start from; absolute.
  public let folder: String
  /// The name of the fleet.
  public let name: String
  /// The folder with the migration files.
  public let migrations: String
  /// What runs first, once, on a database without `schema_migrations`.
  public let baseline: String?
  /// What a fresh installation gets.
  public let schema: String?
  /// The folder for journal, backups, reports and outbox.
  public let state: String
  /// What holds for entries that don't say otherwise.
  public let defaults: Defaults
  /// Where the installations come from, at least one.
  public let entries: [InstallationEntry]
  /// How a rollout proceeds.
  public let rollout: RolloutSettings
  /// How backups are made and kept.
  public let backup: Backup
  /// Programs to run around an installation's migration.
  public let hooks: Hooks
  /// Where reports go.
  public let report: Report
  /// What a drift check leaves out.
  public let drift: Drift
  /// How hosts are reached.
  public let ssh: SSH

  /// What holds for entries that don't say otherwise.
  public struct Defaults: Sendable, Equatable {
    /// The groups of an installation that has none of its own.
    public var groups: [String] = []
    /// Labels that an installation has unless it gives the same label another value.
    public var labels: [String: String] = [:]
    /// The database on a host whose entry names none.
    public var path: String?
  }

  /// `rollout:`
  public struct RolloutSettings: Sendable, Equatable {
    /// The waves, in order.
    public var waves = Waves.one
    /// Where the waves stand, or the rollout, or the file.
    public var location: InventoryLocation
    /// How many installations are worked on at once.
    public var concurrency = 8
    /// How many of them on one host.
    public var perHost = 1
    /// How many installations of a wave may fail before the rollout stops.
    public var maxFailures = FailureLimit.count(0)
    /// How long one installation may take.
    public var timeout = Duration.seconds(600)
    /// How long to wait for another process's lock on a database.
    public var busyTimeout = Duration.seconds(30)
    /// Whether databases on network file systems are migrated.
    public var networkFileSystems = false
    /// Whether databases in a rollback-journal mode are worked on that have several names (hard links).
    public var hardLinks = false
  }

  /// `backup:`
  public struct Backup: Sendable, Equatable {
    /// How thoroughly a backup is checked.
    public enum Check: String, Sendable, CaseIterable {
      /// The whole of SQLite's integrity check.
      case full
      /// SQLite's quick check.
      case quick
      /// Not at all.
      case none
    }

    /// How many backups of an installation are kept.
    public var keep = 3
    /// How thoroughly a backup is checked.
    public var check = Check.full
    /// Whether backups are fetched from their hosts.
    public var fetch = false
  }

  /// `drift:`
  public struct Drift: Sendable, Equatable {
    /// The objects that a drift check leaves out.
    public var ignore: [IgnoreRule] = []
  }

  /// `ssh:`
  public struct SSH: Sendable, Equatable {
    /// How a host's key is checked.
    public enum HostKey: String, Sendable, CaseIterable {
      /// It must be known.
      case strict
      /// One that was never seen is taken down; one that changed is refused.
      case acceptNew = "accept-new"
    }

    /// How a host's key is checked.
    public var hostKey = HostKey.strict
    /// The agent's path on the hosts, where it is installed there; nil for sending this program's own.
    public var agent: String?
    /// The folder on the hosts that the agent is sent to, absolute or beginning with `~/`; nil for the user's cache.
    public var agentFolder: String?
    /// How long a connection may take, and as long again the agent's start.
    public var connectTimeout = Duration.seconds(10)
    /// More arguments for ssh, such as `-F`, `PATH`.
    public var options: [String] = []
  }
}
