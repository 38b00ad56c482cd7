public import Basics

/// One entry of `installations:`, before its files or hosts are looked up.
public struct InstallationEntry: Sendable, Equatable {
  /// Where the installations of an entry come from.
  public enum Source: Sendable, Equatable {
    /// One database.
    case one(Single)
    /// The files that match a pattern.
    case files(Files)
    /// A program that lists hosts, or an Ansible inventory. `path` is absolute, `written` is the text in the fleet
    /// file.
    case hosts(path: String, written: String)
  }

  /// A database that an entry describes by itself.
  public struct Single: Sendable, Equatable {
    /// The name in the fleet.
    public var id: String
    /// The database file; absolute if it is on this machine.
    public var path: String
    /// The machine that it is on.
    public var machine = Machine.local
  }

  /// Databases that an entry describes by a pattern.
  public struct Files: Sendable, Equatable {
    /// The pattern for the files; absolute.
    public var pattern: FilePattern
    /// The pattern as it is in the fleet file.
    public var written: String
    /// The names in the fleet.
    public var id: IDPattern
  }

  /// Where the installations come from.
  public let source: Source
  /// The entry's own groups; nil if it has none, so that the defaults apply.
  public let groups: [String]?
  /// The entry's own labels.
  public let labels: [String: String]
  /// The line of the entry.
  public let location: InventoryLocation
}
