public import Basics
internal import FoundationEssentials
public import Logging

/// Posts a few lines to an address of a chat: `{"text": …}`, as Slack and those compatible with it take it.
///
/// It is a courtesy: bounded in time, tried little, never kept for later. The address lets in whoever knows it, so
/// nothing but its host is ever shown.
public struct Notifier: Sendable {
  private let endpoint: Endpoint
  private let uploader: Uploader

  /// - Parameters:
  ///   - url: The address.
  ///   - version: The program's, for `User-Agent: flotilla/VERSION`.
  ///   - environment: Time, chance and cancellation.
  ///   - logger: Told of each attempt that is going to be repeated (warning).
  /// - Throws: `EndpointError` when the address isn't an http or https URL with a host, or has a user part.
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

  /// What the user should know of this address before it is used, if anything.
  public var warning: String? {
    endpoint.isReadable ? "the address of report.notify goes to \(host) unencrypted; use https" : nil
  }

  /// Posts `text`, blocking for 15 seconds at most.
  ///
  /// - Parameters:
  ///   - text: What to say; what Slack would take for a command or a link in it is only shown.
  ///   - id: What it is about.
  ///   - folder: Where the message can be put down, without a name, until it is sent.
  /// - Returns: Why it didn't arrive; nil when it did.
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
  /// Shows the host to `dump`, and nothing else.
  public var customMirror: Mirror { Mirror(self, children: ["host": host]) }
}
