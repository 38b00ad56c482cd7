import Basics
import CCurl
import Glibc
internal import SystemPackage

/// Turns the result of an attempt into a failure, or nil if the report was delivered.
struct ResponseClassifier {
  let endpoint: Endpoint

  func failure(for answer: HTTPAnswer, now: Int) -> UploadFailure? {
    let said = "\(endpoint.host) answered \(answer.status)"
    let quote = answer.excerpt.isEmpty ? "" : ": \(answer.excerpt)"
    var failure: UploadFailure
    switch answer.status {
    case 200..<300: return nil
    case 300..<400:
      let target = answer.location.flatMap { try? URLParts($0) }
      let place = target.map { " to \($0.scheme)://\($0.host)" } ?? ""
      failure = final(.redirected, "\(said), a redirection\(place); set \(endpoint.key) to where it leads")
    case 401:
      let advice =
        endpoint.key != "report.url"
        ? "check \(endpoint.key)"
        : endpoint.token == nil && endpoint.secrets.isEmpty
          ? "it wants a token: set report.token"
          : endpoint.secrets.isEmpty
            ? "check report.token"
            : "check report.token and report.secret"
              + (endpoint.compresses
                ? ", and whether it can verify what is compressed (report.compress)" : "")
      failure = final(.unauthorized, "\(said); \(advice)\(quote)")
    case 407: failure = final(.unauthorized, "a proxy answered 407; give it a user in https_proxy\(quote)")
    case 408, 429: failure = retryable(.throttled, "\(said), it is too busy\(quote)")
    case 403 where endpoint.token != nil:
      failure = final(.rejected, "\(said); check what report.token may do\(quote)")
    case 403, 404, 405, 410: failure = final(.rejected, "\(said); check \(endpoint.key)\(quote)")
    case 415 where endpoint.compresses:
      failure = final(.rejected, "\(said), it may not take gzip: set report.compress to never\(quote)")
    case 413: failure = final(.rejected, "\(said), the report is too large for it\(quote)")
    case 400..<500: failure = final(.rejected, "\(said), it doesn't accept this report\(quote)")
    case 500..<600: failure = retryable(.receiver, "\(said), it has a fault of its own\(quote)")
    default:
      failure = final(.protocolError, "\(said), which is not an answer to an upload; check \(endpoint.key)")
    }
    failure.status = answer.status
    if failure.isRetryable, let wait = answer.retryAfter.flatMap({ RetryAfter.seconds($0, now: now) }) {
      failure.retryAfter = wait
      failure.tryAgainAt = now + wait
    }
    return failure
  }

  func failure(for attempt: AttemptFailure) -> UploadFailure {
    let host = endpoint.host
    let because = ": \(presentable(attempt.detail) ?? String(cString: curl_easy_strerror(attempt.code)))"
    if let error = attempt.fileError {
      let what = error.code == .staleNFSFileHandle ? "it became shorter while it was sent" : error.text
      return final(.file, "the report can't be read: \(what)")
    }
    switch attempt.code {
    case CURLE_COULDNT_RESOLVE_PROXY:
      return retryable(
        .unresolved, "the proxy's name could not be resolved; check https_proxy and http_proxy")
    case CURLE_COULDNT_RESOLVE_HOST:
      return retryable(
        .unresolved, "the name \(host) could not be resolved; check \(endpoint.key) and the network")
    case CURLE_COULDNT_CONNECT:
      return retryable(.unreachable, "\(host) could not be reached\(because)")
    case CURLE_OPERATION_TIMEDOUT: return retryable(.timeout, "\(host) did not answer in time\(because)")
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
      return final(
        .certificate,
        "the certificate of \(host) is not accepted\(because); for a private authority give its CA file")
    case CURLE_SSL_CACERT_BADFILE: return final(.certificate, "the CA file can't be used\(because)")
    case CURLE_SSL_CERTPROBLEM:
      return final(
        .certificate,
        "the client certificate can't be used: check report.client_cert and client_key\(because)")
    case CURLE_SSL_CIPHER: return final(.tls, "\(host) offers no cipher that is known here\(because)")
    case CURLE_SSL_CONNECT_ERROR: return retryable(.tls, "TLS with \(host) failed\(because)")
    case CURLE_ABORTED_BY_CALLBACK: return retryable(.cancelled, "the upload was interrupted")
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
      return final(.protocolError, "\(host) doesn't speak HTTP there; check \(endpoint.key)\(because)")
    case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION, CURLE_NOT_BUILT_IN,
      CURLE_FAILED_INIT:
      return final(.request, "the upload could not be set up\(because)")
    default: return retryable(.disconnected, "the connection to \(host) was lost\(because)")
    }
  }

  /// libcurl's text for an error; nil if there is none, or if it contains a URL, such as that of a proxy with its
  /// password.
  func presentable(_ detail: String) -> String? {
    let line = endpoint.redact(detail).printableLine
    return line.isEmpty || line.contains("@") || line.contains("://") ? nil : line
  }

  func cancelled(after attempts: Int) -> UploadFailure {
    var failure = retryable(.cancelled, "the upload was interrupted")
    failure.attempts = attempts
    return failure
  }

  func final(_ code: UploadFailure.Code, _ message: String) -> UploadFailure {
    UploadFailure(code: code, message: message, host: endpoint.host, status: nil, isRetryable: false)
  }

  private func retryable(_ code: UploadFailure.Code, _ message: String) -> UploadFailure {
    UploadFailure(code: code, message: message, host: endpoint.host, status: nil, isRetryable: true)
  }
}
