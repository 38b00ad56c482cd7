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
    #expect(words(second).contains("index idx_items_parent"))
    #expect(words(second).contains("(new)"))

    let third = try fleet.run("drift")
    #expect(third.status == 4)
    #expect(words(third).contains("(since 20"))
    #expect(!words(third).contains("(new)"))

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
    #expect(words(again).contains("(since 20"))
  }

  /// The output without its line breaks.
  private func words(_ run: ProgramResult) -> String {
    run.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
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

  @Test func `what the application left half-migrated is one finding that names version and objects`() throws
  {
    let folder = try TemporaryFolder()
    try folder.fixture("half-migrated", as: "db/half.sqlite")
    try folder.ownpremFleet()
    let run = try Program.run("drift", in: folder.path)
    #expect(run.status == 4)
    let text = words(run)
    #expect(text.components(separatedBy: "version 6 ").count == 2, "\(run.output)")
    for object in ["refresh_tokens.family_id", "refresh_tokens.issued_at", "idx_refresh_tokens_family"] {
      #expect(text.contains(object))
    }
    #expect(!text.contains("column refresh_tokens.family_id is unexpected"))
  }

  @Test func `data is checked on request, and a check without that doesn't take it for resolved`() throws {
    let fleet = try migrated(1)
    try SmallFleet.change(fleet.path(0), "INSERT INTO items (parent, note) VALUES (99, 'orphan')")
    #expect(try fleet.run("drift").status == 0)
    let deep = try fleet.run("drift", "--deep")
    #expect(deep.status == 4)
    #expect(deep.output.contains("items → parents (new)"), "\(deep.output)")
    let shallow = try fleet.run("drift")
    #expect(shallow.status == 0)
    #expect(!shallow.output.contains("resolved"))
    #expect(try fleet.run("drift", "--deep").output.contains("items → parents (since 20"))
  }

  @Test(arguments: [["--only-changes"], ["--sql", "--format", "json"]])
  func `options that would have no effect are wrong usage`(options: [String]) throws {
    let fleet = try SmallFleet(1)
    #expect(try Program.run(["drift"] + options, in: fleet.folder.path).status == 64)
  }

  @Test func `the SQL that is printed mends what it can, and says what it can't`() throws {
    let fleet = try migrated(1)
    try SmallFleet.change(fleet.path(0), "DROP INDEX idx_items_parent")
    try SmallFleet.change(fleet.path(0), "ALTER TABLE parents ADD COLUMN extra TEXT")
    let run = try fleet.run("drift", "--sql")
    #expect(run.status == 4)
    #expect(run.output.contains("-- column parents.extra is unexpected"))
    let database = try Connection(path: fleet.path(0), access: .readWrite)
    try database.executeScript(run.output)
    try database.executeScript("ALTER TABLE parents DROP COLUMN extra")
    database.close()
    #expect(try fleet.run("drift").status == 0)
  }

  @Test func `the report tells new, persisting and resolved apart`() throws {
    let fleet = try migrated(2)
    try SmallFleet.change(fleet.path(0), "DROP INDEX idx_items_parent")
    let run = try fleet.run("drift", "--format", "json")
    #expect(run.status == 4)
    let report = try fleet.folder.report(run.output)
    let changes = try #require(report["drift_changes"] as? [String: [[String: Any]]])
    #expect(changes["new"]?.first?["installation"] as? String == "i0000")
    #expect(changes["new"]?.contains { $0["object"] as? String == "idx_items_parent" } == true)
    #expect(changes["persisting"]?.isEmpty == true && changes["resolved"]?.isEmpty == true)
    #expect((report["installations"] as? [Any])?.count == 2)
  }

  @Test(.timeLimit(.minutes(2)))
  func `watch checks until it is told to stop, a line a check, whatever a check finds`() throws {
    let fleet = try migrated(2)
    let started = try Program.start(["watch", "--every", "1s"], in: fleet.folder.path)
    var output = ""
    func read(until text: String) throws {
      while !output.contains(text) {
        let data = started.output.fileHandleForReading.availableData
        try #require(!data.isEmpty, "watch ended: \(output)")
        output += String(decoding: data, as: UTF8.self)
      }
    }
    try read(until: "status 0\n")
    try Data("no database".utf8).write(to: URL(filePath: fleet.path(0)))
    try read(until: "status 3\n")
    kill(started.process.processIdentifier, SIGTERM)
    let run = try Program.finish(started)
    #expect(run.status == 143)
    output += run.output
    let lines = output.split(separator: "\n")
    #expect(lines.count >= 2, "\(output)")
    #expect(lines.first?.contains("drift: 2 as they should be, status 0") == true)
    #expect(lines.last?.contains("1 unknown, status 3") == true)
    let reports = fleet.files.filter { $0.hasPrefix(".flotilla/reports/") && $0.hasSuffix(".json") }
    #expect(reports.count == lines.count + 1, "one a check, and that of migrate")
  }
}
