import Basics
import Foundation
import TestSupport
import Testing

@Suite struct FileSearchTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func search(_ pattern: String, excluding excluded: String? = nil) throws -> FileSearch {
    FileSearch(try FilePattern("\(folder.path)/\(pattern)"), excluding: excluded)
  }

  /// The matches as paths in the folder, after it was searched without a failure.
  private func found(_ pattern: String, excluding excluded: String? = nil) throws -> [String] {
    let search = try search(pattern, excluding: excluded)
    #expect(search.failures.isEmpty)
    return search.paths.map { String($0.dropFirst(folder.path.count + 1)) }
  }

  private func write(_ names: String...) throws {
    for name in names { try folder.write("", to: name) }
  }

  private func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: folder.file(name), withDestinationPath: target)
  }

  @Test func `two stars stand for any number of folders`() throws {
    try write("s.db", "a/s.db", "a/b/s.db", "a/b/t.db", "a/s.db.d/s.db", "c/x/a/y/z/s.db")
    #expect(
      try found("**/s.db") == ["a/b/s.db", "a/s.db", "a/s.db.d/s.db", "c/x/a/y/z/s.db", "s.db"])
    #expect(try found("a/**/s.db") == ["a/b/s.db", "a/s.db", "a/s.db.d/s.db"])
    #expect(try found("**/a/**/s.db") == ["a/b/s.db", "a/s.db", "a/s.db.d/s.db", "c/x/a/y/z/s.db"])
    #expect(try found("**/**/b/*") == ["a/b/s.db", "a/b/t.db"])
    #expect(try found("a/**") == ["a/b/s.db", "a/b/t.db", "a/s.db", "a/s.db.d/s.db"])
    #expect(try found("**/?/?/s.db") == ["a/b/s.db", "c/x/a/y/z/s.db"])
    #expect(try found("*/*.db") == ["a/s.db"])
  }

  @Test func `each file is found once, whatever it matches in`() throws {
    try write("a/a/a/a/x.db")
    #expect(try found("**/a/**/a/**/*.db") == ["a/a/a/a/x.db"])
    #expect(try found("**/*/**/*/**/x.db") == ["a/a/a/a/x.db"])
  }

  @Test func `wildcards don't match hidden names unless the pattern names the dot`() throws {
    try write(".h/s.db", "a/.h/s.db", "a/.s.db", "a/s.db")
    #expect(try found("**/*.db") == ["a/s.db"])
    #expect(try found("**/s.db") == ["a/s.db"])
    #expect(try found("*/*") == ["a/s.db"])
    #expect(try found("**/.h/*.db") == [".h/s.db", "a/.h/s.db"])
    #expect(try found("**/.*.db") == ["a/.s.db"])
    #expect(try found(".h/s.db") == [".h/s.db"])
  }

  @Test func `two stars don't follow links to folders, and other parts do`() throws {
    try write("real/x/s.db", "other/s.db")
    try link("real/x/round", to: "..")
    try link("real/linked", to: "../other")
    try link("real/x/s2.db", to: "s.db")
    #expect(try found("real/**/s*.db") == ["real/x/s.db", "real/x/s2.db"])
    #expect(try found("real/*/s.db") == ["real/linked/s.db", "real/x/s.db"])
    #expect(try found("real/linked/**/s.db") == ["real/linked/s.db"])
    #expect(try found("real/**/link*/s.db") == ["real/linked/s.db"])
  }

  @Test func `brackets, question marks and escapes match characters of one name`() throws {
    try write("ä1.db", "b1.db", "c*.db", "d/1.db")
    #expect(try found("?1.db") == ["b1.db", "ä1.db"])
    #expect(try found("[!b]?.db") == ["c*.db", "ä1.db"])
    #expect(try found(#"?\*.db"#) == ["c*.db"])
    #expect(try found("[d]/[0-9].db") == ["d/1.db"])
  }

  @Test func `a link that leads to nothing is found, and one to a folder is no file`() throws {
    try write("d/x")
    try link("gone.db", to: "nothing")
    try link("folder.db", to: "d")
    #expect(try found("*.db") == ["gone.db"])
    #expect(try found("gone.db") == ["gone.db"])
    #expect(try found("folder.db").isEmpty)
  }

  @Test func `a folder is left out however it is reached, except as the start`() throws {
    try write("state/x.db", "state/in/x.db", "a/x.db")
    try link("again", to: "state")
    let state = folder.file("state")
    #expect(try found("**/x.db", excluding: state) == ["a/x.db"])
    #expect(try found("*/x.db", excluding: state) == ["a/x.db"])
    #expect(try found("*/in/x.db", excluding: state).isEmpty)
    #expect(try found("state/*.db", excluding: state) == ["state/x.db"])
    #expect(try found("*/x.db", excluding: folder.file("none")).count == 3)
  }

  @Test func `a name that isn't UTF-8 is a failure where it could matter`() throws {
    try write("a/x.db")
    try Tool.output(of: ["sh", "-c", "cd \(folder.path) && mkdir b && touch \"$(printf 'b/\\377.db')\""])
    let search = try search("**/*.db")
    #expect(search.paths == [folder.file("a/x.db")])
    #expect(search.failures.map(\.description) == ["a name in \(folder.file("b")) is not UTF-8 text"])
    #expect(try found("**/x.db") == ["a/x.db"])
  }

  @Test func `a folder that can't be searched is a failure, and the others are searched`() throws {
    try write("a/x.db", "b/x.db")
    try link("round", to: "round")
    let search = try search("*/x.db")
    #expect(search.paths == ["a/x.db", "b/x.db"].map(folder.file))
    #expect(
      search.failures.map(\.description) == [
        "\(folder.file("round/x.db")) can't be read: too many levels of symbolic links"
      ])
  }

  @Test func `nothing is found where nothing is`() throws {
    try write("a/x.db/y")
    #expect(try found("none/**/x.db").isEmpty)
    #expect(try found("a/x.db").isEmpty)
    #expect(try found("a/x.db/y/z*").isEmpty)
  }
}
