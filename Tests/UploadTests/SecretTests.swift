import Basics
import Foundation
import TestSupport
import Testing

@testable import Upload

@Suite struct SecretTests {
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
}
