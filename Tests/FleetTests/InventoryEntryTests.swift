import FoundationEssentials
import Testing

@testable import Fleet

@Suite struct InventoryEntryTests {
  let folder: InventoryFolder

  init() throws {
    folder = try InventoryFolder()
  }

  @Test func `two entries with one id name both places`() {
    let said = folder.complaint(
      "  - { id: hq, path: a.db }\n  - { id: x, path: b.db }\n  - { id: hq, path: c.db }\n")
    #expect(said == "fleet.yml:6: \"hq\" (…/c.db) has the same id as \"hq\" (…/a.db) in fleet.yml:4")
  }

  @Test func `one file twice through a symbolic link is refused`() throws {
    let file = try folder.write("a b 'c'.db")
    try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/link.db", withDestinationPath: file)
    let said = folder.complaint("  - { id: one, path: \"a b 'c'.db\" }\n  - { id: two, path: ./link.db }\n")
    #expect(
      said == "fleet.yml:5: \"two\" (…/link.db) is the same file as \"one\" (…/a b 'c'.db) in fleet.yml:4")
  }

  @Test func `one file twice through a hard link is refused`() throws {
    let file = try folder.write("stores/ä.db")
    try FileManager.default.linkItem(atPath: file, toPath: "\(folder.path)/hard.db")
    let said = folder.complaint("  - { files: stores/*.db }\n  - { files: '*.db' }\n")
    #expect(
      said == "fleet.yml:5: \"hard\" (…/hard.db) is the same file as \"ä\" (…/stores/ä.db) in fleet.yml:4")
  }

  @Test func `one file twice through a linked folder is refused`() throws {
    try folder.write("stores/x.db")
    try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/again", withDestinationPath: "stores")
    let said = folder.complaint("  - { id: a, path: stores/x.db }\n  - { id: b, path: again/x.db }\n")
    #expect(said.hasSuffix("is the same file as \"a\" (…/stores/x.db) in fleet.yml:4"))
  }

  @Test func `one path on one host twice is refused`() {
    let said = folder.complaint(
      "  - { id: a, host: h, path: /x }\n  - { id: b, host: h, path: /x }\n  - { id: c, host: i, path: /x }\n"
    )
    #expect(said == "fleet.yml:5: \"b\" (h:/x) is the same file as \"a\" (h:/x) in fleet.yml:4")
  }

  @Test func `a fleet that comes out empty is refused`() {
    let said = folder.complaint("  - { files: none/*.db }\n")
    #expect(said == "fleet.yml:4: the fleet has no installation: no database matches none/*.db")
  }

  @Test func `a folder that can't be read is an error, not an empty folder`() throws {
    try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/round", withDestinationPath: "round")
    let said = folder.complaint("  - { id: a, path: a }\n  - { files: round/*.db }\n")
    #expect(
      said
        == "fleet.yml:5: round/*.db: …/round can't be read: too many levels of symbolic links; databases in there "
        + "would be left out"
    )
  }

  @Test func `an id that a file name can't give is refused`() throws {
    try folder.write("a\u{1B}[31m.db")
    let said = folder.complaint("  - { files: '*.db' }\n")
    #expect(said.contains("must not contain a line break or another control character"))
    #expect(!said.contains("id \"a\u{1B}"))
  }

  @Test func `very many mistakes stay readable`() throws {
    for number in 0..<30 { try folder.write("\(number).db") }
    let said = folder.complaint("  - { files: '*.db' }\n  - { files: './*.db' }\n")
    #expect(said.split(separator: "\n").count == 21)
    #expect(said.hasSuffix("… and 10 more"))
  }

  @Test func `a glob that matches nothing is a warning`() throws {
    let inventory = try folder.inventory("  - { id: a, path: a.db }\n  - { files: none/*.db }\n")
    #expect(inventory.warnings.map(\.description) == ["fleet.yml:5: no database matches none/*.db"])
    #expect(inventory.warnings.first?.code == .globMatchesNothing)
  }

  @Test func `files that aren't there are no duplicates of each other`() throws {
    let inventory = try folder.inventory("  - { id: a, path: x/a.db }\n  - { id: b, path: y/b.db }\n")
    #expect(inventory.installations.count == 2)
  }

  @Test func `a glob finds databases, sorted, and nothing beside them`() throws {
    let names = [
      "b.sqlite", "a b.sqlite", "日本.sqlite", "it's \"x\".v2.sqlite", "b.sqlite-wal", "b.sqlite-shm",
      "b.sqlite-journal",
    ]
    for name in names { try folder.write("stores [1]/\(name)") }
    try folder.write("stores [1]/folder.sqlite/x")
    let inventory = try folder.inventory("  - { files: 'stores \\[1]/*.sqlite*', labels: { region: eu } }\n")
    #expect(
      inventory.installations.map(\.id) == [
        "stores [1]/a b.sqlite", "stores [1]/b.sqlite", "stores [1]/it's \"x\".v2.sqlite",
        "stores [1]/日本.sqlite",
      ])
    #expect(inventory.installations[3].path == "\(folder.path)/stores [1]/日本.sqlite")
    #expect(inventory.installations[3].labels == ["region": "eu"])
    #expect(inventory.installations[3].location.line == 4)
    #expect(inventory.installations[3].machine == .local)
  }

  @Test func `defaults hold where an entry says nothing`() throws {
    let inventory = try folder.inventory(
      "  - { id: a, path: a }\n  - { id: b, path: b, groups: [canary, canary], labels: { tier: 2 } }\n  - { id: c, host: h, port: 22, become: true }\n",
      more: "defaults: { groups: [stores], labels: { tier: 1, region: eu }, path: /var/db }\n")
    #expect(inventory.installations.map(\.groups) == [["stores"], ["canary"], ["stores"]])
    #expect(inventory.installations[0].labels == ["tier": "1", "region": "eu"])
    #expect(inventory.installations[1].labels == ["tier": "2", "region": "eu"])
    #expect(inventory.installations[2].path == "/var/db")
    #expect(inventory.installations[2].machine == .remote(Host("h", port: 22, become: "root")))
    #expect(inventory.groups == ["canary", "stores"])
  }

  @Test func `different ids have different file names`() {
    #expect(Installation.fileName("a-B_1.x") == "a-B_1.x")
    #expect(Installation.fileName("a b%/ä") == "a%20b%25%2F%C3%A4")
    #expect(Installation.fileName("../x") == "..%2Fx")
  }

  @Test func `long ids that differ only at their ends have different file names of allowed length`() {
    let ids = ["a", "b"].map { String(repeating: "ä/", count: 300) + $0 }
    let names = ids.map(Installation.fileName)
    #expect(names[0] != names[1])
    #expect(names.allSatisfy { $0.utf8.count == 200 && !$0.contains("/") })
  }
}
