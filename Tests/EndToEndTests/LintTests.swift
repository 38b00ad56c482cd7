import Foundation
import TestSupport
import Testing

@Suite struct LintTests {
  @Test func `errors end with status 1, told with file and line, and no installation is needed`() throws {
    let fleet = try SmallFleet(1)
    try fleet.configure("", installations: "  - { id: far, host: nowhere.invalid, path: /x }")
    #expect(try fleet.run("lint").status == 0)
    try fleet.migration("0004_odd.sql", "\nUPDATE nope SET a = 1;")
    let lint = try fleet.run("lint")
    #expect(lint.status == 1 && lint.errors.isEmpty, "\(lint.errors)")
    #expect(
      lint.output == """
        small: 4 migrations

        0004_odd.sql:2: error
          no such table: nope (SQLite 1)

        1 error · 0 warnings
        Next, once that is mended: flotilla lint

        """)
    #expect(!fleet.files.contains(".flotilla"))
  }

  @Test func `a folder is checked without a fleet file`() throws {
    let fleet = try SmallFleet(0)
    try FileManager.default.removeItem(atPath: fleet.folder.file("fleet.yml"))
    try fleet.folder.write("CREATE TABLE more (a);", to: "base.sql")
    try fleet.migration("0004_odd.sql", "DELETE FROM more;")
    #expect(try fleet.run("lint", "migrations").status == 1)
    let lint = try fleet.run("lint", "migrations", "--baseline", "base.sql")
    #expect(lint.status == 0)
    #expect(lint.words.contains("0004_odd.sql:1: warning rows of more go here"), "\(lint.output)")
    #expect(lint.output.hasSuffix("Next: flotilla test migrations --baseline base.sql\n"), "\(lint.output)")
  }

  @Test func `a file that was changed after it was applied is told with the number of installations`() throws
  {
    let fleet = try SmallFleet(3)
    #expect(try fleet.run("--only", "i0000", "migrate", "--yes").status == 0)
    #expect(try !fleet.run("lint").output.contains("changed"))
    try fleet.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER; -- in years")
    let told = "0002_add_age.sql: warning it was changed after it was applied to 1 installation, which"
    #expect(try fleet.run("lint").words.contains(told))
    // Using the file as it is now doesn't change what the first installation has.
    #expect(try fleet.run("--only", "i0001", "migrate", "--yes").status == 0)
    #expect(try fleet.run("lint").words.contains(told))
    try fleet.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER; -- in days")
    let lint = try fleet.run("lint")
    #expect(lint.words.contains("applied to 2 installations, which"), "\(lint.output)")
    #expect(lint.status == 0 && lint.output.contains("0 errors · 1 warning\n"))
    try fleet.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    #expect(try fleet.run("lint").words.contains(told), "that of the second installation")
  }

  @Test func `a state folder that noted no run stays as it is`() throws {
    let fleet = try SmallFleet(1)
    #expect(try fleet.run("plan", "--rehearse").status == 0)
    #expect(try fleet.run("lint").status == 0)
    #expect(!fleet.files.contains(".flotilla/state.sqlite"))
  }

  @Test func `a journal that can't be read is told, and the files are checked all the same`() throws {
    let fleet = try SmallFleet(1)
    try fleet.folder.write("no database", to: ".flotilla/state.sqlite")
    let lint = try fleet.run("lint")
    #expect(lint.status == 0 && lint.output.contains("0 errors · 0 warnings"))
    #expect(lint.errors.hasPrefix("flotilla: whether files were changed"), "\(lint.errors)")
  }

  @Test func `JSON carries the same`() throws {
    let fleet = try SmallFleet(0)
    try fleet.migration("0004_nothing.sql", "")
    let lint = try fleet.run("lint", "--format", "json")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(lint.output.utf8)) as? [String: Any])
    #expect(report["format"] as? String == "flotilla.lint/1")
    #expect(report["errors"] as? Int == 0 && report["warnings"] as? Int == 1)
    let first = try #require((report["findings"] as? [[String: Any]])?.first)
    #expect(first["line"] is NSNull && first["file"] as? String == "0004_nothing.sql")
  }

  @Test func `a file without statements is accepted where it says that it is meant`() throws {
    let fleet = try SmallFleet(1)
    try fleet.migration(
      "0004_nothing.sql", "-- @allow empty\n-- What version 4 needed is in the application.")
    try fleet.migration("0005_drop.sql", "DROP TABLE IF EXISTS never_made;")
    #expect(try fleet.run("lint").output.contains("0 errors · 0 warnings"))
    #expect(try fleet.run("migrate", "--yes").status == 0)
    #expect(try fleet.versions() == [[1, 2, 3, 4, 5]])
    try fleet.migration("0004_nothing.sql", "-- @allow emtpy")
    let lint = try fleet.run("lint")
    #expect(lint.status == 1 && lint.words.contains("0004_nothing.sql:1: error @allow takes only: empty"))
  }

  @Test(arguments: [["--only", "hq"], ["--baseline", "x.sql"], ["a", "b"], ["--format", "xml"]])
  func `wrong usage is told`(arguments: [String]) throws {
    let fleet = try SmallFleet(0)
    #expect(try Program.run(["lint"] + arguments, in: fleet.folder.path).status == 64)
  }

  @Test(arguments: ["nowhere", "db"]) func `a folder without migrations is told`(name: String) throws {
    let fleet = try SmallFleet(1)
    let lint = try fleet.run("lint", name)
    #expect(lint.status == 1 && lint.errors.hasPrefix("flotilla: \(name): "), "\(lint.errors)")
  }
}
