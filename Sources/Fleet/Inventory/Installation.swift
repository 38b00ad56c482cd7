internal import Basics

/// One database file, here or on a host.
public struct Installation: Sendable, Equatable, Identifiable {
  /// Its name, unique in the fleet. Letters of any alphabet and spaces are fine; `/` and control characters are not.
  public let id: String
  /// Where the file is.
  public let machine: Machine
  /// The database file; absolute where it is on this machine. On a host a relative one starts from the home folder.
  public let path: String
  /// The groups that it belongs to, each once, in the order of the inventory.
  public let groups: [String]
  /// What else the inventory says of it, for reports.
  public let labels: [String: String]
  /// The entry of the fleet file that it comes from.
  public let location: InventoryLocation

  /// Describes an installation; the inventory checks what it is given, this doesn't.
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

  /// Where the database is, as `HOST:PATH` or a path of this machine.
  public var place: String { machine.address.map { "\($0):\(path)" } ?? path }

  /// The id as a file name: everything but ASCII letters, digits, `.`, `_` and `-` percent-encoded.
  ///
  /// Different ids have different file names, and none is `.` or `..`.
  public var fileName: String { Self.fileName(id) }

  static func fileName(_ id: String) -> String { id.percentEncoded(keeping: "._-") }
}
