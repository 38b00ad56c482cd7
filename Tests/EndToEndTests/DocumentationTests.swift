import Foundation
import TestSupport
import Testing

@testable import Schema

/// README and the pages in docs/ name what there is, and what they show works as it is shown.
@Suite struct DocumentationTests {
  // MARK: - Links

  @Test(arguments: Document.all)
  func `no link leads to a file or a heading that isn't there`(document: Document) throws {
    for link in document.links where !link.contains("://") {
      let parts = link.split(separator: "#", omittingEmptySubsequences: false).map(String.init)
      let path = parts[0].isEmpty ? document.path : document.resolve(parts[0])
      #expect(FileManager.default.fileExists(atPath: "\(Repository.root)/\(path)"), "\(link)")
      guard parts.count > 1 else { continue }
      #expect(try Document(path).anchors.contains(parts[1]), "\(link)")
    }
  }

  @Test func `no page is left out of README's table`() throws {
    let links = Set(try Document("README.md").links)
    for page in Document.pages { #expect(links.contains(page), "\(page)") }
  }

  @Test func `no source file that the architecture names is missing`() throws {
    let files = FileManager.default.enumerator(atPath: Repository.root + "/Sources")
    let names = try #require(files).compactMap { $0 as? String } + Document.testFiles
    let named = try Document("docs/architecture.md").codeSpans.filter { $0.hasSuffix(".swift") }
    #expect(named.count > 40)
    for name in named { #expect(names.contains { "/\($0)".hasSuffix("/\(name)") }, "\(name)") }
  }

  // MARK: - Commands

  @Test(arguments: Document.all.filter { $0.path != "CHANGELOG.md" })
  func `no command is shown that doesn't exist, nor with an option that it doesn't have`(document: Document)
    throws
  {
    let commands = try Help.commands() + ["help"]
    for words in document.invocations {
      let name = words[0]
      guard name != "COMMAND" else { continue }
      #expect(commands.contains(name), "flotilla \(words.joined(separator: " "))")
      guard commands.contains(name), name != "help" else { continue }
      let known = try Help.options(name == "collect" ? ["collect", "--help"] : ["help", name])
      for option in words where option.hasPrefix("--") {
        #expect(known.contains(option), "flotilla \(words.joined(separator: " "))")
      }
    }
  }

  @Test func `no command and no option is left out, and none is made up`() throws {
    let page = try Document("docs/commands.md")
    let commands = try Help.commands()
    #expect(page.sections.map(\.title).filter { commands.contains($0) } == commands)
    for command in commands where command != "collect" {
      let section = try #require(page.sections.first { $0.title == command })
      let options = try Help.options(["help", command]).subtracting(["--fleet", "--only", "--verbose"])
      #expect(Set(section.firstCells.flatMap(Help.options(in:))) == options, "\(command)")
    }
    let collector = try #require(
      try Document("docs/uploads.md").sections.first { $0.title == "The collector" })
    #expect(
      Set(collector.firstCells.flatMap(Help.options(in:))) == (try Help.options(["collect", "--help"])))
  }

  @Test func `no exit status is left out`() throws {
    let section = try #require(
      try Document("docs/commands.md").sections.first { $0.title == "Exit status" })
    let help = try Program.run("--help", in: "/").output
    let start = try #require(help.range(of: "Exit status:"))
    let end = try #require(help.range(of: "USAGE:"))
    let named = help[start.upperBound..<end.lowerBound].matches(of: /\d+/).map { String($0.output) }
    #expect(section.firstCells.joined(separator: " ").matches(of: /\d+/).map { String($0.output) } == named)
  }

  // MARK: - Codes and kinds

  @Test func `no error code is left out, and none is made up`() throws {
    let source = try Repository.text("Sources/Upgrade/FailureCode.swift")
    let codes = source.matches(of: /Code\(rawValue: "([a-z_]+)"\)/).map { String($0.output.1) }
    let section = try #require(
      try Document("docs/commands.md").sections.first { $0.title == "Error codes" })
    let named = section.firstCells.flatMap(Document.codeSpans(in:))
    #expect(Set(named) == Set(codes))
    #expect(named.count == codes.count && codes.count > 50)
  }

  @Test func `no kind of drift is left out, and none is made up`() throws {
    let section = try #require(try Document("docs/drift.md").sections.first { $0.title == "Kinds" })
    let named = section.firstCells.flatMap(Document.codeSpans(in:))
    #expect(named.sorted() == Difference.Kind.known.map(\.rawValue).sorted())
  }

  // MARK: - Samples

  private static let environment = [
    "FLOTILLA_REPORT_TOKEN": "t0ken", "FLOTILLA_CHAT_URL": "https://127.0.0.1/chat",
    "FLOTILLA_REPORT_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  ]

  /// Lints a fleet file and a migration, which opens no installation.
  private func lint(_ fleet: String, _ migration: String) throws -> ProgramResult {
    let folder = try TemporaryFolder()
    try folder.write(fleet, to: "fleet.yml")
    try folder.write("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);", to: "baseline.sql")
    try folder.write(migration, to: "migrations/0001_sample.sql")
    try folder.write("-- +goose Up\n\(migration)", to: "db/migrations/00007_sample.sql")
    return try Program.run("lint", in: folder.path, environment: Self.environment)
  }

  /// A whole fleet file from a part of one.
  private func completed(_ sample: String) -> String {
    var text = sample
    if !text.contains(/(?m)^fleet:/) { text = "fleet: sample\nmigrations: migrations\n" + text }
    if !text.contains(/(?m)^installations:/) { text += "installations: [{ id: hq, path: hq.sqlite }]\n" }
    if !text.contains(/(?m)^baseline:/) { text += "baseline: baseline.sql\n" }
    return text
  }

  @Test func `no sample of fleet.yml is refused`() throws {
    let samples = Document.all.flatMap { $0.blocks("yaml") }
    #expect(samples.count >= 4)
    for sample in samples {
      let run = try lint(completed(sample), "SELECT 1;")
      #expect(run.status == 0, "\(sample)\n\(run.output)\(run.errors)")
      // A sample that nobody reads would pass too.
      #expect(try lint(completed(sample) + "colour: red\n", "SELECT 1;").status == 1)
    }
  }

  @Test func `no sample of a migration is refused`() throws {
    let samples = Document.all.flatMap { $0.blocks("sql") }
    #expect(samples.count >= 2)
    for sample in samples {
      let run = try lint(completed(""), sample)
      #expect(run.status == 0, "\(sample)\n\(run.output)\(run.errors)")
      #expect(try lint(completed(""), sample + "\n-- @expect colour red\n").status == 1)
    }
  }

  @Test func `no step of README's five minutes fails in an empty folder`() throws {
    let section = try #require(try Document("README.md").sections.first { $0.title == "Five minutes" })
    let steps = Document.blocks("sh", in: section.text)
    #expect(steps.first?.hasPrefix("scripts/setup && swift build") == true && steps.count == 5)
    let folder = try TemporaryFolder()
    // Stands for the program of this name, which the tests don't require.
    let sqlite = try folder.write(
      """
      #!/usr/bin/env python3
      import sqlite3, sys
      database = sqlite3.connect(sys.argv[1], isolation_level=None)
      if sys.argv[2].startswith("SELECT"):
          for row in database.execute(sys.argv[2]):
              print("|".join(map(str, row)))
      else:
          database.executescript(sys.argv[2])

      """, to: "bin/sqlite3")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: sqlite)
    try FileManager.default.createDirectory(
      atPath: folder.file("shop"), withIntermediateDirectories: false)
    let run = try Program.shell(
      """
      set -eu
      export PATH="$PWD/bin:$(dirname "$FLOTILLA"):$PATH"
      cd shop
      \(steps[1...3].joined(separator: "\n"))
      ! sqlite3 stores/berlin.sqlite "SELECT email FROM users" 2> /dev/null
      \(steps[4])
      sqlite3 stores/berlin.sqlite "INSERT INTO users (name, email) VALUES ('Joan', 'joan@example.net')"
      """, in: folder.path)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("3 migrated") && run.output.contains("1 installation restored"))
    #expect(run.output.contains("20240101120000\n20240301120000\n"), "\(run.output)")
    #expect(try String(contentsOfFile: folder.file("shop/fleet.html"), encoding: .utf8).contains("</html>"))
    // What README shows of init is what init says.
    let shown = try #require(Document.blocks("", in: section.text).first)
    for line in shown.split(separator: "\n") {
      #expect((run.output + run.errors).contains(line), "\(line)")
    }
  }
}

/// What the program says of itself.
private enum Help {
  static func commands() throws -> [String] {
    try subcommands(in: Program.run("--help", in: "/").output)
  }

  private static func subcommands(in text: String) throws -> [String] {
    let list = try #require(text.range(of: "SUBCOMMANDS:"))
    return text[list.upperBound...].matches(of: /(?m)^ {2}([a-z]+)\ /).map { String($0.output.1) }
  }

  /// The options of a command and of its subcommands, but for help and version.
  static func options(_ arguments: [String]) throws -> Set<String> {
    let text = try Program.run(arguments, in: "/").output
    // The usage leaves out the options of a command that has many.
    let lines = text.split(separator: "\n").filter {
      !$0.hasSuffix("Show the version.") && !$0.hasSuffix("Show help information.")
    }
    let own = Set(
      lines.compactMap { $0.prefixMatch(of: /\ \ (?:-[a-z], )?--[a-z-]+(?:\/--[a-z-]+)?/) }
        .flatMap { options(in: String($0.output)) })
    guard text.contains("SUBCOMMANDS:") else { return own }
    return try subcommands(in: text).reduce(into: own) { try $0.formUnion(options(arguments + [$1])) }
  }

  static func options(in text: String) -> [String] {
    text.matches(of: /--[a-z-]+/).map { String($0.output) }
  }
}

/// A page of the documentation.
struct Document: Sendable, CustomTestStringConvertible {
  /// From the root of the checkout.
  let path: String
  let text: String
  var testDescription: String { path }

  static let pages: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: Repository.root + "/docs")) ?? []
    return names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/" + $0 }
  }()

  static let testFiles: [String] = {
    let files = FileManager.default.enumerator(atPath: Repository.root + "/Tests")
    return files?.compactMap { ($0 as? String).map { "Tests/" + $0 } } ?? []
  }()

  /// All pages. One that can't be read is empty, which its tests then find.
  static let all: [Document] = (["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] + pages).map {
    Document($0, (try? Repository.text($0)) ?? "")
  }

  init(_ path: String) throws { self.init(path, try Repository.text(path)) }

  private init(_ path: String, _ text: String) { (self.path, self.text) = (path, text) }

  /// A path relative to this page, from the root of the checkout.
  func resolve(_ link: String) -> String {
    var parts = path.split(separator: "/").dropLast().map(String.init)
    for part in link.split(separator: "/") {
      if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
    }
    return parts.joined(separator: "/")
  }

  /// The text without blocks of code.
  private var prose: String { text.replacing(/(?ms)^ *```.*?^ *```$/, with: "") }

  var links: [String] {
    let plain = prose.replacing(/`[^`]+`/, with: "code")
    return plain.matches(of: /\]\(([^)]+)\)/).map { String($0.output.1) }
  }

  /// What links to headings have behind the `#`, as GitHub makes it.
  var anchors: [String] {
    prose.matches(of: /(?m)^#+ (.+)$/).map { heading in
      heading.output.1.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
        .replacing(" ", with: "-")
    }
  }

  var codeSpans: [String] { Self.codeSpans(in: prose) }

  static func codeSpans(in text: String) -> [String] {
    text.matches(of: /`([^`]+)`/).map { String($0.output.1) }
  }

  /// The blocks of code in a language, without what indents them in a list.
  func blocks(_ language: String) -> [String] { Self.blocks(language, in: text) }

  static func blocks(_ language: String, in text: String) -> [String] {
    text.matches(of: /(?ms)^( *)```([a-z]*)\n(.*?)^ *```$/).filter { $0.output.2 == language }.map { block in
      let indent = block.output.1
      return block.output.3.split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.hasPrefix(indent) ? $0.dropFirst(indent.count) : $0 }.joined(separator: "\n")
    }
  }

  /// The words behind `flotilla` wherever it is shown, from the command on.
  var invocations: [[String]] {
    let blocks = text.matches(of: /(?ms)^ *```[a-z]*\n(.*?)^ *```$/).map { String($0.output.1) }
    let lines = blocks.flatMap { $0.split(separator: "\n").map(String.init) }
    let shown = lines + codeSpans.filter { $0.hasPrefix("flotilla ") }
    return shown.compactMap { line in
      guard let call = line.firstMatch(of: /(?:^|\$\(| )flotilla ((?:\[?--|[a-z]+).*)/) else { return nil }
      guard line.firstMatch(of: /^ *(?:\$ |flotilla |cat )|\$\(flotilla/) != nil else { return nil }
      let text = call.output.1.replacing(/\ [#|&].*/, with: "").filter { !"[]()\"".contains($0) }
      var words = text.split(separator: " ").map(String.init)
      while let first = words.first, first == "--fleet" || first == "--only" { words.removeFirst(2) }
      return words.isEmpty ? nil : words
    }
  }

  struct Section {
    let title: String
    let text: String

    /// The first cell of each row of its tables, without their heads.
    var firstCells: [String] {
      var cells: [String] = []
      var isTable = false
      for line in text.split(separator: "\n") {
        let isRow = line.hasPrefix("| ") || line.hasPrefix("|--")
        if isRow, !isTable || line.hasPrefix("|--") {
          isTable = true
          continue
        }
        isTable = isRow
        // A bar in a code span is no end of a cell.
        if isRow {
          cells.append(line.dropFirst(2).replacing("\\|", with: "/").split(separator: " |")[0].description)
        }
      }
      return cells
    }
  }

  /// The parts under headings of the second order.
  var sections: [Section] {
    text.split(separator: "\n## ").dropFirst().map { part in
      let lines = part.split(separator: "\n", maxSplits: 1)
      return Section(title: String(lines[0]), text: lines.count > 1 ? String(lines[1]) : "")
    }
  }
}
