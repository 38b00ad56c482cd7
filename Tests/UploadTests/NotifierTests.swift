import Basics
import Foundation
import TestSupport
import Testing

@testable import Upload

@Suite struct NotifierTests {
  let sender: Sender
  let folder: String

  init() throws {
    sender = try Sender()
    folder = URL(filePath: sender.file).deletingLastPathComponent().path
  }

  @Test(arguments: [
    ("echo/400/1", UploadFailure.Code.rejected), ("status/403/T0KENPART", .rejected),
    ("status/404/no-T0KENPART-here", .rejected), ("status/401", .unauthorized), ("fail/500/9", .receiver),
  ])
  func `a receiver that repeats the address doesn't bring it to light`(
    behaviour: String, code: UploadFailure.Code
  ) throws {
    let failure = try #require(
      try notifier("\(behaviour)?key=qu3ry").post("x", id: sender.id, folder: folder))
    #expect(failure.code == code)
    var dumped = ""
    dump(failure, to: &dumped)
    for text in [failure.description, dumped] {
      #expect(!text.contains("T0KEN") && !text.contains("qu3ry"), "\(text)")
      #expect(!text.contains("report.url") && !text.contains("report.token"))
    }
  }

  @Test func `nothing that prints a notifier shows its address`() throws {
    let notifier = try notifier("services/T0KENPART")
    var dumped = ""
    dump(notifier, to: &dumped)
    for text in ["\(notifier)", String(reflecting: notifier), dumped] { #expect(!text.contains("T0KEN")) }
    #expect(notifier.warning == nil)
    #expect(
      try Notifier(url: Secret("http://example.net/abc"), version: "0").warning
        == "the address of report.notify goes to example.net unencrypted; use https")
  }

  @Test func `a receiver that doesn't come back costs seconds, not minutes`() throws {
    let failure = try #require(try notifier("fail/503/99/60").post("x", id: sender.id, folder: folder))
    #expect(failure.attempts == 1)
    #expect(sender.world.total == .zero)
    #expect(try notifier("fail/503/99").post("x", id: sender.id, folder: folder)?.attempts == 3)
    #expect(sender.world.total < .seconds(15))
  }

  @Test func `a message arrives as JSON, with what a chat would act upon only shown`() throws {
    #expect(try notifier("status/200").post("\"a\"\n<!channel> & co", id: sender.id, folder: folder) == nil)
    let body = try #require(try sender.requests.first).body.text
    let json = try JSONDecoder().decode([String: String].self, from: Data(body.utf8))
    #expect(json == ["text": "\"a\"\n&lt;!channel&gt; &amp; co"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["report.json"])
  }

  private func notifier(_ behaviour: String) throws -> Notifier {
    try Notifier(
      url: Secret(sender.receiver.url(behaviour)), version: "0.1.0", environment: sender.world.environment)
  }
}
