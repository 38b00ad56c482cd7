import Basics
import Foundation
import TestSupport
import Testing

@testable import Upload

@Suite struct SignatureTests {
  /// The scheme's own example.
  static let example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  static let other = "whsec_" + Data((0..<32).map { UInt8($0) }).base64EncodedString()

  @Test(arguments: [
    ("s3cret", SigningSecretError.Code.encoding), ("whsec_", .length), ("whsec_*", .encoding),
    ("whsec_czNjcmV0", .length), ("whsec_" + Data(count: 65).base64EncodedString(), .length),
  ])
  func `what is no secret of the scheme is refused, and not shown`(
    text: String, code: SigningSecretError.Code
  ) throws {
    let error = try #require(throws: SigningSecretError.self) { try SigningSecret(Secret(text)) }
    #expect(error.code == code)
    #expect(!"\(error)".contains("czNj"))
  }

  @Test func `nothing that prints a signing secret shows it`() throws {
    let secret = try SigningSecret(Secret(Self.example))
    let endpoint = try Endpoint(url: "https://example.net/", secrets: [secret])
    for value: Any in [secret, [secret], endpoint] {
      var dumped = ""
      dump(value, to: &dumped)
      for text in ["\(value)", String(reflecting: value), dumped] { #expect(!text.contains("MfKQ")) }
    }
  }

  @Test func `the scheme's example is signed as the scheme says`() throws {
    var signature = WebhookSignature(
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: "1614265330",
      secrets: [try SigningSecret(Secret(Self.example))])
    for piece in [#"{"test": "#, "2432232314}"] { signature.add(Array(piece.utf8)[...]) }
    #expect(signature.header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    #expect(signature.matches("v1a,AAAA v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="))
    for wrong in ["", "v1,", "v1", "v1,g0hM", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="] {
      #expect(!signature.matches(wrong))
    }
  }

  @Test(arguments: [1, 1 << 20]) func `a stranger verifies what was sent, whole and compressed`(size: Int)
    throws
  {
    let content = #"{"format":"flotilla.report/1","text":"\#(String(repeating: "x", count: size))"}"#
    let sender = try Sender(content)
    let delivery = try send(sender, "verify/\(path(Self.example))/\(path(Self.other))")
    #expect(delivery.failure == nil)
    let request = try #require(try sender.requests.first)
    #expect(request.headers["content-encoding"] == (size > 8192 ? "gzip" : nil))
    #expect(request.body.text == String(content.prefix(4096)))
    #expect(request.body.expanded == content.utf8.count)
    #expect(request.headers["flotilla-coordinator"] == "ship-1")
  }

  @Test func `a stranger with another secret refuses it, and the message says where to look`() throws {
    let wrong = "whsec_" + Data(repeating: 7, count: 32).base64EncodedString()
    let failure = try #require(try send(Sender(), "verify/\(path(wrong))").failure)
    #expect(failure.code == .unauthorized)
    #expect(failure.message.contains("check report.token and report.secret, and whether it can verify"))
  }

  @Test func `each attempt has its own time and signature, and the id of the first`() throws {
    let sender = try Sender()
    #expect(try send(sender, "fail/503/2/60", attempts: 3).failure == nil)
    let requests = try sender.requests
    #expect(requests.count == 3)
    #expect(Set(requests.compactMap { $0.headers["webhook-id"] }) == [sender.id])
    #expect(
      requests.compactMap { $0.headers["webhook-timestamp"] } == ["1767225600", "1767225660", "1767225720"])
    #expect(Set(requests.compactMap { $0.headers["webhook-signature"] }).count == 3)
  }

  @Test func `what isn't signed has a time and no signature, and small reports aren't compressed`() throws {
    let sender = try Sender()
    #expect(try sender.send(to: "status/200").failure == nil)
    let headers = try #require(try sender.requests.first).headers
    #expect(headers["webhook-signature"] == nil)
    #expect(headers["webhook-timestamp"] != nil)
    #expect(headers["content-encoding"] == nil)
  }

  @Test func `a compressed copy leaves no file behind, and a folder that takes none is no obstacle`() throws {
    let sender = try Sender(String(repeating: "report ", count: 5000))
    let folder = URL(filePath: sender.file).deletingLastPathComponent().path
    #expect(try send(sender, "status/200").failure == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["report.json"])
    let lost = try OpenFile(reading: sender.file)
    try FileManager.default.removeItem(atPath: folder)
    let message = try Message(id: "a", report: lost, compresses: true)
    #expect(!message.isCompressed)
    #expect(try message.file.size() == 35_000)
  }

  private func send(_ sender: Sender, _ behaviour: String, attempts: Int = 1) throws -> Delivery {
    let secrets = try [Self.example, Self.other].map { try SigningSecret(Secret($0)) }
    let endpoint = try Endpoint(
      url: sender.receiver.url(behaviour), secrets: secrets, coordinator: "ship-1", compresses: true)
    let world = sender.world.environment
    var now = UploadEnvironment(
      elapsed: world.elapsed, random: world.random, sleep: world.sleep, isCancelled: world.isCancelled)
    if attempts > 1 { now.date = world.date }
    return Uploader(
      endpoint: endpoint, version: "0.1.0", policy: RetryPolicy(attempts: attempts), environment: now
    ).deliver(file: sender.file, id: sender.id)
  }

  /// A secret as a part of a path.
  private func path(_ secret: String) -> String {
    secret.replacing("/", with: "-").replacing("+", with: "%2B")
  }
}
