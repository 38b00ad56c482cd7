import Basics
import Foundation
import Logging
import Synchronization
import TestSupport

@testable import Upload

/// Sends one report to the receiver, in a world where waiting takes no time.
final class Sender: Sendable {
  let receiver: SharedReceiver
  let id = "report-\(UUID())"
  let folder: TemporaryFolder
  let file: String
  let world = World()
  let log = LogLines()

  init(_ content: String = #"{"format":"flotilla.report/1"}"#) throws {
    receiver = try SharedReceiver.running()
    folder = try TemporaryFolder()
    file = try folder.write(content, to: "report.json")
  }

  /// Everything that the receiver got from this sender.
  var requests: [Receiver.Request] { get throws { try receiver.requests(id) } }

  func send(to behaviour: String, attempts: Int = 1, token: String? = nil) throws -> Delivery {
    let endpoint = try Endpoint(url: receiver.url(behaviour), token: token.map { try Secret($0) })
    return uploader(endpoint, RetryPolicy(attempts: attempts)).deliver(file: file, id: id)
  }

  func uploader(_ endpoint: Endpoint, _ policy: RetryPolicy = RetryPolicy(attempts: 1)) -> Uploader {
    let log = log
    let logger = Logger(label: "test") { _ in log }
    return Uploader(
      endpoint: endpoint, version: "0.1.0", policy: policy, environment: world.environment, logger: logger)
  }
}

/// A clock which only sleeping moves.
final class World: Sendable {
  private let slept = Mutex<[Duration]>([])
  private let cancelledAfter = Mutex<Duration?>(nil)

  /// The time slept in all.
  var total: Duration { slept.withLock { $0.reduce(.zero, +) } }

  func cancel(after time: Duration) { cancelledAfter.withLock { $0 = time } }

  /// The date begins at 2026-01-01T00:00:00Z; every wait takes its whole time.
  var environment: UploadEnvironment {
    UploadEnvironment(
      elapsed: { self.total }, date: { 1_767_225_600 + Int(self.total / .seconds(1)) }, random: { 0.999 },
      sleep: { time in self.slept.withLock { $0.append(time) } },
      isCancelled: { self.cancelledAfter.withLock { $0 }.map { self.total >= $0 } ?? false })
  }
}

/// Keeps what is logged.
final class LogLines: LogHandler {
  private let lines = Mutex<[String]>([])
  var text: String { lines.withLock { $0.joined(separator: "\n") } }

  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .trace }
    set {}
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) { lines.withLock { $0.append("\(event.message)") } }
}

extension Delivery {
  /// The failure of an undelivered report.
  var failure: UploadFailure? {
    guard case .undelivered(let failure) = self else { return nil }
    return failure
  }
}
