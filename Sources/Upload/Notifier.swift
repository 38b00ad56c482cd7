public import Basics
internal import FoundationEssentials
public import Logging

/// Posts a few lines to the webhook of a chat service: `{"text": …}`, the format of Slack and compatible services.
///
/// A notification is a courtesy: it has a time limit, few attempts, and is never kept for later. Whoever knows the
/// address may post to it, so only its host is ever shown.
public struct Notifier: Sendable {
  private let endpoint: Endpoint
  private let uploader: Uploader

  /// - Parameters:
  ///   - url: The address.
  ///   - version: The version of the program, for `User-Agent: flotilla/VERSION`.
  ///   - environment: Time, randomness and cancellation.
  ///   - logger: Gets a warning for each attempt that will be repeated.
  /// - Throws: ``EndpointError`` if the address isn't an http or https URL with a host, or if it has a user part.
  public init(
    url: Secret, version: String, environment: UploadEnvironment = UploadEnvironment(), logger: Logger? = nil
  ) throws(EndpointError) {
    endpoint = try Endpoint(notifying: url.revealedValue)
    let policy = RetryPolicy(
      attempts: 3, cap: .seconds(2), longestRetryAfter: .seconds(5), total: .seconds(15))
    uploader = Uploader(
      endpoint: endpoint, version: version, policy: policy, environment: environment, logger: logger)
  }

  /// The receiver's host.
  public var host: String { endpoint.host }

  /// A warning to show before the address is used, or nil.
  public var warning: String? {
    endpoint.isReadable ? "the address of report.notify goes to \(host) unencrypted; use https" : nil
  }

  /// Posts `text`, and blocks for at most 15 seconds.
  ///
  /// - Parameters:
  ///   - text: The message. Slack's commands and links in it are escaped.
  ///   - id: The id of the subject.
  ///   - folder: The folder for the unnamed file that contains the message while it is sent.
  /// - Returns: Why it wasn't delivered; nil if it was.
  public func post(_ text: String, id: String, folder: String) -> UploadFailure? {
    let escaped = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    guard let json = try? JSONEncoder().encode(["text": escaped]) else { return nil }
    if case .undelivered(let failure) = uploader.deliver(Array(json), id: id, folder: folder) {
      return failure
    }
    return nil
  }
}

extension Notifier: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The host.
  public var description: String { host }
  /// The host.
  public var debugDescription: String { host }
  /// A mirror that shows only the host, for `dump`.
  public var customMirror: Mirror { Mirror(self, children: ["host": host]) }
}
