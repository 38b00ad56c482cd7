import Basics
import Testing

@Suite struct GlobTests {
  @Test(arguments: [
    ("store_*", "store_cache", true), ("store_*", "store_", true), ("store_*", "stores", false),
    ("a*b*c", "abxbc", true), ("a*b*c", "abxb", false), ("a*b*c", "aXbYbZc", true), ("**", "", true),
    ("*_log", "audit_log_log", true), ("*_log", "audit_logs", false), ("**a**", "bab", true),
    ("?", "", false), ("a?c", "abc", true), ("a?c", "aéc", true), ("*", "", true), ("", "", true),
    ("", "a", false), ("a*", "b", false), ("*a", "baaa", true),
    ("[a]", "a", true), ("[a]", "b", false), ("[!a]", "a", false), ("[^a]", "b", true),
    ("[a-c]x", "bx", true),
    ("[a-c]x", "dx", false), ("[]a]", "]", true), ("[a-]", "-", true),
  ])
  func `a glob matches whole names`(_ glob: String, _ name: String, _ matches: Bool) throws {
    #expect(try #require(Glob(glob)).matches(name) == matches)
  }

  @Test(arguments: [
    (#"a\*"#, "a*", true), (#"a\*"#, "ab", false), (#"\a*"#, "ab", true), (#"[\]x]"#, "]", true),
    (#"[\]x]"#, "\\", false), (#"[a-\c]"#, "b", true), (#"\[a]"#, "[a]", true), (#"\\*"#, #"\x"#, true),
  ])
  func `a backslash escapes only where it is asked to`(_ text: String, _ name: String, _ matches: Bool) throws
  {
    #expect(try #require(Glob(text, escapes: true)).matches(name) == matches)
    #expect(Glob(#"a\"#, escapes: true) == nil)
    #expect(try #require(Glob(#"a\"#)).matches(#"a\"#))
  }

  @Test(arguments: ["[", "[a", "a[]", "[z-a]"])
  func `brackets that are not closed or run backwards are no glob`(text: String) {
    #expect(Glob(text) == nil)
  }

  @Test(.timeLimit(.minutes(1))) func `a glob with many stars ends`() throws {
    let glob = try #require(Glob(String(repeating: "*a", count: 30) + "*b"))
    #expect(!glob.matches(String(repeating: "a", count: 5000)))
  }
}
