import Foundation
import SQLite
import TestSupport
import Testing

/// `flotilla init`: the entries for the databases that it finds.
@Suite struct InitPathTests {
  private let folder: TemporaryFolder
  private let sample: FormatSample

  init() throws {
    folder = try TemporaryFolder()
    sample = try #require(FormatSample.certain.first)
    try sample.write(to: folder)
  }

  private func run(_ words: String..., in path: String? = nil) throws -> ProgramResult {
    try Program.run(words, in: path ?? folder.path)
  }

  private func fleetFile() throws -> String {
    try String(contentsOfFile: folder.file("fleet.yml"), encoding: .utf8)
  }

  /// Makes the databases, runs `init`, and has `status` find each of them at its version.
  private func entries(_ databases: [String]) throws -> [String] {
    for name in databases { try sample.database(name, in: folder) }
    let result = try run("init")
    #expect(result.status == 0, "\(result.errors)")
    let text = try fleetFile()
    let status = try run("status")
    #expect(status.status == 0, "\(text)\(status.output)\(status.errors)")
    #expect(status.output.contains("\(databases.count) installation"), "\(text)\(status.output)")
    let lines = text.split(separator: "\n")
    let start = try #require(lines.firstIndex(of: "installations:"))
    return lines[(start + 1)...].prefix { $0.hasPrefix("  - ") }.map { String($0.dropFirst(4)) }
  }

  // MARK: What goes wrong

  @Test func `damaged databases and files that are none are named`() throws {
    for name in ["a", "b", "short", "broken"] { try sample.database("stores/\(name).sqlite", in: folder) }
    let short = try FileHandle(forWritingTo: URL(filePath: folder.file("stores/short.sqlite")))
    try short.truncate(atOffset: 4096)
    let broken = try FileHandle(forWritingTo: URL(filePath: folder.file("stores/broken.sqlite")))
    try broken.seek(toOffset: 100)
    try broken.write(contentsOf: Data(repeating: 0xFF, count: 2000))
    try folder.write("This is a letter.", to: "stores/letter.sqlite")
    let result = try run("init")
    let words = result.words(of: \.errors)
    #expect(result.status == 0, "\(words)")
    #expect(words.contains("4 in stores/*.sqlite 2 at version 1 2 that can't be read"), "\(words)")
    #expect(words.contains("stores/short.sqlite: the file is truncated"), "\(words)")
    #expect(words.contains("stores/broken.sqlite: "), "\(words)")
    #expect(words.contains("1 file that is no database stores/letter.sqlite: the file is not"), "\(words)")
    let status = try run("status")
    #expect(status.status == 3 && status.output.contains("5 installations"), "\(status.output)")
  }

  @Test func `two paths of one database are one installation`() throws {
    try sample.database("stores/a.sqlite", in: folder)
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("a-link.sqlite"), withDestinationPath: "stores/a.sqlite")
    let result = try run("init")
    #expect(result.words(of: \.errors).contains("a-link.sqlite: left out"), "\(result.errors)")
    #expect(try fleetFile().contains("  - { id: a, path: stores/a.sqlite }\n"))
    #expect(try run("status").status == 0)
  }

  @Test(.needs(.permissions)) func `a folder that can't be read is told`() throws {
    try sample.database("secret/a.sqlite", in: folder)
    let run = try Program.shell(
      "chmod 777 .; chmod 0 secret; \(FileSystemTests.asUser) \"$FLOTILLA\" init; code=$?; chmod 755 secret; exit $code",
      in: folder.path)
    #expect(
      run.status == 1 && run.errors.contains("secret can't be read: permission denied"), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("fleet.yml")))
  }

  @Test func `a path that fleet.yml can't have is told, and nothing is written`() throws {
    try sample.database("a\nb.sqlite", in: folder)
    let result = try run("init")
    #expect(
      result.status == 1 && result.errors.contains("no fleet.yml can be written for these paths"),
      "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("fleet.yml")))
  }

  // MARK: Entries

  @Test(arguments: [
    (["app.sqlite"], ["{ id: app, path: app.sqlite }"]),
    (["a.db", "b.db"], [#"{ files: "*.db" }"#]),
    (
      ["hq.sqlite", "stores/a.sqlite", "stores/b.sqlite"],
      [
        "{ files: stores/*.sqlite }", "{ id: hq, path: hq.sqlite }",
      ]
    ),
    (
      ["tenants/a/app.sqlite", "tenants/b/app.sqlite"],
      [
        #"{ files: tenants/**/app.sqlite, id: "{parent}" }"#
      ]
    ),
    (["t/a/v1/app.sqlite", "t/b/v1/app.sqlite"], [#"{ files: t/**/app.sqlite, id: "{grandparent}" }"#]),
    (["t/a/v1/app.sqlite", "t/a/v2/app.sqlite", "t/b/v1/app.sqlite"], ["{ files: t/**/app.sqlite }"]),
    (
      ["t/a/app.sqlite", "t/b/app.sqlite", "t/a/log.sqlite"],
      [
        #"{ files: t/**/app.sqlite, id: "{parent}" }"#, "{ id: log, path: t/a/log.sqlite }",
      ]
    ),
    (["t/a/x.sqlite", "t/b/y.sqlite", "t/c/z.sqlite"], ["{ files: t/**/*.sqlite }"]),
    (
      ["t/a/app.sqlite", "t/b/app.sqlite", "all.sqlite"],
      [
        #"{ files: t/**/app.sqlite, id: "{path}" }"#, "{ id: all.sqlite, path: all.sqlite }",
      ]
    ),
  ])
  func `the fewest entries are written that match just these databases`(
    databases: [String], expected: [String]
  ) throws {
    #expect(try entries(databases) == expected)
  }

  @Test func `databases that are left out are not matched`() throws {
    for name in ["a", "b", "c"] { try sample.database("stores/\(name).sqlite", in: folder) }
    let result = try run("init", "migrations", "stores/a.sqlite", "stores/[b]*")
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try fleetFile().contains("  - { id: a, path: stores/a.sqlite }\n  - { id: b, path: stores/b.sqlite }\n")
    )
    #expect(try run("status").output.contains("2 installations"))
  }

  @Test func `another file in another folder leads to the same databases`() throws {
    try sample.database("stores/a.sqlite", in: folder)
    try sample.database("stores/b.sqlite", in: folder)
    try folder.write("", to: "deploy/here")
    let result = try run("--fleet", "deploy/shop.yml", "init")
    #expect(result.status == 0 && result.output == "deploy/shop.yml\n", "\(result.errors)")
    #expect(result.errors.hasSuffix("Next: flotilla --fleet deploy/shop.yml plan\n"), "\(result.errors)")
    let status = try run("--fleet", "deploy/shop.yml", "status")
    #expect(status.output.contains("2 installations, 2 goose migrations"), "\(status.output)\(status.errors)")
  }

  /// Names that mean something in YAML, in patterns, in references to variables, or in a terminal.
  static let hostile = [
    "two words", "it's \"q\"", "{braces}", "a: b", "# no comment", "- dash", "[set]", "*", "?", "!not",
    "&and",
    "back\\slash", "${HOME}", "${1x", "$${HOME}", "yes", "null", "~", "%20", "böb", "@at", "`tick`", "a,b",
    "日本",
    " lead", "trail ", "1e3", "0x10", "|", ">", "'", "\"",
  ]

  @Test(arguments: hostile)
  func `hostile names are written so that they are read back`(name: String) throws {
    let place = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: place.file(name), withIntermediateDirectories: false)
    try sample.write(to: place, in: "\(name)/\(name)/\(name)")
    for number in 1...2 {
      try sample.database("\(name)/\(name)/db\(number)/\(name).sqlite", in: place)
      try sample.database("\(name)/s \(name)/\(number) \(name).sqlite", in: place)
    }
    try sample.database("\(name)/\(name).db", in: place)
    let result = try run("init", in: place.file(name))
    guard name != "${1x" else {
      // A path can't be written with that; a pattern can.
      #expect(result.status == 1 && result.errors.contains("no fleet.yml can be written"), "\(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: place.file("\(name)/fleet.yml")))
      return
    }
    #expect(result.status == 0, "\(result.errors)")
    let text = try String(contentsOfFile: place.file("\(name)/fleet.yml"), encoding: .utf8)
    let plan = try run("plan", in: place.file(name))
    #expect(plan.status == 0 && plan.words.contains("5 to migrate"), "\(text)\(plan.output)\(plan.errors)")
    #expect(try run("lint", in: place.file(name)).status == 0, "\(text)")
  }

  @Test func `no database and no neighbour is touched`() throws {
    for (name, mode) in [("a", "WAL"), ("b", "DELETE")] {
      try folder.database(
        "stores/\(name).sqlite", "PRAGMA journal_mode=\(mode);" + FormatSample.create + sample.history)
    }
    let paths = ["stores/a.sqlite", "stores/b.sqlite"].map(folder.file)
    let before = try paths.map(Content.bytes)
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    #expect(try run("init").status == 0)
    #expect(try paths.map(Content.bytes) == before)
    #expect(
      try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
        == (files + ["fleet.yml"]).sorted())
  }

  @Test func `of many databases a sample is read, and the entry has all`() throws {
    try sample.database("template", in: folder)
    try FileManager.default.createDirectory(atPath: folder.file("t"), withIntermediateDirectories: false)
    for number in 1...301 {
      try FileManager.default.copyItem(
        atPath: folder.file("template"), toPath: folder.file("t/\(number).sqlite"))
    }
    let result = try run("init")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.words(of: \.errors).contains("301 in t/*.sqlite; 300 of them were read 300 at version 1"))
    #expect(try fleetFile().contains("  - { files: t/*.sqlite }\n"))
  }
}
