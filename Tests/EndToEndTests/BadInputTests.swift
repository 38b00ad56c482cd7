import Foundation
import TestSupport
import Testing

/// One installation of a fleet is bad: it is named, left as it is, and the others are migrated.
@Suite struct BadInstallationTests {
  static let states = [
    "missing", "empty", "truncated", "random", "text", "directory", "dangling", "page", "locked",
  ]

  @Test(arguments: states) func `a bad file is left alone and the others are migrated`(state: String) throws {
    let fleet = try SmallFleet(4)
    let bad = fleet.path(1)
    try fleet.configure(
      "rollout: { busy_timeout: 300ms, max_failures: 1 }",
      installations: fleet.paths.enumerated().map { "  - { id: i\($0), path: \"\($1)\" }" }.joined(
        separator: "\n"))
    var lock: BackgroundTool?
    let text: String
    let code: String
    switch state {
    case "missing": (text, code) = ("there is no file", "missing")
    case "empty": (text, code) = ("the file is empty", "empty")
    case "truncated": (text, code) = ("the file is truncated", "truncated")
    case "directory": (text, code) = ("it is a directory", "not_a_file")
    case "dangling":
      (text, code) = ("it is a symbolic link to /nowhere/db, where there is no file", "missing")
    case "page": (text, code) = ("damaged", "corrupt")
    case "locked": (text, code) = ("locked", "busy")
    default: (text, code) = ("not an SQLite database, or is encrypted", "not_a_database")
    }
    let original = try Content.bytes(bad)
    var page = original
    for offset in 4096 * 2..<4096 * 2 + 16 { page[offset] = 0xA5 }
    if state != "locked" { try FileManager.default.removeItem(atPath: bad) }
    switch state {
    case "empty": try Data().write(to: URL(filePath: bad))
    case "truncated": try Data(original.prefix(6000)).write(to: URL(filePath: bad))
    case "random":
      try Data((0..<9000).map { _ in UInt8.random(in: 0...255) }).write(to: URL(filePath: bad))
    case "text": try Data("-- not a database\nSELECT 1;\n".utf8).write(to: URL(filePath: bad))
    case "page": try Data(page).write(to: URL(filePath: bad))
    case "directory": try FileManager.default.createDirectory(atPath: bad, withIntermediateDirectories: false)
    case "dangling":
      try FileManager.default.createSymbolicLink(atPath: bad, withDestinationPath: "/nowhere/db")
    case "locked": lock = try BackgroundTool.keeping(bad, "BEGIN IMMEDIATE")
    default: break
    }
    let bytes = try? Content.bytes(bad)
    let run = try fleet.migrate()
    lock?.end()
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.output.replacing("\n", with: " ").contains("1 failed"), "\(run.output)")
    #expect(run.output.contains("3 migrated"))
    let words = run.output.split { $0.isWhitespace }.joined(separator: " ")
    #expect(words.contains(text), "\(run.output)")
    #expect(words.contains("→"))
    let error = try #require(try fleet.records()["i1"]?["error"] as? [String: Any])
    #expect(error["code"] as? String == code)
    #expect((try? Content.bytes(bad)) == bytes)
    for number in [0, 2, 3] { #expect(try SmallFleet.versions(fleet.path(number)) == [1, 2, 3]) }
    #expect(!fleet.files.contains { $0.hasSuffix(".part") })
  }

  @Test func `a database that is ahead is skipped without failure and no byte changes`() throws {
    let fleet = try SmallFleet(3)
    try SmallFleet.change(
      fleet.path(1), "INSERT INTO schema_migrations (version, name) VALUES (12, 'pilot')")
    let bytes = try Content.bytes(fleet.path(1))
    let run = try fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("2 migrated · 1 ahead, left alone"))
    #expect(try Content.bytes(fleet.path(1)) == bytes)
    #expect(try fleet.records()["i0001"]?["status"] as? String == "skipped")
  }

  @Test func `a symbolic link leads to the file, which keeps its place`() throws {
    let fleet = try SmallFleet(2)
    for number in [0, 1] {
      let real = fleet.folder.file("real-\(number).db")
      try FileManager.default.moveItem(atPath: fleet.path(number), toPath: real)
      try FileManager.default.createSymbolicLink(atPath: fleet.path(number), withDestinationPath: real)
    }
    #expect(try fleet.migrate().status == 0)
    for number in [0, 1] {
      #expect(try SmallFleet.versions(fleet.folder.file("real-\(number).db")) == [1, 2, 3])
      let target = try FileManager.default.destinationOfSymbolicLink(atPath: fleet.path(number))
      #expect(target == fleet.folder.file("real-\(number).db"))
    }
  }

  @Test(arguments: ["plain", "symlink", "hard link"])
  func `one file twice is refused before anything is opened`(way: String) throws {
    let fleet = try SmallFleet(1)
    let bytes = try Content.bytes(fleet.path(0))
    let other = way == "plain" ? fleet.path(0) : fleet.folder.file("other.sqlite")
    if way == "symlink" {
      try FileManager.default.createSymbolicLink(atPath: other, withDestinationPath: fleet.path(0))
    }
    if way == "hard link" { try FileManager.default.linkItem(atPath: fleet.path(0), toPath: other) }
    try fleet.configure(
      "", installations: "  - { id: a, path: \"\(fleet.path(0))\" }\n  - { id: b, path: \"\(other)\" }")
    let run = try fleet.migrate()
    #expect(run.status == 1)
    #expect(run.errors.contains("is the same file as \"a\""), "\(run.errors)")
    #expect(run.errors.contains("fleet.yml:5"))
    #expect(try Content.bytes(fleet.path(0)) == bytes)
  }

  @Test func `spaces, quotes and letters of all alphabets in a path do no harm`() throws {
    let fleet = try SmallFleet(2)
    let names = ["it's \"odd\" 100% ?#&", "Zürich 日本 😀"]
    for (number, name) in names.enumerated() {
      try FileManager.default.moveItem(
        atPath: fleet.path(number), toPath: fleet.folder.file("db/\(name).sqlite"))
    }
    let run = try fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    for name in names {
      let path = fleet.folder.file("db/\(name).sqlite")
      #expect(try SmallFleet.versions(path) == [1, 2, 3])
      let record = try #require(try fleet.records()[name])
      #expect(record["path"] as? String == path)
      let backup = try #require((record["backup"] as? [String: Any])?["path"] as? String)
      #expect(FileManager.default.fileExists(atPath: backup))
    }
  }
}

/// What is wrong before any installation is opened: one message, status 1, nothing changed.
@Suite struct BadSettingsTests {
  private func refused(
    _ fleet: SmallFleet, running arguments: [String] = ["migrate", "--yes"], status: Int32 = 1,
    says texts: String...,
    location: SourceLocation = #_sourceLocation
  ) throws {
    let bytes = try fleet.paths.map(Content.bytes)
    let run = try Program.run(arguments, in: fleet.folder.path)
    #expect(run.status == status, "\(run.output)\(run.errors)", sourceLocation: location)
    for text in texts {
      #expect(run.errors.contains(text), "\(run.errors)", sourceLocation: location)
    }
    #expect(run.output == "", sourceLocation: location)
    #expect(try fleet.paths.map(Content.bytes) == bytes, sourceLocation: location)
  }

  @Test func `a migration with a fault names file and line`() throws {
    let fleet = try SmallFleet(2)
    try fleet.migration(
      "0004_break.sql", "-- A comment.\nUPDATE parents SET age = 1;\n\nUPDATE parents\nSET nope = 1;\n")
    try refused(fleet, says: "0004_break.sql:4", "no such column: nope")
  }

  @Test func `a migration that isn't SQL names file and line`() throws {
    let fleet = try SmallFleet(2)
    try fleet.migration("0004_break.sql", "SELECT 1;\n\nUPDAET parents SET age = 1;\n")
    try refused(fleet, says: "0004_break.sql:3", "syntax error")
  }

  @Test func `two migrations of one version are refused`() throws {
    let fleet = try SmallFleet(2)
    try fleet.migration("0003_other.sql", "SELECT 1;")
    try refused(fleet, says: "0003_other.sql", "version 3 is taken by 0003_add_cascade.sql")
  }

  @Test func `an unknown key names its line and what is near`() throws {
    let fleet = try SmallFleet(2)
    try fleet.configure("rolout: { concurrency: 2 }")
    try refused(fleet, says: "fleet.yml:5", "rolout", "rollout")
  }

  @Test func `a target that doesn't exist is refused`() throws {
    try refused(
      SmallFleet(2), running: ["migrate", "--yes", "--to", "99"], says: "--to 99", "the latest is 3")
  }

  @Test func `a selection with a typing mistake is refused`() throws {
    try refused(
      SmallFleet(2), running: ["migrate", "--yes", "--only", "i001"], says: "--only", "i001",
      "did you mean \"i0001\"")
  }

  @Test func `an unknown option is wrong usage`() throws {
    try refused(SmallFleet(1), running: ["migrate", "--yse"], status: 64, says: "--yse")
  }

  @Test func `without a terminal and without agreement nothing begins and no run is noted`() throws {
    let fleet = try SmallFleet(2)
    try refused(fleet, running: ["migrate"], says: "there is no terminal to ask on", "flotilla migrate --yes")
    let history = try fleet.run("history")
    #expect(history.output == "There are no runs.\n")
  }

  @Test func `a state folder in use by another run is refused`() throws {
    let fleet = try SmallFleet(2)
    try FileManager.default.createDirectory(
      atPath: fleet.folder.file(".flotilla"), withIntermediateDirectories: true)
    let file = open(fleet.folder.file(".flotilla/lock"), O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    #expect(file >= 0 && flock(file, LOCK_EX) == 0)
    defer { close(file) }
    try refused(fleet, says: "is in use by another flotilla")
  }
}

/// A standard stream that isn't there.
@Suite struct StreamTests {
  @Test func `with standard output closed the work is done and told, and the end is not success`() throws {
    let fleet = try SmallFleet(4)
    let run = try Program.shell(#""$FLOTILLA" migrate --yes >&-"#, in: fleet.folder.path)
    #expect(run.status == 3)
    #expect(run.errors.contains("standard output can't be written"))
    #expect(run.errors.contains("4 migrated, in"))
    #expect(try fleet.versions() == Array(repeating: [1, 2, 3], count: 4))
    #expect(try Content.bytes(fleet.folder.file(".flotilla/lock")) == [])
    #expect(try fleet.run("history").output.contains("4 migrated"))
  }

  @Test func `with every stream closed nothing is written into a database or a backup`() throws {
    let fleet = try SmallFleet(6)
    let run = try Program.shell(
      #""$FLOTILLA" migrate --yes --verbose <&- >&- 2>&-"#, in: fleet.folder.path)
    #expect(run.status == 3)
    for path in fleet.paths { #expect(try Content.integrity(path) == "ok") }
    #expect(try fleet.run("backups").output.split(separator: "\n").count == 6)
  }

  @Test func `a reader that goes away is no success`() throws {
    let fleet = try SmallFleet(2)
    let run = try Program.shell(
      #"mkfifo pipe; true <pipe & exec 3>pipe; wait; "$FLOTILLA" status >&3; echo $?"#, in: fleet.folder.path)
    #expect(run.output == "1\n")
  }
}
