import Basics
import CCurl
import Glibc
internal import SystemPackage

/// Sends one file to an endpoint, once.
///
/// TLS is verified, peer and host, at version 1.2 or later; a redirection is never followed; nothing but http and
/// https is spoken. The proxy variables of the environment apply, as they do to curl.
struct HTTPClient: Sendable {
  let endpoint: Endpoint
  let version: String

  /// Sends `message` and waits for the answer.
  ///
  /// It is read as it is sent, so memory doesn't grow with it. Its id is sent as `webhook-id`, so that the receiver
  /// knows a repetition when it sees one.
  /// - Parameters:
  ///   - message: What to send.
  ///   - timestamp: The time of this attempt, in seconds since 1970.
  ///   - timeout: When to give up, in all.
  ///   - isCancelled: Asked at least once a second; the attempt ends when it says yes.
  /// - Returns: The answer, whatever its status.
  /// - Throws: `AttemptFailure` when there was no complete answer.
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
    // A receiver may refuse a body before it has read all of it; then its status says more than the broken pipe.
    if code == CURLE_OK || transfer.stoppedReading || (status >= 300 && transfer.fileError == nil) {
      return transfer.answer(status: status, redactedBy: endpoint)
    }
    throw AttemptFailure(code: code, detail: transfer.errorText, fileError: transfer.fileError)
  }

  /// libcurl's one-time set-up, which isn't safe to run twice at once.
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
      // Without a passphrase given, OpenSSL would ask for one on the terminal.
      options.set(CURLOPT_KEYPASSWD, "")
    }
    options.set(CURLOPT_CONNECTTIMEOUT_MS, endpoint.connectTimeout.wholeMilliseconds)
    options.set(CURLOPT_TIMEOUT_MS, timeout.wholeMilliseconds)
    // Timeouts without SIGALRM, which belongs to the program.
    options.set(CURLOPT_NOSIGNAL, 1)
    // Our headers are for the receiver, not for a proxy on the way.
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

/// Why an attempt brought no answer.
struct AttemptFailure: Error {
  let code: CURLcode
  var detail = ""
  var fileError: SystemError?
}

extension Duration {
  /// Milliseconds for libcurl, where 0 would mean "for ever"; at most a day.
  var wholeMilliseconds: Int {
    let bounded = min(max(self, .milliseconds(1)), .seconds(86_400))
    return Int((bounded / .milliseconds(1)).rounded(.up))
  }
}
