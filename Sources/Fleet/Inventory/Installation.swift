internal import Basics
internal import Schema

/// One database file, on this machine or on a host.
public struct Installation: Sendable, Equatable, Identifiable {
  /// The name, unique in the fleet. It may contain letters of any alphabet, spaces and `/`, but no control characters.
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

  /// The id as a file name. Everything but ASCII letters, digits, `.`, `_` and `-` is percent-encoded, and the end of a
  /// long name is replaced by `~` and the id's SHA-256 digest.
  ///
  /// Different ids give different file names, and no id gives `.` or `..`.
  public var fileName: String { Self.fileName(id) }

  /// File systems limit names to 255 bytes; backups append an extension.
  private static let longestFileName = 200

  static func fileName(_ id: String) -> String {
    let encoded = id.percentEncoded(keeping: "._-")
    guard encoded.utf8.count > longestFileName else { return encoded }
    // An encoded id doesn't contain a tilde.
    let end = "~" + Fingerprint(of: id.utf8).hex
    return encoded.prefix(longestFileName - end.utf8.count) + end
  }
}
