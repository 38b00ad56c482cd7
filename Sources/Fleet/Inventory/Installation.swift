internal import Basics

/// One database file, on this machine or on a host.
public struct Installation: Sendable, Equatable, Identifiable {
  /// The name, unique in the fleet. It may contain letters of any alphabet and spaces, but no `/` and no control
  /// characters.
  public let id: String
  /// The machine that holds the file.
  public let machine: Machine
  /// The path of the database file. It is absolute on this machine; on a host, a relative path starts at the home
  /// folder.
  public let path: String
  /// The groups that it belongs to, without duplicates, in the order of the inventory.
  public let groups: [String]
  /// Additional information from the inventory, for reports.
  public let labels: [String: String]
  /// The entry of the fleet file that defines it.
  public let location: InventoryLocation

  /// Describes an installation. The values are not checked; the inventory does that.
  public init(
    id: String, machine: Machine = .local, path: String, groups: [String] = [],
    labels: [String: String] = [:],
    location: InventoryLocation
  ) {
    self.id = id
    self.machine = machine
    self.path = path
    self.groups = groups
    self.labels = labels
    self.location = location
  }

  /// `HOST:PATH`, or the plain path if the database is on this machine.
  public var place: String { machine.address.map { "\($0):\(path)" } ?? path }

  /// The id as a file name. Everything but ASCII letters, digits, `.`, `_` and `-` is percent-encoded.
  ///
  /// Different ids give different file names, and no id gives `.` or `..`.
  public var fileName: String { Self.fileName(id) }

  static func fileName(_ id: String) -> String { id.percentEncoded(keeping: "._-") }
}
