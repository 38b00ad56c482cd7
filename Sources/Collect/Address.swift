internal import Foundation
internal import Report

/// The addresses of the collector's pages.
enum Address {
  static let home = "/"
  static func fleet(_ fleet: String) -> String { "/fleets/\(fleet.asAddressPart)" }
  static func coordinator(_ fleet: String, _ coordinator: String) -> String {
    "\(Self.fleet(fleet))/\(coordinator.asAddressPart)"
  }
  static func report(_ id: String) -> String { "/reports/\(id.asAddressPart)" }

  /// The parts of a path without percent-encoding; nil if an escape is invalid.
  static func parts(of path: String) -> [String]? {
    let parts = path.split(separator: "/").map { $0.removingPercentEncoding }
    return parts.contains(nil) ? nil : parts.compactMap { $0 }
  }
}
