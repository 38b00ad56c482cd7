internal import Basics
internal import Compression
internal import Upload

/// A body that is being received. It is written to an unnamed file and signed as it arrives, so it takes no memory.
public final class UploadInProgress: @unchecked Sendable {  // It is never added to while it is read.
  let request: RequestHeaders
  private(set) var signature: WebhookSignature
  private(set) var count = 0
  /// Why the body could not be written to disk.
  private(set) var failure: SystemError?
  private let file: OpenFile
  private let limit: Int

  init(_ request: RequestHeaders, _ file: OpenFile, _ authorizer: RequestAuthorizer, limit: Int) {
    self.request = request
    self.file = file
    self.limit = limit
    signature = authorizer.signature(of: request)
  }

  var isTooLarge: Bool { count > limit }

  /// Adds the next bytes. Bytes beyond the limit or after a failure are counted and dropped.
  public func add(_ bytes: ArraySlice<UInt8>) {
    count += bytes.count
    guard !isTooLarge, failure == nil else { return }
    signature.add(bytes)
    do throws(SystemError) { try file.write(bytes) } catch { failure = error }
  }

  /// Passes the report's text to `body`, piece by piece.
  ///
  /// - Returns: The whole text as gzip: as it was received, or compressed here.
  /// - Throws: `GzipError` if it isn't gzip or expands beyond the limit; what `body` throws.
  func content(_ body: (ArraySlice<UInt8>) throws -> Void) throws -> [UInt8] {
    var compressed: [UInt8] = []
    if request.encoding == "gzip" {
      let expander = try GzipExpander(limit: limit)
      try file.forEachChunk { chunk in
        compressed += chunk
        try body(expander.add(chunk)[...])
      }
      try expander.finish()
    } else {
      let compressor = try GzipCompressor()
      try file.forEachChunk { chunk in
        compressed += try compressor.add(chunk)
        try body(chunk)
      }
      compressed += try compressor.finish()
    }
    return compressed
  }
}
