import Foundation
import TestSupport
import Testing

/// `flotilla test`: fresh = upgraded.
@Suite struct MigrationTestTests {
  private func configure(_ fleet: SmallFleet, _ schema: String, baseline: String? = nil) throws {
    try fleet.folder.write(schema, to: "schema.sql")
    if let baseline { try fleet.folder.write(baseline, to: "baseline.sql") }
    try fleet.configure(
      "schema: schema.sql" + (baseline == nil ? "" : "\nbaseline: baseline.sql"),
      installations: "  - { id: far, host: nowhere.invalid, path: /x }")
  }

  private static let schema = """
    CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER);
    CREATE TABLE items (
      id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id) ON DELETE CASCADE, note TEXT);
    CREATE INDEX idx_items_parent ON items (parent);
    """

  @Test func `what a fresh installation has and an upgraded one hasn't is told first`() throws {
    let fleet = try SmallFleet(0)
    try configure(
      fleet, Self.schema.replacing("age INTEGER", with: "age TEXT") + "CREATE INDEX x ON items (note);")
    let test = try fleet.run("test")
    #expect(test.status == 1 && test.errors.isEmpty, "\(test.errors)")
    let lines = test.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.first == "small: 3 migrations, schema.sql")
    #expect(lines[2] == "failed    schema.sql makes what the migrations lead to", "\(test.output)")
    #expect(test.words.contains("after the migrations, index x is missing"), "\(test.output)")
    #expect(
      test.words.contains("after the migrations, the type of column parents.age is INTEGER instead of TEXT"))
    #expect(test.output.hasSuffix("· 1 failed\nNext, once that is mended: flotilla test\n"), "\(test.output)")
  }

  @Test func `an upgrade that the real proofs refuse is told with the version that it begins at`() throws {
    let fleet = try SmallFleet(0)
    try configure(fleet, Self.schema)
    try fleet.migration("0004_seed_items.sql", "INSERT INTO items (parent, note) VALUES (99, 'of nobody');")
    let test = try fleet.run("test")
    #expect(test.status == 1)
    for version in 0...3 {
      #expect(
        test.words.contains(
          "failed version \(version) comes to version 4 prove: new foreign-key violations: 1 in items"),
        "\(test.output)")
    }
  }

  @Test func `what runs on no empty database ends it with file and line`() throws {
    let fleet = try SmallFleet(0)
    try fleet.migration("0004_odd.sql", "\nUPDATE nope SET a = 1;")
    let test = try fleet.run("test")
    #expect(test.status == 1 && test.output.isEmpty)
    #expect(test.errors == "flotilla: 0004_odd.sql:2: no such table: nope (SQLite 1)\n")
  }

  @Test func `an empty database that a requirement refuses is left out, and no failure`() throws {
    let fleet = try SmallFleet(0)
    try configure(
      fleet, Self.schema + "CREATE TABLE old (a);",
      baseline: "-- @require table old : not ours\n-- @unless table old\nCREATE TABLE old (a);")
    let test = try fleet.run("test")
    #expect(test.status == 0, "\(test.output)")
    #expect(
      test.words.contains("left out an empty database comes to version 3 migrate: baseline.sql:1: not ours"))
    #expect(test.words.contains("passed an untracked one after baseline.sql comes to version 3"))
    #expect(
      test.output.contains(" · 0 failed · 1 left out\nNext: flotilla plan --rehearse\n"), "\(test.output)")
  }

  @Test func `all is well, from every version, VACUUM between them, and nothing is left behind`() throws {
    let fleet = try SmallFleet(0)
    try configure(fleet, Self.schema)
    try fleet.migration("0004_compact.sql", "-- @transaction none\nVACUUM;")
    try fleet.migration("0005_touch.sql", "UPDATE parents SET age = 1;")
    let test = try fleet.run("test", "--verbose")
    #expect(test.status == 0, "\(test.output)\(test.errors)")
    for version in 1...4 {
      #expect(test.output.contains("passed    version \(version) comes to version 5\n"))
    }
    #expect(test.output.contains("passed    an empty database comes to version 5\n"), "\(test.output)")
    #expect(test.output.contains("passed    a second run changes nothing\n"))
    #expect(
      test.words.contains("2 of 4 migrations can run once more 0001_create_tables.sql:1: table parents"))
    #expect(test.output.contains("9 passed · 0 failed\n"), "\(test.output)")
    #expect(!fleet.files.contains { $0.contains("sqlite") || $0.contains("flotilla") })
  }

  @Test func `a signal ends it and leaves no database`() throws {
    let fleet = try SmallFleet(0)
    try fleet.migration(
      "0004_slow.sql",
      """
      CREATE TABLE slow AS WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1500000)
      SELECT count(*) AS a FROM c;
      """)
    let started = try Program.start(["test"], in: fleet.folder.path)
    // The folder of the databases that it has open.
    let own = { () -> String? in
      let open = "/proc/\(started.process.processIdentifier)/fd"
      let numbers = (try? FileManager.default.contentsOfDirectory(atPath: open)) ?? []
      let paths = numbers.compactMap {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "\(open)/\($0)")
      }
      return paths.first { $0.hasPrefix("/tmp/flotilla-") && $0.contains(".sqlite") }
        .map { String($0.prefix(upTo: $0.lastIndex(of: "/") ?? $0.startIndex)) }
    }
    var folder: String?
    let isThere = waits(30) {
      folder = own()
      return folder != nil
    }
    try #require(isThere, "it has no database open")
    kill(started.process.processIdentifier, SIGINT)
    #expect(try Program.finish(started).status == 130)
    #expect(!FileManager.default.fileExists(atPath: try #require(folder)))
  }

  @Test func `the Ownprem migrations pass`() throws {
    let folder = try TemporaryFolder()
    try folder.ownpremFleet()
    let test = try Program.run("test", in: folder.path)
    #expect(test.status == 0, "\(test.output)\(test.errors)")
    #expect(
      test.output.contains("passed    schema.sql makes what the migrations lead to\n"), "\(test.output)")
    #expect(test.output.contains("10 of 10 migrations can run once more"))
  }

  @Test(arguments: [["--only", "hq"], ["--schema", "x.sql"], ["--format", "json"]])
  func `wrong usage is told`(arguments: [String]) throws {
    let fleet = try SmallFleet(0)
    #expect(try Program.run(["test"] + arguments, in: fleet.folder.path).status == 64)
  }
}
