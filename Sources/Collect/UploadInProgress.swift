internal import Basics
internal import Compression
internal import Upload

/// A body on its way in: written to a file without a name and signed as it comes, so that it takes no memory.
public final class UploadInProgress: @unchecked Sendable {  // Nobody adds to it while it is read.
  let request: RequestHeaders
  private(set) var signature: WebhookSignature
  private(set) var count = 0
  /// Why the disk didn't take it.
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

  /// Takes the next bytes; those beyond the limit, and those after a failure, are counted and forgotten.
  public func add(_ bytes: ArraySlice<UInt8>) {
    count += bytes.count
    guard !isTooLarge, failure == nil else { return }
    signature.add(bytes)
    do throws(SystemError) { try file.write(bytes) } catch { failure = error }
  }

  /// Gives the report's text to `body`, piece by piece.
  ///
  /// - Returns: The whole as gzip: as it came, or compressed here.
  /// - Throws: `GzipError` where it is no gzip or holds more than the limit, and what `body` throws.
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
