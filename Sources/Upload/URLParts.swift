import Basics
import CCurl
internal import Glibc

/// The parts of a URL. libcurl parses it, so that the checked URL is the one that is used.
struct URLParts {
  let scheme: String
  let host: String
  let path: String
  let query: String?

  init(_ url: String) throws(EndpointError) {
    guard !url.hasControlCharacter, let handle = curl_url() else { throw EndpointError(code: .malformed) }
    defer { curl_url_cleanup(handle) }
    let flags = UInt32(CURLU_NON_SUPPORT_SCHEME)
    guard curl_url_set(handle, CURLUPART_URL, url, flags) == CURLUE_OK,
      let scheme = Self.part(CURLUPART_SCHEME, of: handle)
    else { throw EndpointError(code: .malformed) }
    guard scheme == "http" || scheme == "https" else { throw EndpointError(code: .scheme) }
    let hasUser = Self.part(CURLUPART_USER, of: handle) != nil
    guard !hasUser, Self.part(CURLUPART_PASSWORD, of: handle) == nil else {
      throw EndpointError(code: .userInformation)
    }
    guard let host = Self.part(CURLUPART_HOST, of: handle), !host.isEmpty else {
      throw EndpointError(code: .malformed)
    }
    self.scheme = scheme
    self.host = host
    path = Self.part(CURLUPART_PATH, of: handle) ?? "/"
    query = Self.part(CURLUPART_QUERY, of: handle)
  }

  /// Whether others can read what is sent there. A proxy may be on another machine even if the host isn't.
  var isReadable: Bool {
    let isFour = host.hasPrefix("127.") && host.allSatisfy { $0 == "." || $0.isWholeNumber }
    let isHere = isFour || host == "localhost" || host == "[::1]"
    let hasProxy = ["http_proxy", "all_proxy", "ALL_PROXY"].contains { (name: String) in getenv(name) != nil }
    return scheme != "https" && (!isHere || hasProxy)
  }

  private static func part(_ part: CURLUPart, of handle: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(handle, part, &text, 0) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }
}
