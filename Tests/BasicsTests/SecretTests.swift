import Basics
import Foundation
import TestSupport
import Testing

@Suite struct SecretTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ content: Data) throws -> String {
    try content.write(to: URL(filePath: folder.file("token")))
    return folder.file("token")
  }

  @Test(arguments: ["", "a\r\nX-Admin: 1", "a\nb", "tab\tbed", "\u{7f}", "\u{85}"])
  func `what could start another header is no secret`(value: String) {
    #expect(throws: SecretError.self) { try Secret(value) }
    #expect(throws: SecretError.self) { try Secret.environment("TOKEN") { _ in value } }
  }

  @Test func `an unset variable is named`() throws {
    let error = try #require(throws: SecretError.self) {
      try Secret.environment("NO_SUCH_TOKEN") { _ in nil }
    }
    #expect(error.code == .missing)
    #expect("\(error)" == "the secret in $NO_SUCH_TOKEN is missing: the variable is not set")
  }

  @Test(arguments: [
    ("", SecretError.Code.empty), ("\n", .empty), ("two\nlines\n", .controlCharacter),
    (String(repeating: "x", count: 65_537), .tooLong),
  ])
  func `a file that holds no secret is refused`(content: String, code: SecretError.Code) throws {
    let path = try file(Data(content.utf8))
    let error = try #require(throws: SecretError.self) { try Secret.file(path) }
    #expect(error.code == code)
    #expect(!"\(error)".contains("lines\n"))
  }

  @Test func `a file that isn't text, isn't a file or isn't there is refused`() throws {
    let binary = try file(Data([0xff, 0xfe]))
    #expect(try #require(throws: SecretError.self) { try Secret.file(binary) }.code == .notText)
    #expect(try #require(throws: SecretError.self) { try Secret.file("/tmp") }.code == .unreadable)
    let error = try #require(throws: SecretError.self) { try Secret.file("/nowhere/token") }
    #expect("\(error)" == "the secret in /nowhere/token is missing: No such file or directory")
  }

  @Test func `line ends after the secret are not part of it`() throws {
    #expect(try Secret.file(try file(Data("t0ken\r\n\n".utf8))).revealedValue == "t0ken")
    #expect(try Secret.environment("TOKEN") { $0 == "TOKEN" ? "t0ken" : nil }.revealedValue == "t0ken")
    #expect(try Secret.environment("PATH").revealedValue.isEmpty == false)
  }

  @Test func `nothing that prints a secret shows it, checked or not`() throws {
    for secret in [try Secret("t0ken"), Secret(unchecked: "t0ken\n")] {
      for value: Any in [secret, [secret], ["key": secret], Optional(secret) as Any] {
        var dumped = ""
        dump(value, to: &dumped)
        for text in ["\(value)", String(reflecting: value), dumped] { #expect(!text.contains("t0ken")) }
      }
    }
  }
}
