import Foundation
import TestSupport
import Testing

@testable import Upload

@Suite struct RetryTests {
  @Test func `every attempt carries the same id and the whole report`() throws {
    let sender = try Sender("the report")
    let delivery = try sender.send(to: "fail/500/2", attempts: 5)
    guard case .delivered(status: 200, attempts: 3, milliseconds: _) = delivery else {
      Issue.record("\(delivery)")
      return
    }
    #expect(try sender.requests.map(\.body.text) == ["the report", "the report", "the report"])
    #expect(try Set(sender.requests.compactMap { $0.headers["webhook-id"] }) == [sender.id])
  }

  @Test func `a lost connection is tried again`() throws {
    #expect(try Sender().send(to: "drop/1", attempts: 2).failure == nil)
  }

  @Test(arguments: [408, 429, 500, 502, 503, 504])
  func `a passing trouble ends with the attempts and may be tried later`(status: Int) throws {
    let sender = try Sender()
    let failure = try #require(try sender.send(to: "fail/\(status)/9", attempts: 3).failure)
    #expect(failure.status == status)
    #expect(failure.isRetryable)
    #expect(failure.attempts == 3)
    #expect(failure.description.hasSuffix("not now (3 attempts)"))
    #expect(try sender.requests.count == 3)
  }

  @Test func `Retry-After in seconds is kept`() throws {
    let sender = try Sender()
    #expect(try sender.send(to: "fail/429/1/7", attempts: 2).failure == nil)
    #expect(sender.world.total == .seconds(7))
  }

  @Test func `Retry-After as a date is kept`() throws {
    let sender = try Sender()
    let date = "Thu,%2001%20Jan%202026%2000:01:30%20GMT"
    #expect(try sender.send(to: "fail/503/1/\(date)", attempts: 2).failure == nil)
    #expect(sender.world.total == .seconds(90))
  }

  @Test(arguments: ["600", "99999999999999999999"])
  func `a longer Retry-After ends the delivery and says when to try again`(header: String) throws {
    let sender = try Sender()
    let failure = try #require(try sender.send(to: "fail/429/1/\(header)", attempts: 5).failure)
    #expect(failure.code == .throttled)
    #expect(failure.attempts == 1)
    #expect(sender.world.total == .zero)
    if header == "600" {
      #expect(failure.tryAgainAt == 1_767_226_200)
      #expect(failure.description.hasSuffix("; try again after 2026-01-01T00:10:00Z"))
    }
  }

  @Test func `a signal ends the wait at once`() throws {
    let sender = try Sender()
    sender.world.cancel(after: .milliseconds(300))
    let failure = try #require(try sender.send(to: "fail/503/9/60", attempts: 5).failure)
    #expect(failure.code == .cancelled)
    #expect(failure.attempts == 1)
    #expect(sender.world.total < .milliseconds(400))
  }

  @Test func `a signal ends an attempt within about a second`() throws {
    let sender = try Sender()
    let start = ContinuousClock.now
    let uploader = Uploader(
      endpoint: try Endpoint(url: sender.receiver.url("slow/9")), version: "0.1.0",
      environment: UploadEnvironment(isCancelled: { ContinuousClock.now - start > .milliseconds(100) }))
    #expect(uploader.deliver(file: sender.file, id: sender.id).failure?.code == .cancelled)
    #expect(ContinuousClock.now - start < .seconds(4))
  }

  @Test func `nothing is sent after a signal`() throws {
    let sender = try Sender()
    sender.world.cancel(after: .zero)
    let failure = try #require(try sender.send(to: "status/200").failure)
    #expect(failure.code == .cancelled)
    #expect(failure.attempts == 0)
    #expect(try sender.requests.isEmpty)
  }

  @Test func `waits double up to the cap, and chance shortens them`() {
    let policy = RetryPolicy(attempts: 99, total: .seconds(9999))
    func wait(_ attempt: Int, _ random: Double) -> RetryPolicy.Decision {
      policy.decision(after: attempt, elapsed: .zero, retryAfter: nil, random: random)
    }
    #expect(wait(1, 1) == .wait(.milliseconds(500)))
    #expect(wait(2, 1) == .wait(.seconds(1)))
    #expect(wait(3, 0.5) == .wait(.seconds(1)))
    #expect(wait(7, 1) == .wait(.seconds(30)))
    #expect(wait(98, 1) == .wait(.seconds(30)))
    #expect(wait(3, 0) == .wait(.zero))
  }

  @Test func `a wait that would go beyond the total time is not begun`() {
    let policy = RetryPolicy(total: .seconds(10))
    let decision = policy.decision(after: 1, elapsed: .seconds(5), retryAfter: .seconds(6), random: 0)
    #expect(decision == .giveUp)
  }

  @Test(arguments: [
    ("0", 0), ("120", 120), ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Sunday, 06-Nov-94 08:49:37 GMT", 0),
    ("Sun Nov  6 08:49:37 1994", 0), ("Thu, 01 Jan 2026 00:00:05 GMT", 5), ("", nil), ("-5", nil),
    ("1.5", nil),
    ("soon", nil), ("20260101", 20_260_101),
    ("99999999999999999999", 316_224_000),
  ])
  func `Retry-After is a number or an HTTP date`(header: String, seconds: Int?) {
    #expect(RetryAfter.seconds(header, now: 1_767_225_600) == seconds)
  }
}
