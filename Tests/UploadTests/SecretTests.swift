import Foundation
import TestSupport
import Testing

@testable import Upload

@Suite struct SecretTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

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

  @Test func `nothing that prints a secret shows it`() throws {
    let secret = try Secret("t0ken")
    let endpoint = try Endpoint(url: "https://collector.example.net/p4th?key=qu3ry", token: secret)
    let uploader = Uploader(endpoint: endpoint, version: "0.1.0")
    for value: Any in [secret, [secret], endpoint, uploader, Optional(endpoint) as Any] {
      var dumped = ""
      dump(value, to: &dumped)
      for text in ["\(value)", String(reflecting: value), dumped] {
        for hidden in ["t0ken", "p4th", "qu3ry"] { #expect(!text.contains(hidden)) }
      }
    }
    #expect("\(endpoint)" == "collector.example.net")
  }

  @Test(arguments: [400, 401, 500]) func `a receiver that repeats the token doesn't bring it to light`(
    status: Int
  ) throws {
    let sender = try Sender()
    let token = "t0ken-\(UUID())"
    let delivery = try sender.send(to: "echo/\(status)/99?key=qu3ry-key", attempts: 2, token: token)
    let failure = try #require(delivery.failure)
    var dumped = sender.log.text
    dump(delivery, to: &dumped)
    for text in [failure.description, "\(delivery)", dumped] {
      for hidden in [token, String(token.prefix(8)), "qu3ry", "\u{1b}", "\r"] {
        #expect(!text.contains(hidden))
      }
    }
    #expect(failure.description.contains("Bearer (secret)"))
    if status == 500 { #expect(sender.log.text.contains("upload attempt 1 of 2: 127.0.0.1 answered 500")) }
  }

  @Test func `a proxy's password isn't shown with libcurl's words`() throws {
    let judgement = ResponseClassifier(endpoint: try Endpoint(url: "https://example.net/"))
    #expect(judgement.presentable("Unsupported proxy scheme for 'foo://ann:s3cret@proxy'") == nil)
    #expect(judgement.presentable("ann:s3cret@proxy") == nil)
    #expect(judgement.presentable("Connection refused\r\n") == "Connection refused")
  }

  private func file(_ content: Data) throws -> String {
    let path = folder.file("token")
    try content.write(to: URL(filePath: path))
    return path
  }
}
