import Basics
import CCurl
import Glibc
internal import SystemPackage

/// Sends one file to an endpoint, once.
///
/// TLS 1.2 or later is required, and peer and host are verified. Redirections are never followed, and only http and
/// https are allowed. The proxy variables of the environment apply as they do for curl.
struct HTTPClient: Sendable {
  let endpoint: Endpoint
  let version: String

  /// Sends `message` and waits for the answer.
  ///
  /// The file is read while it is sent, so memory doesn't grow with it. The message's id is sent as `webhook-id`, so
  /// that the receiver recognizes a repetition.
  ///
  /// - Parameters:
  ///   - message: The message.
  ///   - timestamp: The time of this attempt, in seconds since 1970.
  ///   - timeout: The time limit for the attempt.
  ///   - isCancelled: Called at least once a second; the attempt ends when it returns true.
  /// - Returns: The answer, whatever its status.
  /// - Throws: `AttemptFailure` if there was no complete answer.
  func send(
    _ message: Message, timestamp: Int, timeout: Duration, isCancelled: @escaping () -> Bool
  ) throws(AttemptFailure) -> HTTPAnswer {
    guard Self.isReady, let handle = curl_easy_init() else { throw AttemptFailure(code: CURLE_FAILED_INIT) }
    defer { curl_easy_cleanup(handle) }
    let transfer: Transfer
    do {
      transfer = Transfer(
        file: message.file.descriptor.rawValue, size: try message.file.size(),
        excerptLimit: HTTPAnswer.excerptLimit + endpoint.longestRedaction, isCancelled: isCancelled)
    } catch {
      throw AttemptFailure(code: CURLE_READ_ERROR, fileError: error)
    }
    let headers = try headers(message, timestamp)
    defer { curl_slist_free_all(headers) }
    let options = Options(handle: handle)
    configure(options, timeout: timeout)
    options.set(headers)
    options.set(transfer, method: endpoint.method)
    if let refused = options.refused { throw AttemptFailure(code: refused) }

    let code = withExtendedLifetime(transfer) { withPipeSignalBlocked { curl_easy_perform(handle) } }
    let status = Int(flotilla_curl_status(handle))
    // A receiver may refuse a body before it has read all of it; its status then explains more than the broken pipe.
    if code == CURLE_OK || transfer.stoppedReading || (status >= 300 && transfer.fileError == nil) {
      return transfer.answer(status: status, redactedBy: endpoint)
    }
    throw AttemptFailure(code: code, detail: transfer.errorText, fileError: transfer.fileError)
  }

  /// Initializes libcurl once; doing so twice at once isn't safe.
  private static let isReady = flotilla_curl_global_init() == CURLE_OK

  private func configure(_ options: Options, timeout: Duration) {
    options.set(CURLOPT_URL, endpoint.url)
    options.setOnlyHTTP()
    options.set(CURLOPT_FOLLOWLOCATION, 0)
    options.set(CURLOPT_SSL_VERIFYPEER, 1)
    options.set(CURLOPT_SSL_VERIFYHOST, 2)
    options.set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
    if let authorities = endpoint.certificateAuthorities {
      options.set(CURLOPT_CAINFO, authorities)
      options.set(CURLOPT_CAPATH, nil)
    }
    if let certificate = endpoint.clientCertificate {
      options.set(CURLOPT_SSLCERT, certificate.path)
      options.set(CURLOPT_SSLKEY, certificate.keyPath ?? certificate.path)
      // Without an empty passphrase, OpenSSL would ask for one on the terminal.
      options.set(CURLOPT_KEYPASSWD, "")
    }
    options.set(CURLOPT_CONNECTTIMEOUT_MS, endpoint.connectTimeout.wholeMilliseconds)
    options.set(CURLOPT_TIMEOUT_MS, timeout.wholeMilliseconds)
    // Without SIGALRM for timeouts, since that signal belongs to the program.
    options.set(CURLOPT_NOSIGNAL, 1)
    // Our headers are for the receiver, and must not be sent to a proxy.
    options.set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
  }

  private func headers(
    _ message: Message, _ timestamp: Int
  ) throws(AttemptFailure) -> UnsafeMutablePointer<curl_slist>? {
    var lines = [
      "Content-Type: application/json",
      "User-Agent: flotilla/\(version)",
      "webhook-id: \(message.id)",
      "webhook-timestamp: \(timestamp)",
      // Without this, libcurl waits up to a second for "100 Continue" before it sends a body of 1 MB.
      "Expect:",
    ]
    if message.isCompressed { lines.append("Content-Encoding: gzip") }
    if let coordinator = endpoint.coordinator { lines.append("Flotilla-Coordinator: \(coordinator)") }
    if !endpoint.secrets.isEmpty {
      guard let signature = try? message.signature(timestamp: timestamp, secrets: endpoint.secrets) else {
        throw AttemptFailure(code: CURLE_READ_ERROR)
      }
      lines.append("webhook-signature: \(signature)")
    }
    if let token = endpoint.token { lines.append("Authorization: Bearer \(token.revealedValue)") }
    var list: UnsafeMutablePointer<curl_slist>?
    for line in lines {
      guard !line.hasControlCharacter, let longer = curl_slist_append(list, line) else {
        curl_slist_free_all(list)
        throw AttemptFailure(code: CURLE_BAD_FUNCTION_ARGUMENT)
      }
      list = longer
    }
    return list
  }
}

/// Why an attempt ended without an answer.
struct AttemptFailure: Error {
  let code: CURLcode
  var detail = ""
  var fileError: SystemError?
}

extension Duration {
  /// Milliseconds for libcurl, at least 1, since 0 means no limit; at most a day.
  var wholeMilliseconds: Int {
    let bounded = min(max(self, .milliseconds(1)), .seconds(86_400))
    return Int((bounded / .milliseconds(1)).rounded(.up))
  }
}
