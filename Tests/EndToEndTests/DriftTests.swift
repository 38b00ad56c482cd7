import Foundation
import SQLite
import TestSupport
import Testing

/// `flotilla drift` and `watch`: what every installation should look like.
@Suite struct DriftTests {
  /// A fleet that is at its newest version.
  private func migrated(_ count: Int, extra: String = "") throws -> SmallFleet {
    let fleet = try SmallFleet(count, extra: extra)
    #expect(try fleet.migrate().status == 0)
    return fleet
  }

  @Test func `what is missing is new once, persists, and is resolved when it is back`() throws {
    let fleet = try migrated(3)
    let first = try fleet.run("drift")
    #expect(first.status == 0, "\(first.output)\(first.errors)")
    #expect(first.output.contains("3 as they should be"))

    try SmallFleet.change(fleet.path(1), "DROP INDEX idx_items_parent")
    let second = try fleet.run("drift")
    #expect(second.status == 4)
    #expect(second.output.contains("1 drifted  i0001"))
    #expect(second.output.contains("index idx_items_parent is missing (new)"))

    let third = try fleet.run("drift")
    #expect(third.status == 4)
    #expect(third.output.contains("index idx_items_parent is missing (since 20"))

    try SmallFleet.change(fleet.path(1), "CREATE INDEX idx_items_parent ON items (parent)")
    let fourth = try fleet.run("drift")
    #expect(fourth.status == 0)
    #expect(fourth.output.contains("1 resolved  i0001"))
    #expect(try !fleet.run("drift").output.contains("resolved"))
  }

  @Test func `what can't be looked at is unknown, keeps its verdict, and is told from drift`() throws {
    let fleet = try migrated(3)
    try SmallFleet.change(fleet.path(2), "DROP INDEX idx_items_parent")
    #expect(try fleet.run("drift").status == 4)
    let drifted = try Data(contentsOf: URL(filePath: fleet.path(2)))
    try Data("no database".utf8).write(to: URL(filePath: fleet.path(2)))
    let unknown = try fleet.run("drift")
    #expect(unknown.status == 3)
    #expect(unknown.output.contains("2 as they should be · 1 unknown"))
    #expect(!unknown.output.contains("resolved"))
    try drifted.write(to: URL(filePath: fleet.path(2)))
    let again = try fleet.run("drift")
    #expect(again.status == 4)
    #expect(again.output.contains("(since 20"))
  }

  @Test func `many installations with one cause are one entry`() throws {
    let fleet = try migrated(40)
    for path in fleet.paths { try SmallFleet.change(path, "ALTER TABLE parents ADD COLUMN extra TEXT") }
    let run = try fleet.run("--verbose", "drift")
    #expect(run.status == 4)
    #expect(run.output.components(separatedBy: "drifted  ").count == 2)
    #expect(run.output.contains("40 drifted  i0000"))
    for number in 0..<40 { #expect(run.output.contains("i00\(number < 10 ? "0" : "")\(number)")) }
    #expect(run.output.components(separatedBy: "column parents.extra is unexpected").count == 2)
  }

  @Test func `a check changes no byte, no time and no file beside an installation`() throws {
    let fleet = try migrated(4)
    let live = try Connection(path: fleet.path(1), access: .readWrite)
    try live.execute("INSERT INTO parents (name) VALUES ('live')")
    let before = try footprint(fleet)
    #expect(before.keys.contains { $0.hasSuffix("-wal") })
    #expect(try fleet.run("drift").status == 0)
    #expect(try fleet.run("status").status == 0)
    #expect(try footprint(fleet) == before)
    live.close()
  }

  /// Size, time and content of each file among the installations; of a shared-memory file, that it is there.
  private func footprint(_ fleet: SmallFleet) throws -> [String: String] {
    var found: [String: String] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: fleet.folder.file("db")) {
      let path = fleet.folder.file("db/\(name)")
      guard !name.hasSuffix("-shm") else {
        found[name] = "there"
        continue
      }
      let time = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
      let content = try Data(contentsOf: URL(filePath: path)).hashValue
      found[name] = "\(time?.timeIntervalSince1970 ?? 0) \(content)"
    }
    return found
  }

  @Test func `only changes are uploaded where that is asked for`() throws {
    let receiver = try Receiver()
    let fleet = try migrated(2)
    try fleet.configure("report: { url: \"\(receiver.url)/status/200\" }")
    #expect(try fleet.run("drift", "--upload", "--only-changes").status == 0)
    #expect(try receiver.ids().isEmpty)
    try SmallFleet.change(fleet.path(0), "DROP INDEX idx_items_parent")
    let run = try fleet.run("drift", "--upload", "--only-changes")
    #expect(run.status == 4)
    #expect(run.errors.contains("delivered to"))
    #expect(try receiver.ids().count == 1)
    #expect(try fleet.run("drift", "--upload", "--only-changes").status == 4)
    #expect(try receiver.ids().count == 1)
  }

  @Test func `the report tells new, persisting and resolved apart`() throws {
    let fleet = try migrated(2)
    try SmallFleet.change(fleet.path(0), "DROP INDEX idx_items_parent")
    let run = try fleet.run("drift", "--format", "json")
    #expect(run.status == 4)
    let report = try fleet.folder.report(run.output)
    let changes = try #require(report["drift_changes"] as? [String: [[String: Any]]])
    #expect(changes["new"]?.first?["installation"] as? String == "i0000")
    #expect(changes["new"]?.first?["object"] as? String == "idx_items_parent")
    #expect(changes["persisting"]?.isEmpty == true && changes["resolved"]?.isEmpty == true)
    #expect((report["installations"] as? [Any])?.count == 2)
  }

  @Test func `watch checks until it is told to stop, a line a check, whatever a check finds`() throws {
    let fleet = try migrated(2)
    let started = try Program.start(["watch", "--every", "1s"], in: fleet.folder.path)
    usleep(1_700_000)
    try Data("no database".utf8).write(to: URL(filePath: fleet.path(0)))
    usleep(1_700_000)
    kill(started.process.processIdentifier, SIGTERM)
    let run = try Program.finish(started)
    #expect(run.status == 143)
    let lines = run.output.split(separator: "\n")
    #expect((3...4).contains(lines.count), "\(run.output)")
    #expect(lines.first?.contains("drift: 2 as they should be, status 0") == true)
    #expect(lines.last?.contains("1 unknown, status 3") == true)
  }
}
