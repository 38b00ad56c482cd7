import Basics
import CCurl
import Glibc

/// Sets options on a handle, and remembers the first one that was refused, so that no failure is ignored.
final class Options {
  private let handle: UnsafeMutableRawPointer
  private(set) var refused: CURLcode?

  init(handle: UnsafeMutableRawPointer) { self.handle = handle }

  func set(_ option: CURLoption, _ value: Int) { note(flotilla_curl_set_long(handle, option, value)) }

  func set(_ option: CURLoption, _ value: String?) { note(flotilla_curl_set_string(handle, option, value)) }

  func set(_ headers: UnsafeMutablePointer<curl_slist>?) { note(flotilla_curl_set_headers(handle, headers)) }

  func setOnlyHTTP() { note(flotilla_curl_allow_only_http(handle)) }

  /// Makes libcurl read the body from `transfer` and write the answer to it. `transfer` must outlive the request.
  func set(_ transfer: Transfer, method: HTTPMethod) {
    switch method {
    case .post:
      set(CURLOPT_POST, 1)
      note(flotilla_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, transfer.size))
    case .put:
      set(CURLOPT_UPLOAD, 1)
      note(flotilla_curl_set_size(handle, CURLOPT_INFILESIZE_LARGE, transfer.size))
    }
    let context = Unmanaged.passUnretained(transfer).toOpaque()
    let contextOptions = [
      CURLOPT_READDATA, CURLOPT_SEEKDATA, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_XFERINFODATA,
    ]
    for option in contextOptions {
      note(flotilla_curl_set_pointer(handle, option, context))
    }
    note(flotilla_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, transfer.errorBuffer.baseAddress))
    note(flotilla_curl_set_read(handle) { Transfer.at($3)?.read(into: $0, $1 * $2) ?? Transfer.readAborted })
    note(flotilla_curl_set_seek(handle) { Transfer.at($0)?.seek(to: $1, from: $2) ?? CURL_SEEKFUNC_FAIL })
    note(flotilla_curl_set_write(handle) { Transfer.at($3)?.keep(body: $0, $1 * $2) ?? 0 })
    note(flotilla_curl_set_header(handle) { Transfer.at($3)?.keep(header: $0, $1 * $2) ?? 0 })
    note(
      flotilla_curl_set_progress(handle) { context, _, _, _, _ in
        Transfer.at(context)?.isCancelled() == false ? 0 : 1
      })
    set(CURLOPT_NOPROGRESS, 0)
  }

  private func note(_ code: CURLcode) {
    if code != CURLE_OK, refused == nil { refused = code }
  }
}

/// Runs `body` with SIGPIPE blocked on this thread, and discards a SIGPIPE that it raised.
///
/// With `CURLOPT_NOSIGNAL`, libcurl doesn't handle SIGPIPE, and some of its TLS libraries write without
/// `MSG_NOSIGNAL`. A receiver that hangs up would then end the program.
func withPipeSignalBlocked<Result>(_ body: () -> Result) -> Result {
  var pipe = sigset_t()
  var before = sigset_t()
  sigemptyset(&pipe)
  sigaddset(&pipe, SIGPIPE)
  pthread_sigmask(SIG_BLOCK, &pipe, &before)
  defer {
    if sigismember(&before, SIGPIPE) == 0 {
      var atOnce = timespec()
      sigtimedwait(&pipe, nil, &atOnce)
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }
  return body()
}
