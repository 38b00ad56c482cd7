import Foundation
import SQLite
import TestSupport
import Testing

/// One database for each user or tenant, in nested folders.
@Suite struct NestedFleetTests {
  private static let tenants = ["ada", "böb", "a:b", "x,y", "!z", "it's \"q\"", "last tenant"]

  /// A fleet with the database of each tenant in a folder of its own.
  private func fleet(_ entry: String, extra: String = "") throws -> SmallFleet {
    let fleet = try SmallFleet(0)
    for (number, tenant) in Self.tenants.enumerated() {
      let path = database(fleet, tenant)
      try FileManager.default.createDirectory(
        atPath: String(path.dropLast("/store.sqlite".count)), withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: fleet.template(number), toPath: path)
    }
    try fleet.configure(extra, installations: "  - \(entry)")
    return fleet
  }

  private func database(_ fleet: SmallFleet, _ tenant: String) -> String {
    fleet.folder.file("actors/\(tenant.first ?? "-")/\(tenant)/store.sqlite")
  }

  private func versions(_ fleet: SmallFleet, _ tenant: String) throws -> [Int64] {
    try SmallFleet.versions(database(fleet, tenant))
  }

  @Test(.needs(.permissions))
  func `a folder that can't be read stops the run before anything is changed`() throws {
    let fleet = try fleet("{ files: 'actors/**/store.sqlite' }")
    let run = try Program.shell(
      "chmod 0 actors/a/ada; \(FileSystemTests.asUser) \"$FLOTILLA\" migrate --yes; code=$?; chmod 755 actors/a/ada; "
        + "exit $code", in: fleet.folder.path)
    #expect(run.status == 1, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("actors/a/ada can't be read: permission denied"), "\(run.errors)")
    for tenant in Self.tenants { #expect(try versions(fleet, tenant) == [1]) }
  }

  @Test func `an id that is given twice is refused before anything is changed`() throws {
    let fleet = try fleet("{ files: 'actors/**/store.sqlite', id: '{name}' }")
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 1 && run.errors.contains("with id: \"{path}\""), "\(run.errors)")
    for tenant in Self.tenants { #expect(try versions(fleet, tenant) == [1]) }
  }

  @Test func `ids with slashes go through migration, backups, reports and restoring`() throws {
    let fleet = try fleet("{ files: 'actors/**/store.sqlite' }")
    let migrated = try fleet.migrate()
    #expect(migrated.status == 0, "\(migrated.output)\(migrated.errors)")
    let ids = Self.tenants.map { "actors/\($0.first ?? "-")/\($0)/store.sqlite" }
    #expect(try Set(fleet.records().keys) == Set(ids))
    // All backups of the run are in one folder, whatever the ids.
    #expect(fleet.backups.count == ids.count)
    #expect(fleet.backups.allSatisfy { $0.split(separator: "/").count == 4 }, "\(fleet.backups)")

    let junit = try fleet.run("report", "--format", "junit")
    #expect(junit.output.contains("name=\"actors/a/ada/store.sqlite\""), "\(junit.output)")
    let listed = try fleet.run("backups")
    for id in ids { #expect(listed.output.contains(id), "\(listed.output)") }

    let restored = try fleet.run("--only", "actors/a/ada/store.sqlite", "restore", "--run", "last", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    for tenant in Self.tenants {
      #expect(try versions(fleet, tenant) == (tenant == "ada" ? [1] : [1, 2, 3]))
    }
    #expect(try fleet.migrate().status == 0)
    #expect(try versions(fleet, "ada") == [1, 2, 3])
  }

  @Test func `the backups of a journal that is lost are found again by ids with slashes`() throws {
    let long = String(repeating: "ä/", count: 100) + "{parent}"
    let fleet = try fleet("{ files: 'actors/**/store.sqlite', id: '\(long)' }")
    #expect(try fleet.migrate().status == 0)
    for ending in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: fleet.folder.file(".flotilla/state.sqlite\(ending)"))
    }
    let restored = try fleet.run("restore", "--run", "last", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    for tenant in Self.tenants { #expect(try versions(fleet, tenant) == [1]) }
  }

  @Test func `ids with separators are selected in quotes`() throws {
    let fleet = try fleet(
      "{ files: 'actors/**/store.sqlite', id: '{parent}' }", extra: "rollout: { waves: ['\"a:b\"', 100%] }")
    let unquoted = try fleet.run("--only", "a:b", "status")
    #expect(unquoted.status == 1 && unquoted.errors.contains("--only '\"a:b\"'"), "\(unquoted.errors)")
    let quoted = try Program.shell(
      "\"$FLOTILLA\" --only '\"it'\\''s \"\"q\"\"\"' status", in: fleet.folder.path)
    #expect(quoted.status == 0, "\(quoted.errors)")
    let run = try fleet.migrate("--only", "\"a:b\":\"x,y\":\"!z\":\"it's \"\"q\"\"\"")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    for tenant in Self.tenants {
      let isSelected = ["a:b", "x,y", "!z", "it's \"q\""].contains(tenant)
      #expect(try versions(fleet, tenant) == (isSelected ? [1, 2, 3] : [1]))
    }
    let waves = try fleet.records().mapValues { $0["wave"] as? Int }
    #expect(waves["a:b"] == 1 && waves["!z"] == 2, "\(waves)")
    let scheduled = try fleet.run("--only", "\"a:b\"", "schedule", "--every", "1h", "--as", "systemd")
    #expect(scheduled.status == 0 && scheduled.output.contains("a:b"), "\(scheduled.errors)")
  }
}
