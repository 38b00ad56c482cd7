import FoundationEssentials
import Migrations
import Schema
import TestSupport
import Testing

@Suite struct MigrationSetTests {
  func fault(_ files: Files, baseline: String? = nil, schema: String? = nil) throws -> MigrationError {
    try #require(#expect(throws: MigrationError.self) { try files.load(baseline: baseline, schema: schema) })
  }

  @Test func `a version that is taken is told with both files`() throws {
    let error = try fault(Files(["0001_a.sql": "SELECT 1", "1_b.sql": "SELECT 1"]))
    #expect(error.code == .duplicateVersion && error.file == "1_b.sql")
    #expect(error.message == "version 1 is taken by 0001_a.sql: give one of them another number")
  }

  @Test(arguments: [
    "a.sql", "1.sql", "1_.sql", "0_a.sql", "-1_a.sql", "1-a.sql", "1_A.sql", "1_a b.sql", "1_é.sql",
    "1__a.sql",
    "1_2a.sql", "99999999999999999999_a.sql", "１_a.sql", "1_a.b.sql",
  ])
  func `a malformed name is told`(name: String) throws {
    let error = try fault(Files([name: "SELECT 1"]))
    #expect(error.code == .malformedName && error.file == name)
  }

  @Test func `a folder without a migration, or none at all, is told`() throws {
    let empty = try Files(["readme.md": "", ".0001_hidden.sql": "nonsense"])
    #expect(
      try fault(empty).description.hasSuffix("there is no migration (such as 0001_create_tables.sql) in it"))
    #expect(try fault(Files([:])).message == "No such file or directory")
  }

  @Test func `a file that can't be read as text is told`() throws {
    let files = try Files("SELECT 1")
    let latin = files.folder.file("latin.sql")
    try Data([0x2d, 0x2d, 0xe9]).write(to: URL(filePath: latin))
    #expect(try fault(files, baseline: latin).description == "latin.sql: the file is not UTF-8 text")
    #expect(try fault(files, schema: latin).code == .unreadable)
    try Data("SELECT 1;\0SELECT 2;".utf8).write(to: URL(filePath: latin))
    #expect(
      try fault(files, baseline: latin).description == "latin.sql: the file is not text: it holds a NUL byte")
    #expect(try fault(files, baseline: files.folder.file("none.sql")).message == "No such file or directory")
    #expect(try fault(Files(["0001_a.sql/x": ""])).message == "Is a directory")
  }

  @Test func `a baseline may not run outside the transaction`() throws {
    let files = try Files("SELECT 1")
    let baseline = try files.folder.write("-- @transaction none\nVACUUM;", to: "baseline.sql")
    #expect(try fault(files, baseline: baseline).code == .forbidden)
  }

  @Test func `migrations come in the order of their numbers, and other files don't count`() throws {
    let set = try Files([
      "10_c.sql": "SELECT 1", "0009_b_2.sql": "SELECT 1", "2_a.sql": "SELECT 1", "notes.txt": "",
      "x.sql~": "",
      ".3_x.sql": "",
    ]).load()
    #expect(set.migrations.map(\.version) == [2, 9, 10])
    #expect(set.migrations.map(\.name) == ["a", "b_2", "c"])
    #expect(set.latest == 10 && set.name(of: 9) == "b_2" && set.name(of: 3) == nil)
  }

  @Test func `the digest changes with whatever changes`() throws {
    func digest(_ files: [String: String], _ baseline: String?, _ schema: String?) throws -> String {
      let files = try Files(files)
      let first = try baseline.map { try files.folder.write($0, to: "baseline.sql") }
      let fresh = try schema.map { try files.folder.write($0, to: "schema.sql") }
      return try files.load(baseline: first, schema: fresh).digest.description
    }
    let base = ["1_a.sql": "SELECT 1", "2_b.sql": "SELECT 2"]
    let digests = try [
      digest(base, nil, nil), digest(["1_a.sql": "SELECT 1"], nil, nil),
      digest(["1_a.sql": "SELECT 1 ", "2_b.sql": "SELECT 2"], nil, nil),
      digest(["1_a.sql": "SELECT 1", "2_c.sql": "SELECT 2"], nil, nil),
      digest(["1_a.sql": "SELECT 1", "3_b.sql": "SELECT 2"], nil, nil),
      digest(["1_a.sql": "SELECT 2", "2_b.sql": "SELECT 1"], nil, nil), digest(base, "SELECT 3", nil),
      digest(base, "SELECT 4", nil), digest(base, nil, "SELECT 3"), digest(base, "SELECT 3", "SELECT 3"),
    ]
    #expect(Set(digests).count == digests.count)
    #expect(try digest(base, nil, nil) == digests[0])
  }
}
