import Foundation
import TestSupport
import Testing

extension Prerequisite {
  /// The stock library of the scheme.
  static let webhooks = packages("standardwebhooks")
}

/// Signed uploads, verified by the stock library of the scheme: PyPI's `standardwebhooks`.
@Suite struct SignedUploadTests {

  /// A receiver that hands what it gets to the library; it ends with the value.
  private final class StockReceiver {
    let url: String
    private let process: Process
    private let output: Pipe
    private let input = Pipe()

    init(_ secret: String, _ arguments: String...) throws {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments =
        ["python3", "-B", "\(Repository.root)/Tests/UploadTests/Fixtures/standard.py", secret] + arguments
      process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONPATH": Repository.packages]) {
        $1
      }
      process.standardInput = input
      output = Pipe()
      process.standardOutput = output
      try process.run()
      self.process = process
      let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      guard let port = Int(line.filter(\.isNumber)) else { throw SupportError("the receiver did not start") }
      url = "http://127.0.0.1:\(port)/"
    }

    /// What it said of each request.
    func verdicts() throws -> [String] {
      try input.fileHandleForWriting.close()
      let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return said.split(separator: "\n").map(String.init)
    }

    deinit { if process.isRunning { process.terminate() } }
  }

  /// A fleet with a report of that size in its outbox.
  private func waiting(_ size: Int, _ settings: String) throws -> SmallFleet {
    let fleet = try SmallFleet(1, extra: "report: { \(settings) }")
    let start = "{\"format\":\"flotilla.report/1\",\"text\":\"ü"
    let text = start + String(repeating: "report ", count: (size - start.utf8.count) / 7) + "\"}"
    try fleet.folder.write(text, to: ".flotilla/outbox/00000000000000000001-large.json")
    return fleet
  }

  @Test(
    .needs(.webhooks), arguments: [14_000, 14_000_000],
    [[], ["expand"]])
  func `the stock library verifies a signed report of any size`(size: Int, framework: [String]) throws {
    let receiver =
      framework.isEmpty
      ? try StockReceiver(UploadTests.secret) : try StockReceiver(UploadTests.secret, "expand")
    let fleet = try waiting(size, "url: \"\(receiver.url)\", secret: \(UploadTests.secret)")
    let sent = try Content.bytes(fleet.folder.file(".flotilla/outbox/00000000000000000001-large.json")).count
    #expect(sent > size - 10)
    let run = try fleet.run("report", "flush")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try receiver.verdicts() == ["\(sent)"])
  }

  @Test(.needs(.webhooks))
  func `it refuses another secret, and what is compressed on request, and the message says why`() throws {
    let other = try StockReceiver(UploadTests.other)
    let fleet = try waiting(14_000, "url: \"\(other.url)\", secret: \(UploadTests.secret)")
    let refused = try fleet.run("report", "flush")
    #expect(refused.status == 6)
    #expect(refused.words.contains("check report.token and report.secret"), "\(refused.output)")
    #expect(try other.verdicts() == ["WebhookVerificationError"])
    let receiver = try StockReceiver(UploadTests.secret)
    try fleet.configure(
      "report: { url: \"\(receiver.url)\", secret: \(UploadTests.secret), compress: true }")
    let compressed = try fleet.run("report", "flush")
    #expect(compressed.status == 6)
    #expect(compressed.words.contains("whether it can verify what is compressed"), "\(compressed.output)")
    #expect(try receiver.verdicts() == ["UnicodeDecodeError"])
  }

  @Test(
    arguments: [
      ("", "gzip"), (", compress: false", nil), (", compress: never", nil), (", compress: auto", "gzip"),
      (", secret: \(UploadTests.secret)", nil), (", secret: \(UploadTests.secret), compress: auto", nil),
      (", secret: \(UploadTests.secret), compress: true", "gzip"),
      (", secret: \(UploadTests.secret), compress: never", nil),
    ] as [(String, String?)])
  func `a report is compressed unless it is signed, and as the fleet file says`(
    settings: String, encoding: String?
  ) throws {
    let receiver = try Receiver()
    let fleet = try waiting(14_000, "url: \"\(receiver.url)/status/200\"\(settings)")
    #expect(try fleet.run("report", "flush").status == 0)
    let headers = try #require(try receiver.requests("large").first).headers
    #expect(headers["content-encoding"] == encoding)
  }

  @Test func `the collector takes signed reports in both forms`() throws {
    let folder = try TemporaryFolder()
    let collector = try RunningCollector(store: folder.file("store.sqlite"))
    for (name, settings) in [("plain", ""), ("gzip", ", compress: true")] {
      let fleet = try SmallFleet(20)
      try fleet.configure(collector.settings.replacing(" }", with: "\(settings) }"))
      let run = try fleet.run("migrate", "--yes")
      #expect(run.status == 0, "\(name): \(run.output)\(run.errors)")
    }
    #expect(try collector.stop().status == 0)
  }

  @Test func `each attempt that is repeated is told in a line, and no secret with it`() throws {
    let receiver = try Receiver()
    let fleet = try waiting(
      100, "url: \"\(receiver.url)/fail/503/2?key=qu3ry\", token: t0ken-of-the-fleet")
    let run = try fleet.run("report", "flush")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let lines = run.errors.split(separator: "\n").filter { $0.contains("upload attempt") }
    #expect(lines.count == 2, "\(run.errors)")
    for (number, line) in lines.enumerated() {
      let start = "flotilla: upload attempt \(number + 1) of 5: 127.0.0.1 answered 503"
      #expect(line.hasPrefix(start) && line.contains("; again in ") && line.hasSuffix(" s"), "\(line)")
    }
    #expect(!run.errors.contains("qu3ry") && !run.errors.contains("t0ken"))
  }

  @Test func `a notification that is tried again is told too`() throws {
    let receiver = try Receiver()
    let fleet = try SmallFleet(2, extra: "report: { notify: \"\(receiver.url)/fail/503/1/T0KENPART\" }")
    try Data().write(to: URL(filePath: fleet.path(0)))
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 3)
    #expect(run.errors.contains("flotilla: upload attempt 1 of 3: 127.0.0.1 answered 503"), "\(run.errors)")
    #expect(!run.errors.contains("T0KEN"))
  }
}
