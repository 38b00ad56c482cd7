import Basics
import Foundation
import TestSupport
import Testing

@testable import Upload

/// The table of docs/uploads.md: what an endpoint can do, and what becomes of a report then.
@Suite struct EndpointTableTests {
  /// What an endpoint does, what that counts as, and how often the report is sent within one delivery of three
  /// attempts; 0 is for those who never get to see it.
  struct Row: Sendable, CustomTestStringConvertible {
    let behaviour: String
    let code: UploadFailure.Code?
    let requests: Int
    var certificate: String?
    var testDescription: String { certificate ?? behaviour }
  }

  static let date = "Thu,%2001%20Jan%202026%2000:00:30%20GMT"

  @Test(arguments: [
    Row(behaviour: "down", code: .unreachable, requests: 0),
    Row(behaviour: "slow/5", code: .timeout, requests: 3),
    Row(behaviour: "cut", code: nil, requests: 3),
    Row(behaviour: "drop/9", code: .disconnected, requests: 3),
    Row(behaviour: "halfway/200", code: .disconnected, requests: 3),
    Row(behaviour: "status/301", code: .redirected, requests: 1),
    Row(behaviour: "status/400", code: .rejected, requests: 1),
    Row(behaviour: "status/401", code: .unauthorized, requests: 1),
    Row(behaviour: "fail/408/9", code: .throttled, requests: 3),
    Row(behaviour: "status/410", code: .rejected, requests: 1),
    Row(behaviour: "status/415", code: .rejected, requests: 1),
    Row(behaviour: "fail/429/1/30", code: nil, requests: 2),
    Row(behaviour: "fail/429/1/\(date)", code: nil, requests: 2),
    Row(behaviour: "fail/429/9/600", code: .throttled, requests: 1),
    Row(behaviour: "fail/500/9", code: .receiver, requests: 3),
    Row(behaviour: "status/200", code: .certificate, requests: 0, certificate: "self-signed"),
    Row(behaviour: "status/200", code: .certificate, requests: 0, certificate: "expired"),
    Row(behaviour: "status/200", code: .certificate, requests: 0, certificate: "wrong-host"),
    Row(behaviour: "status/200", code: nil, requests: 1, certificate: "good"),
  ])
  func `nothing is lost, nothing comes under two ids, no token comes to light`(row: Row) throws {
    let sender = try Sender(
      #"{"format":"flotilla.report/1","text":"\#(String(repeating: "x", count: 20_000))"}"#)
    let outbox = try Outbox(path: sender.folder.file("outbox"))
    _ = try outbox.put(contentsOf: sender.file, id: sender.id)
    let before = try Data(contentsOf: URL(filePath: sender.file))

    let flush = try outbox.flush(using: sender.uploader(try endpoint(row, sender), RetryPolicy(attempts: 3)))
    let failure = (flush.rejected + [flush.stopped].compactMap { $0 }).first?.failure
    #expect(failure?.code == row.code)

    let ids = try FileManager.default.contentsOfDirectory(atPath: sender.receiver.folder)
    #expect(ids.count { $0.contains(sender.id) } == (row.requests == 0 ? 0 : 1))
    let requests = try sender.requests
    // The receiver writes its record of an unfinished body, and of the rest, apart.
    #expect(requests.count == row.requests)
    #expect(requests.allSatisfy { $0.headers["webhook-id"] == sender.id })
    if row.code == nil {
      #expect(try outbox.pending().isEmpty)
      #expect(requests.last?.body.expanded == before.count)
    } else {
      let entry = try #require(try outbox.pending().first)
      #expect(entry.id == sender.id)
      #expect(try Data(contentsOf: URL(filePath: outbox.folder.path(of: entry.fileName))) == before)
    }
    var said = sender.log.text + "\(flush)" + (failure?.description ?? "")
    dump(flush, to: &said)
    for hidden in ["t0ken", "MfKQ", "qu3ry"] { #expect(!said.contains(hidden)) }
  }

  private func endpoint(_ row: Row, _ sender: Sender) throws -> Endpoint {
    let url =
      row.behaviour == "down"
      ? "http://127.0.0.1:1/?key=qu3ry"
      : row.certificate.map { sender.receiver.url("\(row.behaviour)?key=qu3ry", certificate: $0) }
        ?? sender.receiver.url("\(row.behaviour)?key=qu3ry")
    return try Endpoint(
      url: url, token: Secret("t0ken-\(sender.id)"), secrets: [SigningSecret(Secret(SignatureTests.example))],
      compresses: true, certificateAuthorities: sender.receiver.certificates.authority,
      attemptTimeout: row.behaviour.hasPrefix("slow") ? .milliseconds(300) : .seconds(20))
  }
}
