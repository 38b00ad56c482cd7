internal import Basics
import CCurl
import Glibc
internal import SystemPackage

/// The data that libcurl's callbacks read and write during one attempt.
final class Transfer {
  let size: Int
  let isCancelled: () -> Bool
  let errorBuffer = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
  private(set) var fileError: SystemError?
  /// Whether the answer's body was cut off because it was too long.
  private(set) var stoppedReading = false

  private let file: Int32
  private let excerptLimit: Int
  private var offset: Int = 0
  private var excerpt: [UInt8] = []
  private var received = 0
  private var headers: [String: String] = [:]

  static let readAborted = Int(CURL_READFUNC_ABORT)
  private static let bodyLimit = 64 * 1024
  private static let keptHeaders: Set<String> = ["retry-after", "location"]

  init(file: Int32, size: Int, excerptLimit: Int, isCancelled: @escaping () -> Bool) {
    self.file = file
    self.size = size
    self.excerptLimit = excerptLimit
    self.isCancelled = isCancelled
    errorBuffer.initialize(repeating: 0)
  }

  deinit { errorBuffer.deallocate() }

  /// The object behind a callback's context; nil for a null pointer.
  static func at(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged.fromOpaque($0).takeUnretainedValue() }
  }

  /// libcurl's own text for the error.
  var errorText: String {
    String(decoding: errorBuffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func read(into buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int {
    let wanted = min(capacity, size - offset)
    guard wanted > 0 else { return 0 }
    var count: Int
    repeat { count = pread(file, buffer, wanted, offset) } while count < 0 && errno == EINTR
    guard count > 0 else {
      // Content-Length is already sent, so a file that became shorter can't be sent any more.
      fileError = SystemError(call: "read", path: "", code: count < 0 ? .last : .staleNFSFileHandle)
      return Self.readAborted
    }
    offset += count
    return count
  }

  /// Seeks, if libcurl has to send the body again.
  func seek(to position: Int, from origin: Int32) -> Int32 {
    guard origin == SEEK_SET, (0...size).contains(position) else { return CURL_SEEKFUNC_FAIL }
    offset = position
    return CURL_SEEKFUNC_OK
  }

  func keep(body bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    let buffer = UnsafeRawBufferPointer(start: bytes, count: count)
    excerpt += buffer.prefix(max(0, excerptLimit - excerpt.count))
    received += count
    stoppedReading = received > Self.bodyLimit
    return stoppedReading ? 0 : count
  }

  func keep(header bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    if line.hasPrefix("HTTP/") { headers = [:] }  // A proxy's answer, or "100 Continue", came before.
    guard let colon = line.firstIndex(of: ":") else { return count }
    let name = line[..<colon].lowercased()
    if Self.keptHeaders.contains(name) { headers[name] = line[line.index(after: colon)...].printableLine }
    return count
  }

  func answer(status: Int, redactedBy endpoint: Endpoint) -> HTTPAnswer {
    var text = endpoint.redact(String(decoding: excerpt, as: UTF8.self))
    if excerpt.count == excerptLimit {
      // The end of the excerpt may contain a part of a secret.
      text = String(decoding: text.utf8.dropLast(endpoint.longestRedaction), as: UTF8.self)
    }
    text = String(decoding: text.utf8.prefix(HTTPAnswer.excerptLimit), as: UTF8.self)
    return HTTPAnswer(
      status: status, retryAfter: headers["retry-after"], location: headers["location"],
      excerpt: text.printableLine)
  }
}

/// The answer of a receiver.
struct HTTPAnswer {
  let status: Int
  let retryAfter: String?
  let location: String?
  /// The start of the body: one printable line without secrets.
  let excerpt: String

  static let excerptLimit = 2048
}
