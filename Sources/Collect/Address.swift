internal import Foundation
internal import Report

/// Where the collector's pages are.
enum Address {
  static let home = "/"
  static func fleet(_ fleet: String) -> String { "/fleets/\(fleet.asAddressPart)" }
  static func coordinator(_ fleet: String, _ coordinator: String) -> String {
    "\(Self.fleet(fleet))/\(coordinator.asAddressPart)"
  }
  static func report(_ id: String) -> String { "/reports/\(id.asAddressPart)" }

  /// The parts of a path, each with its percent escapes taken away; nil where one has no meaning.
  static func parts(of path: String) -> [String]? {
    let parts = path.split(separator: "/").map { $0.removingPercentEncoding }
    return parts.contains(nil) ? nil : parts.compactMap { $0 }
  }
}
