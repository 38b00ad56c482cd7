import Foundation
import TestSupport
import Testing

/// What people are shown on a terminal of 80 columns.
@Suite struct TerminalTests {
  private let fleet: SmallFleet

  private static let long = String(repeating: "very-long-", count: 11) + "name"
  private static let wide = String(repeating: "東京店", count: 5)

  init() throws {
    fleet = try SmallFleet(7)
    try fleet.folder.write(
      """
      fleet: \(Self.long)
      migrations: migrations
      installations:
        - { id: "\(Self.long) 0", path: db/i0000.sqlite, groups: ["\(Self.long)"] }
        - { id: "\(Self.wide)", path: db/i0001.sqlite }
        - { id: "\(Self.long) 2", path: db/i0002.sqlite }
        - { id: "\(Self.long) 3", path: db/missing.sqlite }
        - { id: "\(Self.wide) 4", path: db/i0004.sqlite }
        - { id: one-that-is-a-bit-longer-than-its-column, path: db/i0005.sqlite }
        - { id: short, path: db/i0006.sqlite }
        - { id: "\(Self.long) 7", host: "\(Self.long)", path: /srv/db.sqlite }
      rollout: { waves: ["\(Self.long)", 100%], max_failures: 3 }
      """, to: "fleet.yml")
    try SmallFleet.change(fleet.path(2), "CREATE TABLE \"\(Self.long)\" (id INTEGER)")
    try SmallFleet.change(
      fleet.path(4), "CREATE TABLE \"red \u{1B}[31m\n9 migrated\u{202E}\u{2066}\u{200B}\" (id INTEGER)")
    try SmallFleet.change(
      fleet.path(5), "INSERT INTO schema_migrations (version, name) VALUES (7, 'pilot')")
  }

  /// Columns, those of East Asian characters counted twice.
  private static func columns(_ line: some StringProtocol) -> Int {
    line.unicodeScalars.reduce(0) { $0 + ((0x4E00...0x9FFF).contains($1.value) ? 2 : 1) }
  }

  /// What was said that a terminal would obey, that turns round what is near it, or that nobody sees; line ends aside.
  private static func obeyed(_ run: ProgramResult) -> [Unicode.Scalar] {
    (run.output + run.errors).unicodeScalars.filter {
      let kinds: [Unicode.GeneralCategory] = [.control, .format, .lineSeparator, .paragraphSeparator]
      return kinds.contains($0.properties.generalCategory) && !["\n", "\r"].contains($0)
    }
  }

  private func lines(_ arguments: String...) throws -> [String] {
    let run = try Program.run(arguments, in: fleet.folder.path)
    #expect([0, 3, 4].contains(run.status), "\(run.errors)")
    #expect(Self.obeyed(run).isEmpty, "\(arguments): \(run.output)\(run.errors)")
    #expect(!run.output.hasPrefix("9 migrated") && !run.output.contains("\n9 migrated"), "\(arguments)")
    let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for line in lines { #expect(Self.columns(line) <= 80, "\(arguments): \(line)") }
    return lines.filter { !$0.isEmpty }
  }

  @Test func `every line fits 80 columns, however long the names are, and the last names the next command`()
    throws
  {
    #expect(try lines("status").last == "Next: flotilla plan")
    #expect(try lines("status", "--verbose").last == "Next: flotilla plan")
    #expect(try lines("plan").last == "Next: flotilla migrate")
    #expect(try lines("plan", "--verbose").last == "Next: flotilla migrate")
    #expect(try lines("drift").last == "Next: flotilla drift --sql")
    let migrated = try lines("migrate", "--yes")
    #expect(migrated.first?.contains(" failed  very-long-") == true)
    #expect(migrated.last == "Next, once that is mended: flotilla migrate")
    _ = try lines("drift", "--verbose")
    try SmallFleet.change(fleet.path(4), "DROP TABLE \"red \u{1B}[31m\n9 migrated\u{202E}\u{2066}\u{200B}\"")
    #expect(try lines("drift").contains { $0.contains(" resolved ") })
    _ = try lines("history")
  }

  @Test func `what a database says can't drive the terminal`() throws {
    let fleet = try SmallFleet(2, slow: 1)
    try SmallFleet.change(
      fleet.path(0),
      """
      CREATE TRIGGER red BEFORE UPDATE ON parents
      BEGIN SELECT RAISE(ABORT, '\u{1B}]0;owned\u{7}\u{9B}31m\n9 migrated'); END
      """)
    try SmallFleet.change(
      fleet.path(1), "CREATE TABLE \"red \u{1B}[31m\n9 migrated\u{202E}\u{2066}\u{200B}\" (id INTEGER)")
    for arguments in [
      ["migrate", "--yes", "--verbose"], ["drift"], ["drift", "--sql"], ["report", "--format", "markdown"],
      ["report", "--format", "csv"], ["report", "--run", "last", "--format", "markdown"],
    ] {
      let run = try Program.run(arguments, in: fleet.folder.path)
      let said = run.output + run.errors
      #expect(said.contains("red") || said.contains("owned"), "\(arguments): \(said)")
      #expect(Self.obeyed(run).isEmpty, "\(arguments): \(said.debugDescription)")
      if arguments.last != "csv" {
        #expect(!said.hasPrefix("9 migrated") && !said.contains("\n9 migrated"), "\(arguments): \(said)")
      }
    }
  }

  @Test(arguments: [
    ["status"], ["status", "--format", "json"], ["plan"], ["drift"], ["drift", "--sql"],
    ["drift", "--format", "json"],
    ["report"], ["report", "--format", "markdown"], ["report", "--format", "csv"],
    ["report", "--format", "junit"],
    ["report", "--format", "html"], ["report", "--format", "prometheus"], ["migrate", "--yes", "--verbose"],
    ["lint", "--format", "json"],
  ])
  func `text that runs backwards or can't be seen reaches no terminal`(arguments: [String]) throws {
    let hidden = "\u{202E}\u{2066}\u{200F}\u{61C}\u{200B}\u{AD}\u{9B}"
    let fleet = try SmallFleet(2)
    try fleet.configure(
      "rollout: { waves: [\"g\(hidden.dropLast())\", 100%], max_failures: 2 }",
      installations: """
          - { id: "a\(hidden.dropLast())", path: db/i0000.sqlite, groups: ["g\(hidden.dropLast())"] }
          - { id: b, path: "db/gnp\(hidden.dropLast()).sqlite" }
        """)
    try SmallFleet.change(fleet.path(0), "CREATE TABLE \"own \(hidden)\" (id INTEGER)")
    let run = try Program.run(arguments, in: fleet.folder.path)
    #expect([0, 3, 4].contains(run.status), "\(run.errors)")
    #expect(Self.obeyed(run).isEmpty, "\(Self.obeyed(run)) in \(run.output)\(run.errors)")
  }

  @Test(arguments: ["wav\u{202E}es: [1]", "concurrency: \"\u{2066}1\"", "waves: [\"no\u{200B}ne\"]"])
  func `what is wrong with an inventory is shown without it too`(key: String) throws {
    let fleet = try SmallFleet(1, extra: "rollout: { \(key) }")
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 1)
    #expect(run.errors.contains("fleet.yml") && Self.obeyed(run).isEmpty, "\(run.errors)")
  }

  @Test func `where all is well, nothing asks for attention`() throws {
    let fleet = try SmallFleet(3)
    let run = try fleet.run("migrate", "--yes")
    #expect(run.output.hasPrefix("3 migrated, in "))
    #expect(!run.output.contains("Next"))
    #expect(!(try fleet.run("status").output.contains("Next")))
    #expect(!(try fleet.run("drift").output.contains("Next")))
  }
}
