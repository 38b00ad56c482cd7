import Testing

@testable import Fleet

/// A fleet file with a mistake, and what is said about it.
struct BadFleetFile: Sendable, CustomTestStringConvertible {
  let text: String
  let complaint: String

  /// The mistake stands on line 4 and below.
  init(_ lines: String, _ complaint: String) {
    text = "fleet: test\nmigrations: m\ninstallations: [{ id: a, path: a.db }]\n\(lines)\n"
    self.complaint = complaint
  }

  init(whole text: String, _ complaint: String) {
    self.text = text
    self.complaint = complaint
  }

  var testDescription: String { complaint }
}

@Suite struct InventoryBadFileTests {
  static let keys = [
    BadFleetFile(whole: "", "fleet.yml:1: the file is empty"),
    BadFleetFile(whole: "# nothing\n", "fleet.yml:1: the file is empty"),
    BadFleetFile(whole: "- a\n", "fleet.yml:1: a fleet file must be a mapping of keys to values, not a list"),
    BadFleetFile(
      whole: "fleet: x\nmigrations: m\ninstalations:\n  - { id: a, path: a.db }\n",
      """
      fleet.yml:1: the key "installations" is missing or empty: the databases of the fleet
      fleet.yml:3: unknown key "instalations" — did you mean "installations"?
      """),
    BadFleetFile(
      whole: "installations: [{ id: a, path: a }]\n",
      """
      fleet.yml:1: the key "fleet" is missing: the name of the fleet
      fleet.yml:1: the key "migrations" is missing: the folder with the migration files
      """),
    BadFleetFile(
      whole: "fleet: x\nmigrations: m\ninstallations: []\n",
      "fleet.yml:3: \"installations\" is empty: nothing to work on"),
    BadFleetFile("fleet: again", "fleet.yml:1: the key \"fleet\" is given twice"),
    BadFleetFile(
      "rollout: { wave: [a] }", "fleet.yml:4: unknown key \"wave\" in \"rollout\" — did you mean \"waves\"?"),
    BadFleetFile("<<: {}", "fleet.yml:4: unknown key \"<<\""),
    BadFleetFile("? [a]\n: b", "fleet.yml:4: a key must be a text, not a list"),
    BadFleetFile("zebra: 1", "fleet.yml:4: unknown key \"zebra\""),
    BadFleetFile("${HOME}: 1", "fleet.yml:4: unknown key \"${HOME}\""),
    BadFleetFile(
      "defaults: { group: [a] }",
      "fleet.yml:4: unknown key \"group\" in \"defaults\" — did you mean \"groups\"?"),
    BadFleetFile(
      "report: { URL: x }", "fleet.yml:4: unknown key \"URL\" in \"report\" — did you mean \"url\"?"),
  ]

  static let types = [
    BadFleetFile("state: [a]", "fleet.yml:4: \"state\" must be a text, not a list"),
    BadFleetFile("state: ''", "fleet.yml:4: \"state\" is empty"),
    BadFleetFile(
      "state: ~/state",
      "fleet.yml:4: \"state\" begins with \"~\", which is not expanded — did you mean \"${HOME}/state\"?"),
    BadFleetFile("state: \"a\\0b\"", "fleet.yml:4: \"state\" contains a NUL"),
    BadFleetFile(
      "state: !vault abc", "fleet.yml:4: \"state\" has the YAML tag !vault, which means nothing here"),
    BadFleetFile("rollout: fast", "fleet.yml:4: \"rollout\" must be a mapping of keys to values, not a text"),
    BadFleetFile(
      "rollout: { concurrency: many }",
      "fleet.yml:4: \"rollout.concurrency\" must be a whole number from 1 to 1000, not \"many\""),
    BadFleetFile(
      "rollout: { concurrency: 0 }",
      "fleet.yml:4: \"rollout.concurrency\" must be a whole number from 1 to 1000, not \"0\""),
    BadFleetFile(
      "rollout: { per_host: [1] }",
      "fleet.yml:4: \"rollout.per_host\" must be a whole number from 1 to 1000, not a list"),
    BadFleetFile(
      "rollout: { timeout: 10 }",
      "fleet.yml:4: \"rollout.timeout\" must be a duration such as 250ms, 30s, 10m or 2h, not \"10\""),
    BadFleetFile(
      "rollout: { timeout: 0s }", "fleet.yml:4: \"rollout.timeout\" must be longer than nothing, not \"0s\""),
    BadFleetFile(
      "rollout: { busy_timeout: 99999999999999999h }",
      "fleet.yml:4: \"rollout.busy_timeout\" must be a duration such as 250ms, 30s, 10m or 2h, not \"99999999999999999h\""
    ),
    BadFleetFile(
      "rollout: { max_failures: 101% }",
      "fleet.yml:4: \"rollout.max_failures\" must be a whole number or a share such as 5%, not \"101%\""),
    BadFleetFile(
      "rollout: { max_failures: -1 }",
      "fleet.yml:4: \"rollout.max_failures\" must be a whole number or a share such as 5%, not \"-1\""),
    BadFleetFile(
      "backup: { check: ful }",
      "fleet.yml:4: \"backup.check\" must be full, quick or none, not \"ful\" — did you mean \"full\"?"),
    BadFleetFile(
      "backup: { compress: gzip }", "fleet.yml:4: \"backup.compress\" must be none or zstd, not \"gzip\""),
    BadFleetFile(
      "backup: { keep: 0 }",
      "fleet.yml:4: \"backup.keep\" must be a whole number from 1 to 1000000, not \"0\""),
    BadFleetFile(
      "backup: { fetch: maybe }", "fleet.yml:4: \"backup.fetch\" must be true or false, not \"maybe\""),
    BadFleetFile(
      "defaults: { groups: stores }", "fleet.yml:4: \"defaults.groups\" must be a list, not \"stores\""),
    BadFleetFile(
      "defaults: { labels: [a] }",
      "fleet.yml:4: \"defaults.labels\" must be a mapping such as { region: eu }, not a list"),
    BadFleetFile(
      "defaults: { labels: { a: [b] } }", "fleet.yml:4: \"defaults.labels.a\" must be a text, not a list"),
    BadFleetFile("hooks: { before: ['', x] }", "fleet.yml:4: \"hooks.before\" is empty"),
    BadFleetFile("hooks: { before: reboot }", "fleet.yml:4: \"hooks.before\" must be a list, not \"reboot\""),
    BadFleetFile(
      "hooks: { before: [a, [b]] }", "fleet.yml:4: \"hooks.before\" must be a list of texts, not a list"),
    BadFleetFile(
      "report: { url: ftp://u:p@x }", "fleet.yml:4: \"report.url\" must begin with https:// or http://"),
    BadFleetFile(
      "report: { notify: [https://x, s3cret] }",
      "fleet.yml:4: \"report.notify\" must begin with https:// or http://"),
    BadFleetFile(
      "report: { method: GET }", "fleet.yml:4: \"report.method\" must be POST or PUT, not \"GET\""),
    BadFleetFile(
      "report: { client_key: k.pem }", "fleet.yml:4: \"report.client_key\" needs \"report.client_cert\""),
    BadFleetFile(
      "report: { compress: gzip }",
      "fleet.yml:4: \"report.compress\" must be auto, true, false or never, not \"gzip\""),
    BadFleetFile(
      "report: { token: a, token_file: b }",
      "fleet.yml:4: \"report.token\" and \"report.token_file\" exclude each other"),
    BadFleetFile(
      "drift: { ignore: [tabel x] }",
      "fleet.yml:4: \"drift.ignore\": \"tabel x\" must be one of table, index, trigger, view, column and a name — did you mean \"table\"?"
    ),
    BadFleetFile(
      "drift: { ignore: [table] }",
      "fleet.yml:4: \"drift.ignore\": \"table\" must be one of table, index, trigger, view, column and a name"
    ),
    BadFleetFile(
      "drift: { ignore: [column x] }",
      "fleet.yml:4: \"drift.ignore\": \"column x\" must name a column as TABLE.COLUMN"),
    BadFleetFile(
      "drift: { ignore: ['table x[a'] }",
      "fleet.yml:4: \"drift.ignore\": \"table x[a\" has a [ that is not closed, or a range that runs backwards"
    ),
  ]

  static let waves = [
    BadFleetFile(
      "rollout:\n  waves: []",
      "fleet.yml:5: \"rollout.waves\": a rollout needs at least one wave, such as 100%"),
    BadFleetFile(
      "rollout:\n  waves: [a, 101%]",
      "fleet.yml:5: \"rollout.waves\": wave \"101%\" must be a share above 0% and at most 100%, such as 10% or 0.5%"
    ),
    BadFleetFile(
      "rollout:\n  waves:\n    - a\n    - 0%",
      "fleet.yml:7: \"rollout.waves\": wave \"0%\" must be a share above 0% and at most 100%, such as 10% or 0.5%"
    ),
    BadFleetFile(
      "rollout: { waves: [x%] }",
      "fleet.yml:4: \"rollout.waves\": wave \"x%\" must be a share above 0% and at most 100%, such as 10% or 0.5%"
    ),
    BadFleetFile(
      "rollout: { waves: [50%, 10%] }",
      "fleet.yml:4: \"rollout.waves\": wave \"10%\" adds nothing after 50%: shares count what earlier waves cover"
    ),
    BadFleetFile(
      "rollout: { waves: [0] }",
      "fleet.yml:4: \"rollout.waves\": wave \"0\" must be a number from 1, a share, a group or a pattern"),
    BadFleetFile("rollout: { waves: [a, a] }", "fleet.yml:4: \"rollout.waves\": wave \"a\" is there twice"),
    BadFleetFile(
      "rollout: { waves: ['a:!'] }",
      "fleet.yml:4: \"rollout.waves\": wave \"a:!\": pattern \"a:!\": a name is missing between separators or after ! or &"
    ),
  ]

  static let entries = [
    BadFleetFile(
      whole: "fleet: x\nmigrations: m\ninstallations: { id: a }\n",
      "fleet.yml:3: \"installations\" must be a list of entries such as - { id: hq, path: hq.sqlite }, not a mapping"
    ),
    BadFleetFile(
      whole: entry("hq.sqlite"),
      "fleet.yml:4: an installation must be a mapping such as { id: hq, path: hq.sqlite }, not \"hq.sqlite\""),
    BadFleetFile(
      whole: entry("{ path: a.db }"),
      "fleet.yml:4: the key \"id\" is missing: the installation's name in the fleet"),
    BadFleetFile(whole: entry("{ id: a }"), "fleet.yml:4: the key \"path\" is missing: the database file"),
    BadFleetFile(whole: entry("{ id: .., path: a }"), "fleet.yml:4: \"..\" can't be an id"),
    BadFleetFile(
      whole: entry("{ id: all, path: a }"),
      "fleet.yml:4: \"all\" can't be an id: as a pattern it means every installation"),
    BadFleetFile(whole: entry("{ id: '', path: a }"), "fleet.yml:4: \"id\" is empty"),
    BadFleetFile(
      whole: entry("{ id: \"a\\nb\", path: a }"),
      "fleet.yml:4: id \"a\u{FFFD}b\" must not contain a line break or another control character"),
    BadFleetFile(whole: entry("{ id: \"a\\0b\", path: a }"), "fleet.yml:4: \"id\" contains a NUL"),
    BadFleetFile(whole: entry("{ id: a, path: a, user: u }"), "fleet.yml:4: \"user\" needs a \"host\""),
    BadFleetFile(
      whole: entry("{ id: a, path: a, host: -oProxyCommand=x }"),
      "fleet.yml:4: host \"-oProxyCommand=x\" must not begin with \"-\""),
    BadFleetFile(
      whole: entry("{ id: a, path: a, host: h, user: 'a b' }"),
      "fleet.yml:4: user \"a b\" must not contain a space or a control character"),
    BadFleetFile(
      whole: entry("{ id: a, path: a, host: h, port: 65536 }"),
      "fleet.yml:4: \"port\" must be a whole number from 1 to 65535, not \"65536\""),
    BadFleetFile(
      whole: entry("{ id: a, path: a, lables: {} }"),
      "fleet.yml:4: unknown key \"lables\" — did you mean \"labels\"?"),
    BadFleetFile(
      whole: entry("{ files: '*.db', path: a }"),
      "fleet.yml:4: \"path\" does not go with \"files\" in one entry"),
    BadFleetFile(
      whole: entry("{ files: '*.db', id: '{parrent}-x' }"),
      "fleet.yml:4: \"id\": unknown placeholder \"{parrent}\"; there are {name}, {parent}, {grandparent}, {path} "
        + "— did you mean \"{parent}\"?"),
    BadFleetFile(
      whole: entry("{ files: '*.db', id: '{}' }"),
      "fleet.yml:4: \"id\": unknown placeholder \"{}\"; there are {name}, {parent}, {grandparent}, {path}"),
    BadFleetFile(
      whole: entry("{ files: '*.db', id: 'a{name' }"),
      "fleet.yml:4: \"id\": a \"{\" or \"}\" that doesn't belong to a placeholder"),
    BadFleetFile(
      whole: entry("{ files: '*.db', id: 'name}' }"),
      "fleet.yml:4: \"id\": a \"{\" or \"}\" that doesn't belong to a placeholder"),
    BadFleetFile(
      whole: entry("{ files: '*.db', id: {parent} }"),
      "fleet.yml:4: \"id\" must be a text, not a mapping; put it in quotes — did you mean \"id: '{parent}'\"?"
    ),
    BadFleetFile(
      whole: entry("{ from: a, path: b }"), "fleet.yml:4: \"path\" does not go with \"from\" in one entry"),
    BadFleetFile(
      whole: entry("{ files: 'a/b**/*.db' }"),
      "fleet.yml:4: \"files\": \"**\" must stand alone between slashes, as in actors/**/store.sqlite"),
    BadFleetFile(
      whole: entry("{ files: '*/../x.db' }"), "fleet.yml:4: \"files\": \"..\" can't follow a wildcard"),
    BadFleetFile(
      whole: entry("{ files: '[a*.db' }"),
      "fleet.yml:4: \"files\": a \"[\" that is not closed, a range that runs backwards, or a \"\\\" at the end; "
        + "\"\\[\" means a bracket"),
    BadFleetFile(
      whole: entry("{ files: '[[:digit:]].db' }"),
      "fleet.yml:4: \"files\": classes such as [[:digit:]] are unknown; write [0-9]"),
    BadFleetFile(
      whole: entry("{ files: 'stores/*/' }"),
      "fleet.yml:4: \"files\": the pattern ends with a slash, so it would match folders; end it with the files' "
        + "names"),
  ]

  private static func entry(_ text: String) -> String {
    "fleet: x\nmigrations: m\ninstallations:\n  - \(text)\n"
  }

  @Test(arguments: keys + types + waves + entries)
  func `a mistake is told with its line`(_ bad: BadFleetFile) {
    #expect(complaint(about: bad.text) == bad.complaint)
  }

  @Test func `what is not YAML is told with its line`() {
    let text = complaint(about: "fleet: x\ninstallations: [\n  { id: a }\n")
    #expect(text.hasPrefix("fleet.yml:4: not YAML: did not find expected ',' or ']'"))
    #expect(complaint(about: "a: 1\n---\nb: 2\n") == "fleet.yml:2: not YAML: but found another document")
    #expect(complaint(about: "a: *b\n") == "fleet.yml:1: not YAML: found undefined alias")
  }

  @Test func `several mistakes are told in the order of their lines`() {
    let text = """
      fleet: x
      migrations: m
      installations: [{ id: a, path: a }]
      drift: { ignore: [x] }
      rollout: { concurrency: x, waves: [0%] }
      backup: { keep: x }
      """
    #expect(
      complaint(about: text).split(separator: "\n").map { $0.prefix(12) } == [
        "fleet.yml:4:", "fleet.yml:5:", "fleet.yml:5:", "fleet.yml:6:",
      ])
  }

  @Test func `of very many mistakes the rest is counted`() {
    let entries = String(repeating: "  - {}\n", count: 30)
    let lines = complaint(about: "fleet: x\nmigrations: m\ninstallations:\n\(entries)").split(separator: "\n")
    #expect(lines.count == 21)
    #expect(lines.last == "… and 40 more")
  }

  @Test func `an unset variable is told with its line`() {
    let text = "fleet: x\nmigrations: ${NOT_THERE}/m\ninstallations: [{ id: a, path: a }]\n"
    #expect(complaint(about: text) == "fleet.yml:2: the variable ${NOT_THERE} in \"migrations\" is not set")
  }

  @Test func `a broken reference is told with its line`() {
    let text = "fleet: \"${a b}\"\nmigrations: m\ninstallations: [{ id: a, path: a }]\n"
    #expect(
      complaint(about: text) == "fleet.yml:1: \"${\" without a name and a \"}\" in \"fleet\": \"${a b}\"")
  }

  @Test func `a message shows the variable and not its value`() {
    let text = "fleet: x\nmigrations: m\ninstallations: [{ id: a, path: a }]\nbackup: { keep: ${SECRET} }\n"
    let said = complaint(about: text, environment: ["SECRET": "hunter2"])
    #expect(
      said == "fleet.yml:4: \"backup.keep\" must be a whole number from 1 to 1000000, not \"${SECRET}\"")
  }

  @Test func `a file that can't be read is told`() throws {
    let folder = try InventoryFolder()
    let missing = #expect(throws: InventoryErrors.self) {
      try FleetFile.load("none.yml", currentDirectory: folder.path, environment: [:])
    }
    #expect(missing?.description == "none.yml: can't be read: no such file or directory")
    let whole = #expect(throws: InventoryErrors.self) {
      try FleetFile.load(".", currentDirectory: folder.path, environment: [:])
    }
    #expect(whole?.errors.first?.code == .unreadable)
  }
}
