internal import Basics
public import Logging

/// The result of one upload. It is a value, since a failed upload never ends a run.
public enum Delivery: Sendable, Equatable {
  /// The receiver accepted it.
  case delivered(status: Int, attempts: Int, milliseconds: Double)
  /// It wasn't accepted, or its acceptance wasn't confirmed. The receiver may still have it.
  case undelivered(UploadFailure)
}

/// Delivers reports to one endpoint, with repeated attempts according to its policy.
///
/// ```swift
/// let uploader = Uploader(endpoint: endpoint, version: "0.1.0")
/// switch uploader.deliver(file: "report.json", id: "01J9ZQ4W0XN6V5T8R2C3B7D1EF") {
/// case .delivered(let status, let attempts, _): print("status \(status) after \(attempts) attempts")
/// case .undelivered(let failure): print(failure)
/// }
/// ```
///
/// All attempts have the same `webhook-id` and the same body; each has its own timestamp and signatures. Transport
/// errors, 408, 429 and 5xx are tried again. Any other status outside 2xx is final, and so is a certificate that
/// can't be verified.
///
/// An ``Endpoint`` describes the receiver, a ``RetryPolicy`` the attempts. An ``Outbox`` keeps what was not
/// delivered.
public struct Uploader: Sendable {
  /// The receiver of the reports.
  public let endpoint: Endpoint
  /// The number and timing of attempts.
  public let policy: RetryPolicy

  private let client: HTTPClient
  private let environment: UploadEnvironment
  private let logger: Logger?

  /// - Parameters:
  ///   - endpoint: The receiver of the reports.
  ///   - version: The version of the program, for `User-Agent: flotilla/VERSION`.
  ///   - policy: The number and timing of attempts.
  ///   - environment: Time, randomness and cancellation.
  ///   - logger: Gets a warning for each attempt that will be repeated, and if a report can't be compressed.
  public init(
    endpoint: Endpoint, version: String, policy: RetryPolicy = RetryPolicy(),
    environment: UploadEnvironment = UploadEnvironment(), logger: Logger? = nil
  ) {
    self.endpoint = endpoint
    self.policy = policy
    self.environment = environment
    self.logger = logger
    client = HTTPClient(endpoint: endpoint, version: version)
  }

  /// Sends the file at `path`, and blocks until it is delivered or has failed.
  ///
  /// - Parameters:
  ///   - path: The file, which is sent as it is or compressed. It must not change meanwhile.
  ///   - id: The id under which the receiver knows the report; the same for every repetition, in this run and in
  ///     later ones. Letters, digits, `-` and `_` are allowed, at most 128.
  /// - Returns: That it was delivered, or why it wasn't.
  public func deliver(file path: String, id: String) -> Delivery {
    let judgement = ResponseClassifier(endpoint: endpoint)
    guard ReportID.isValid(id) else {
      return .undelivered(judgement.final(.request, "the report's id can't be sent: \(ReportID.rule)"))
    }
    do {
      let report = try OpenFile(reading: path)
      let message = try Message(id: id, report: report, compresses: endpoint.compresses)
      if let trouble = message.compressionTrouble {
        logger?.warning("the report is sent uncompressed, since no compressed copy could be made: \(trouble)")
      }
      return deliver(message, judgement)
    } catch {
      return .undelivered(judgement.final(.file, "the report can't be read: \(error)"))
    }
  }

  /// Sends bytes through an unnamed file in `folder`.
  func deliver(_ bytes: [UInt8], id: String, folder: String) -> Delivery {
    let judgement = ResponseClassifier(endpoint: endpoint)
    do {
      let file = try OpenFile(temporaryBeside: "\(folder)/")
      try file.write(bytes)
      return deliver(try Message(id: id, report: file, compresses: false), judgement)
    } catch {
      return .undelivered(judgement.final(.file, "the message can't be put down: \(error)"))
    }
  }

  private func deliver(_ message: Message, _ judgement: ResponseClassifier) -> Delivery {
    let start = environment.elapsed()
    var attempt = 0
    while !environment.isCancelled() {
      attempt += 1
      var failure: UploadFailure
      switch send(message, left: policy.total - (environment.elapsed() - start), judgement) {
      case .success(let status):
        let time = (environment.elapsed() - start).milliseconds
        return .delivered(status: status, attempts: attempt, milliseconds: time)
      case .failure(let reason): failure = reason
      }
      failure.attempts = attempt
      guard failure.isRetryable, failure.code != .cancelled else { return .undelivered(failure) }
      let decision = policy.decision(
        after: attempt, elapsed: environment.elapsed() - start,
        retryAfter: failure.retryAfter.map { .seconds($0) }, random: environment.random())
      guard case .wait(let time) = decision else { return .undelivered(failure) }
      logger?.warning(
        "upload attempt \(attempt) of \(policy.attempts): \(failure.message); again in \(time.inTenths())")
      guard environment.wait(time) else { break }
    }
    return .undelivered(judgement.cancelled(after: attempt))
  }

  private func send(
    _ message: Message, left: Duration, _ judgement: ResponseClassifier
  ) -> Result<Int, UploadFailure> {
    do {
      let answer = try client.send(
        message, timestamp: environment.date(), timeout: min(endpoint.attemptTimeout, left),
        isCancelled: environment.isCancelled)
      let failure = judgement.failure(for: answer, now: environment.date())
      return failure.map { .failure($0) } ?? .success(answer.status)
    } catch {
      return .failure(judgement.failure(for: error))
    }
  }
}

/// The rules for the id of a report, which becomes a header and a part of a file name.
package enum ReportID {
  private static let allowed = Set(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  package static let rule = "letters, digits, - and _ are allowed, 128 at most"

  package static func isValid(_ id: String) -> Bool {
    (1...128).contains(id.utf8.count) && id.utf8.allSatisfy { allowed.contains($0) }
  }
}
