import Foundation
import SQLite
import TestSupport
import Testing

/// Fleets whose databases another migration tool made: Flotilla upgrades them, and the tool finds its history in order.
@Suite struct FormatFleetTests {
  @Test(arguments: MigrationTool.all)
  func `databases of every version come to the last one, and the tool finds nothing to do`(
    tool: MigrationTool
  )
    throws
  {
    let fleet = try FormatFleet(tool)
    let versions = Array((tool.begins ? 0 : 1)...FormatFleet.count)
    for version in versions { try fleet.make(version) }
    let before = try versions.map(fleet.content)
    #expect(try fleet.tool.pending(fleet.path(2), fleet.migrations) == 2)

    let plan = try fleet.run("plan")
    #expect(plan.status == 0, "\(plan.output)\(plan.errors)")
    let migrated = try fleet.run("migrate", "--yes")
    #expect(migrated.status == 0, "\(migrated.output)\(migrated.errors)")

    #expect(try versions.map(fleet.content) == before)
    for version in versions {
      #expect(try tool.pending(fleet.path(version), fleet.migrations) == 0, "from \(version)")
      #expect(try !fleet.tables(version).contains("down_ran"))
      #expect(try fleet.tables(version).isSuperset(of: ["users", "posts"]))
    }
    try expectHealth(of: fleet, count: versions.count)

    try fleet.write(Script.all, to: "migrations")
    for version in versions {
      #expect(try tool.pending(fleet.path(version), fleet.migrations) == 1, "from \(version)")
      try tool.up(fleet.path(version), fleet.migrations)
      #expect(try fleet.tables(version).contains("tags"))
    }
    try expectHealth(of: fleet, count: versions.count)
    #expect(try versions.map(fleet.content) == before)
  }

  /// Expects that `status` and `drift` find everything in order.
  private func expectHealth(of fleet: FormatFleet, count: Int) throws {
    let status = try fleet.run("status")
    #expect(status.status == 0 && !status.output.contains("Next:"), "\(status.output)\(status.errors)")
    let drift = try fleet.run("drift")
    #expect(drift.status == 0, "\(drift.output)\(drift.errors)")
    #expect(drift.output.contains("\(count) as they should be"), "\(drift.output)")
  }
}
