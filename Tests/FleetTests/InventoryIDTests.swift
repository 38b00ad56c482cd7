import FoundationEssentials
import Testing

@testable import Fleet

/// The ids that entries with `files` give.
@Suite struct InventoryIDTests {
  let folder: InventoryFolder

  init() throws {
    folder = try InventoryFolder()
  }

  private func ids(_ entry: String, more: String = "") throws -> [String] {
    try folder.inventory("  - \(entry)\n", more: more).installations.map(\.id)
  }

  @Test func `an id that two files get names both, and what is unique`() throws {
    try folder.write("a/db.sqlite")
    try folder.write("b/db.sqlite")
    #expect(
      folder.complaint("  - { files: '*/db.sqlite', id: '{name}' }\n")
        == "fleet.yml:4: \"db\" (…/b/db.sqlite) has the same id as \"db\" (…/a/db.sqlite) in fleet.yml:4; with id: "
        + "\"{path}\" the ids of an entry are always unique")
    #expect(folder.complaint("  - { files: '*/db.sqlite', id: x }\n").contains("with id: \"{path}\""))
  }

  @Test func `a name that two entries share is refused, since one of them would change its id`() throws {
    try folder.write("a/x.db")
    try folder.write("b/x.db")
    let said = folder.complaint("  - { files: a/*.db }\n  - { files: b/*.db }\n")
    #expect(said.contains("has the same id") && said.contains("with id: \"{path}\""))
    let mended = try folder.inventory("  - { files: a/*.db }\n  - { files: b/*.db, id: '{path}' }\n")
    #expect(mended.installations.map(\.id) == ["x", "b/x.db"])
    #expect(
      folder.complaint("  - { id: a/x.db, path: c }\n  - { files: a/*.db, id: '{path}' }\n")
        == "fleet.yml:5: \"a/x.db\" (…/a/x.db) has the same id as \"a/x.db\" (…/c) in fleet.yml:4")
  }

  @Test func `a placeholder that a path has no name for is refused`() {
    let pattern = IDPattern.Mistake.self
    #expect(throws: pattern) { try IDPattern("{grandparent}").id(of: "/a/x.db", in: nil) }
    #expect(throws: pattern) { try IDPattern("{parent}").id(of: "/x.db", in: nil) }
    #expect(throws: pattern) { try IDPattern("{parent}").id(of: "/a/../x.db", in: nil) }
  }

  @Test func `an id is made of text and parts of the path`() throws {
    for tenant in ["ada", "böb"] { try folder.write("actors/\(tenant)/v1/store.x.sqlite") }
    let cases = [
      ("{parent}-{grandparent}", ["v1-ada", "v1-böb"]),
      ("{name}/{grandparent}", ["store.x/ada", "store.x/böb"]),
      ("{path}", ["actors/ada/v1/store.x.sqlite", "actors/böb/v1/store.x.sqlite"]),
    ]
    for (id, expected) in cases {
      #expect(try ids("{ files: actors/**/*.sqlite, id: '\(id)' }") == expected)
    }
    #expect(try ids("{ files: actors/ada/v1/*.sqlite, id: 'store-{name}' }") == ["store-store.x"])
    #expect(try ids("{ files: actors/ada/v1/*.sqlite, id: ada }") == ["ada"])
  }

  @Test func `the default is the name where no two files can share one, and else the relative path`() throws {
    for name in ["a/x.db", "a/y.db", "b/x.db"] { try folder.write(name) }
    #expect(try ids("{ files: a/*.db }") == ["x", "y"])
    #expect(try ids("{ files: '*/*.db' }") == ["a/x.db", "a/y.db", "b/x.db"])
    #expect(try ids("{ files: '**/x.db' }") == ["a/x.db", "b/x.db"])
    #expect(try ids("{ files: './a/*' }") == ["a/x.db", "a/y.db"])
  }

  @Test(arguments: ["*/*.db", "**/x.db", "a/*", "a/*.db"])
  func `an id stays when other files come and go`(pattern: String) throws {
    let file = try folder.write("a/x.db")
    func id() throws -> String? {
      try folder.inventory("  - { files: '\(pattern)' }\n").installations.first { $0.path == file }?.id
    }
    let first = try id()
    #expect(first != nil)
    for name in ["a/x.sqlite", "b/x.db", "0/x.db", "a/0.db", "x.db"] {
      try folder.write(name)
      #expect(try id() == first)
    }
  }

  @Test func `an absolute pattern gives absolute paths, and one with two dots keeps them`() throws {
    let file = try folder.write("a/x.db")
    let found = try folder.inventory(
      "  - { files: \"${ROOT}/*/x.db\" }\n", environment: ["ROOT": folder.path.replacing("[", with: "\\[")])
    #expect(found.installations.map(\.id) == [file])
    let text = "fleet: x\nmigrations: m\ninstallations: [{ files: ../*/x.db }]\n"
    let fleet = try FleetFile.parse(text, file: "f", folder: "\(folder.path)/a", environment: [:])
    #expect(try fleet.inventory(environment: [:]).installations.map(\.id) == ["../a/x.db"])
  }

  @Test func `hidden folders, companions and the state folder are no databases`() throws {
    let names = [
      "a/x.db", "a/x.db-wal", "a/x.db-shm", "a/x.db-journal", ".flotilla/backups/r/x.db", "a/.old/x.db",
      "state/backups/r/x.db", "state/state.sqlite",
    ]
    for name in names { try folder.write(name) }
    #expect(try ids("{ files: '**/x.db*' }", more: "state: state\n") == ["a/x.db"])
    #expect(try ids("{ files: '*/state.sqlite' }") == ["state/state.sqlite"], "the state folder is another")
  }

  @Test func `one id with a slash can be given by hand`() throws {
    #expect(try ids("{ id: eu/berlin, path: a }") == ["eu/berlin"])
  }
}
