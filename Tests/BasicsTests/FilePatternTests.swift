import Basics
import Testing

@Suite struct FilePatternTests {
  @Test(arguments: [
    ("/srv/stores/*.sqlite", "/srv/stores"), ("/srv/*/shop.sqlite", "/srv"), ("/*.sqlite", "/"),
    (#"/srv/a\*b\\/[ab]*"#, #"/srv/a*b\"#), ("/srv/a?/b/c", "/srv"), ("/srv/**/x", "/srv"),
    ("/srv/{a}~/../*.db", "/srv/{a}~/.."), ("//srv/./a//x", "/srv/a"),
  ])
  func `a pattern starts where its first wildcard is`(_ pattern: String, _ folder: String) throws {
    #expect(try FilePattern(pattern).start == folder)
  }

  @Test(arguments: ["*", "a?[b]", #"\"#, "plain", #"\*"#])
  func `an escaped path is a pattern for nothing but itself`(_ name: String) throws {
    #expect(try FilePattern("/\(FilePattern.escaped(name))/x").start == "/\(name)")
  }

  @Test(arguments: [
    ("/a**/b", FilePattern.Mistake.foldersInName), ("/***/b", .foldersInName), ("/**.db", .foldersInName),
    ("/*/../b", .parentAfterWildcard), ("/**/..", .parentAfterWildcard), ("/a/", .folder), ("/", .folder),
    ("/a[b", .brackets), ("/[z-a]", .brackets), (#"/*\"#, .brackets), ("/[[:digit:]].db", .characterClass),
  ])
  func `what can't be meant is refused`(_ pattern: String, _ mistake: FilePattern.Mistake) {
    #expect(throws: mistake) { try FilePattern(pattern) }
  }

  @Test(arguments: [
    ("/a/*.db", true), ("/a/b.db", true), ("/a/b", true), ("/a/x*.v2.db", true), (#"/a/\**.db"#, true),
    ("/a/*", false), ("/a/*.db*", false), ("/a/*.[ab]", false), ("/a/*/b.db", false), ("/**/b.db", false),
    ("/a/**", false), ("/a/b*", false), (#"/a/*.d\*"#, false), ("/a/*[.]db", false),
  ])
  func `names are distinct in one folder with one extension`(_ pattern: String, _ isDistinct: Bool) throws {
    #expect(try FilePattern(pattern).hasDistinctNames == isDistinct)
  }
}
