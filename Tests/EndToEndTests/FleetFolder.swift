import Foundation
import TestSupport
import Testing

/// A folder with a fleet file and databases, in which the built program runs.
protocol FleetFolder {
  var folder: TemporaryFolder { get }
}

extension FleetFolder {
  func run(_ arguments: String...) throws -> ProgramResult { try Program.run(arguments, in: folder.path) }

  /// The backups that have their names.
  var backups: [String] {
    let files = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.contains(".flotilla/backups/") && $0.hasSuffix(".sqlite") }
  }

  /// The record of each installation in the report of the latest run, by id.
  func records() throws -> [String: [String: Any]] {
    let report = try folder.report(run("report", "--run", "last").output)
    let list = try #require(report["installations"] as? [[String: Any]])
    return Dictionary(list.map { ($0["id"] as? String ?? "", $0) }) { $1 }
  }
}
