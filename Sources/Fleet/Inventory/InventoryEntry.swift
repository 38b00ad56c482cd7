/// One entry of `installations:`, before it is looked up.
public struct InstallationEntry: Sendable, Equatable {
  /// Where the installations of an entry come from.
  public enum Source: Sendable, Equatable {
    /// One database.
    case one(Single)
    /// The files that match a glob(3) pattern, absolute.
    case files(glob: String, written: String)
    /// A program that lists hosts, or an Ansible inventory; absolute.
    case hosts(path: String, written: String)
  }

  /// What an entry says of one database.
  public struct Single: Sendable, Equatable {
    /// Its name in the fleet.
    public var id: String
    /// Its file; absolute where there is no host.
    public var path: String
    /// The machine that it is on.
    public var machine = Machine.local
  }

  /// Where the installations come from.
  public let source: Source
  /// The entry's own groups; nil where it says nothing, so that the defaults hold.
  public let groups: [String]?
  /// The entry's own labels.
  public let labels: [String: String]
  /// Where the entry stands.
  public let location: InventoryLocation
}
