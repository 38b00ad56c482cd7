import Schema
import Testing

@testable import Migrations

/// What our own format takes for a migration, and how it names the next.
@Suite struct FormatTests {
  private let format = FlotillaFormat()

  @Test(arguments: [
    "1-add.sql", "add.sql", "0_add.sql", "-1_add.sql", "1_Add.sql", "1_.sql", "1_é.sql",
    "99999999999999999999_add.sql",
  ])
  func `a name without a number, an underscore and lower-case words is refused`(file: String) {
    #expect(format.includes(file))
    #expect(throws: MigrationError.self) { try format.identify(file) }
  }

  @Test(arguments: [".0001_hidden.sql", "0001_add.sql~", "README.md", "0001_add.SQL"])
  func `other files don't count`(file: String) { #expect(!format.includes(file)) }

  @Test func `the next file has the next number in as many digits`() throws {
    #expect(try format.nextFile("add_a", after: []) == (1, "0001_add_a.sql"))
    #expect(try format.nextFile("add_a", after: ["00009_x.sql", "1_y.sql"]) == (10, "00010_add_a.sql"))
    #expect(try format.nextFile("add_a", after: ["9999_x.sql"]) == (10_000, "10000_add_a.sql"))
  }

  @Test func `there is no next file after a name that can't be read or the last number`() {
    #expect(throws: MigrationError.self) { try format.nextFile("add_a", after: ["1_x.sql", "two_x.sql"]) }
    #expect(throws: MigrationError.self) {
      try format.nextFile("add_a", after: ["9223372036854775807_x.sql"])
    }
  }

  @Test func `a new file is accepted by no command as it is`() {
    let read = format.read([.init(name: "0001_add_a.sql", text: format.template)])
    #expect(!read.faults.isEmpty)
  }
}
