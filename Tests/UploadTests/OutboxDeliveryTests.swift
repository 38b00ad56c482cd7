import Foundation
import TestSupport
import Testing

@testable import Upload

@Suite struct OutboxDeliveryTests {
  let outbox: Outbox
  let temporary: TemporaryFolder
  let folder: String
  /// Makes ids unique, since the receiver is shared.
  let run = UUID().uuidString

  init() throws {
    temporary = try TemporaryFolder()
    folder = temporary.file("outbox")
    outbox = try Outbox(path: folder)
    for number in 1...3 { _ = try outbox.put(Array("report \(number)".utf8), id: "\(number)-\(run)") }
  }

  @Test(arguments: [
    ("status/503", UploadFailure.Code.receiver), ("status/401", .unauthorized), ("drop/9", .disconnected),
  ])
  func `what would befall the next one too ends the flush, and nothing is lost`(
    behaviour: String, code: UploadFailure.Code
  ) throws {
    let flush = try outbox.flush(using: uploader(behaviour))
    #expect(flush.stopped?.failure.code == code)
    #expect(flush.stopped?.entry.id == "1-\(run)")
    #expect(flush.delivered.isEmpty && flush.rejected.isEmpty)
    #expect(flush.remaining == 3)
    #expect(try requests(2).isEmpty)
  }

  @Test func `a report refused for good stays, is marked, and doesn't hold up the others`() throws {
    let flush = try outbox.flush { _, id in
      id.hasPrefix("1") ? rejected(422) : .delivered(status: 200, attempts: 1, milliseconds: 1)
    }
    #expect(flush.rejected.map(\.entry.id) == ["1-\(run)"])
    #expect(flush.rejected.first?.failure.status == 422)
    #expect(flush.delivered == ["2-\(run)", "3-\(run)"])
    #expect(flush.stopped == nil)
    let entry = try #require(try Outbox(path: folder).pending().first)
    #expect(entry.rejection == 422)
    #expect(entry.fileName == "00000000000000000001-1-\(run).rejected-422.json")
    guard case .alreadyStored = try outbox.put(Array("report 1".utf8), id: "1-\(run)") else {
      Issue.record("a rejected report was stored a second time")
      return
    }
  }

  @Test func `a rejected report is tried again after the others, under its id`() throws {
    _ = try outbox.flush(using: uploader("status/404"))
    _ = try outbox.put(Array("report 4".utf8), id: "4-\(run)")
    var sent: [String] = []
    let flush = try outbox.flush { _, id in
      sent.append(String(id.prefix(1)))
      return .delivered(status: 200, attempts: 1, milliseconds: 1)
    }
    #expect(sent == ["4", "1", "2", "3"])
    #expect(flush.remaining == 0)
    #expect(try requests(1).count == 1)
  }

  @Test func `a report is on the disk until it was delivered`() throws {
    var seen = 0
    _ = try outbox.flush { file, _ in
      // A crash here, before or after the receiver has it, leaves the report where it is.
      seen += FileManager.default.fileExists(atPath: file) ? 1 : 0
      return .delivered(status: 200, attempts: 1, milliseconds: 1)
    }
    #expect(seen == 3)
  }

  @Test func `a second flush at the same time sends nothing`() throws {
    var inner: OutboxFlush?
    let outer = try outbox.flush { _, _ in
      inner = inner ?? (try? outbox.flush(using: try uploader("status/200")))
      return .delivered(status: 200, attempts: 1, milliseconds: 1)
    }
    #expect(inner?.isBusy == true)
    #expect(inner?.delivered == [])
    #expect(outer.delivered.count == 3)
    #expect(try requests(1).isEmpty)
  }

  @Test func `a report put in while others are sent is neither lost nor held up`() throws {
    let flush = try outbox.flush { _, id in
      if id.hasPrefix("3") { _ = try? outbox.put(Array("report 4".utf8), id: "4-\(run)") }
      return .delivered(status: 200, attempts: 1, milliseconds: 1)
    }
    #expect(flush.delivered.count == 3)
    #expect(flush.remaining == 1)
    #expect(try outbox.pending().map(\.id) == ["4-\(run)"])
  }

  @Test func `what waits is sent oldest first, as it is, and is gone then`() throws {
    let flush = try outbox.flush(using: uploader("status/200"))
    #expect(flush.delivered == (1...3).map { "\($0)-\(run)" })
    #expect(flush.remaining == 0)
    for number in 1...3 { #expect(try requests(number).map(\.body.text) == ["report \(number)"]) }
    #expect(try outbox.pending().isEmpty)
  }

  private func uploader(_ behaviour: String) throws -> Uploader {
    let endpoint = try Endpoint(url: try SharedReceiver.running().url(behaviour))
    return Uploader(endpoint: endpoint, version: "0.1.0", policy: RetryPolicy(attempts: 1))
  }

  private func requests(_ number: Int) throws -> [Receiver.Request] {
    try SharedReceiver.running().requests("\(number)-\(run)")
  }

  private func rejected(_ status: Int) -> Delivery {
    let answer = HTTPAnswer(status: status, retryAfter: nil, location: nil, excerpt: "")
    let endpoint = try? Endpoint(url: "https://example.net/")
    let failure = endpoint.flatMap { ResponseClassifier(endpoint: $0).failure(for: answer, now: 0) }
    return failure.map { .undelivered($0) } ?? .delivered(status: status, attempts: 1, milliseconds: 0)
  }
}
