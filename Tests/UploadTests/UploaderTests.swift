import Basics
import Foundation
import TestSupport
import Testing

@testable import Upload

@Suite struct UploaderTests {
  @Test(arguments: [
    (300, UploadFailure.Code.redirected), (400, .rejected), (401, .unauthorized), (403, .rejected),
    (404, .rejected), (410, .rejected), (413, .rejected), (422, .rejected),
  ])
  func `a final status is not tried again`(status: Int, code: UploadFailure.Code) throws {
    let sender = try Sender()
    let failure = try #require(try sender.send(to: "status/\(status)", attempts: 5).failure)
    #expect(failure.code == code)
    #expect(failure.status == status)
    #expect(!failure.isRetryable)
    #expect(failure.attempts == 1)
    #expect(try sender.requests.count == 1)
  }

  @Test(arguments: [301, 302, 307, 308]) func `a redirection is not followed`(status: Int) throws {
    let sender = try Sender()
    let target = sender.receiver.url("status/200").replacing("/", with: "%2F")
    let failure = try #require(try sender.send(to: "redirect/\(status)/\(target)", attempts: 3).failure)
    #expect(failure.code == .redirected)
    #expect(
      failure.description.hasSuffix("a redirection to http://127.0.0.1; set report.url to where it leads"))
    #expect(try sender.requests.count == 1)
  }

  @Test func `nobody listening is unreachable`() throws {
    let sender = try Sender()
    // Port 1 on this machine is never used.
    let failure = try #require(
      sender.uploader(try Endpoint(url: "http://127.0.0.1:1/"), RetryPolicy(attempts: 2))
        .deliver(file: sender.file, id: sender.id).failure)
    #expect(failure.code == .unreachable)
    #expect(failure.isRetryable)
    #expect(failure.attempts == 2)
  }

  @Test func `a name that does not exist is unresolved`() throws {
    let sender = try Sender()
    // RFC 6761 keeps .invalid for names which never resolve.
    let endpoint = try Endpoint(
      url: "http://collector.invalid/", connectTimeout: .seconds(2), attemptTimeout: .seconds(2))
    let failure = try #require(sender.uploader(endpoint).deliver(file: sender.file, id: sender.id).failure)
    #expect(failure.code == .unresolved || failure.code == .timeout)
    #expect(failure.isRetryable)
  }

  @Test func `no answer in time is a timeout`() throws {
    let sender = try Sender()
    let endpoint = try Endpoint(url: sender.receiver.url("slow/15"), attemptTimeout: .milliseconds(200))
    let start = ContinuousClock.now
    let failure = try #require(sender.uploader(endpoint).deliver(file: sender.file, id: sender.id).failure)
    #expect(failure.code == .timeout)
    #expect(failure.isRetryable)
    #expect(ContinuousClock.now - start < .seconds(12))
  }

  @Test(arguments: ["halfway/200", "drop/9"])
  func `an answer that breaks off is no delivery`(behaviour: String) throws {
    let sender = try Sender()
    let failure = try #require(try sender.send(to: behaviour, attempts: 2).failure)
    #expect(failure.code == .disconnected)
    #expect(failure.isRetryable)
    #expect(try sender.requests.count == 2)
  }

  @Test func `a refusal that breaks off is still a refusal`() throws {
    #expect(try Sender().send(to: "halfway/400", attempts: 2).failure?.code == .rejected)
  }

  @Test func `what a receiver says is shown without what turns text round or can't be seen`() throws {
    let failure = try #require(try Sender().send(to: "status/400/gnp%E2%80%AE%E2%80%8B.exe%9B%C2%9B").failure)
    #expect(failure.description.contains("gnp\u{FFFD}\u{FFFD}.exe"), "\(failure)")
    let hidden: Set<Unicode.Scalar> = ["\u{202E}", "\u{200B}", "\u{9B}"]
    #expect(!failure.description.unicodeScalars.contains { hidden.contains($0) }, "\(failure)")
  }

  @Test func `an answer that isn't HTTP is said to be none`() throws {
    let failure = try #require(try Sender().send(to: "garbage", attempts: 2).failure)
    #expect(failure.code == .protocolError)
    #expect(!failure.isRetryable)
  }

  @Test func `a refusal before the body was read is a refusal, not a broken connection`() throws {
    let sender = try Sender(String(repeating: "x", count: 4 << 20))
    let failure = try #require(try sender.send(to: "early/413").failure)
    #expect(failure.status == 413 || failure.code == .disconnected)
  }

  @Test(arguments: [(200, true), (400, false)])
  func `an answer without end is cut off and judged by its status`(status: Int, isDelivered: Bool) throws {
    let delivery = try Sender().send(to: "endless/\(status)")
    #expect((delivery.failure == nil) == isDelivered)
    #expect((delivery.failure?.description.utf8.count ?? 0) < 2200)
  }

  @Test func `a missing report is said to be missing`() throws {
    let sender = try Sender()
    let uploader = sender.uploader(try Endpoint(url: sender.receiver.url("status/200")))
    let failure = try #require(uploader.deliver(file: "/nowhere/report.json", id: sender.id).failure)
    #expect(failure.code == .file)
    #expect(failure.description.contains("/nowhere/report.json"))
  }

  @Test(arguments: ["", "two\r\nlines", "a/b", "ü", String(repeating: "a", count: 129)])
  func `an id that can't be a header is not sent`(id: String) throws {
    let sender = try Sender()
    let uploader = sender.uploader(try Endpoint(url: sender.receiver.url("status/200")))
    #expect(uploader.deliver(file: sender.file, id: id).failure?.code == .request)
  }

  @Test(arguments: [HTTPMethod.post, .put])
  func `a report arrives as it is, with what the receiver needs to know`(method: HTTPMethod) throws {
    let sender = try Sender(#"{"fleet":"übersee"}"#)
    let endpoint = try Endpoint(
      url: sender.receiver.url("status/201?key=1"), method: method, token: try Secret("t0ken"))
    let delivery = sender.uploader(endpoint).deliver(file: sender.file, id: sender.id)
    guard case .delivered(status: 201, attempts: 1, milliseconds: _) = delivery else {
      Issue.record("\(delivery)")
      return
    }
    let request = try #require(try sender.requests.first)
    #expect(request.method == method.rawValue)
    #expect(request.path == "/status/201?key=1")
    #expect(request.body.text == #"{"fleet":"übersee"}"#)
    #expect(request.headers["content-type"] == "application/json")
    #expect(request.headers["user-agent"] == "flotilla/0.1.0")
    #expect(request.headers["authorization"] == "Bearer t0ken")
    #expect(request.headers["webhook-id"] == sender.id)
    #expect(request.headers["expect"] == nil)
  }

  @Test func `a report of 64 MB is sent without being held in memory`() throws {
    let sender = try Sender("")
    let handle = try #require(FileHandle(forWritingAtPath: sender.file))
    try handle.truncate(atOffset: 64 << 20)
    try handle.close()
    // Lets the kernel forget the peak so far.
    try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    let before = try peakMemory()
    #expect(try sender.send(to: "status/200").failure == nil)
    #expect(try peakMemory() - before < 16 << 20)
    let body = try #require(try sender.requests.first).body
    // SHA-256 of 64 MiB of zeros.
    #expect(body.sha256 == "3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351")
    #expect(body.missing == 0)
  }

  /// The most memory that this process has had, in bytes.
  private func peakMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return try #require(line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }) * 1024
  }
}
