internal import CZlib

/// Expands a gzip file that arrives piece by piece, up to a limit.
///
/// A few kilobytes can contain gigabytes of zeros, so the limit is checked while a piece is expanded, not after it.
public final class GzipExpander {
  private let stream: ZlibStream
  private let limit: Int
  private var count = 0
  private var hasEnded = false

  /// Starts a file that may expand to at most `limit` bytes.
  public init(limit: Int) throws(GzipError) {
    stream = try ZlibStream(begin: flotilla_zlib_begin_gunzip, end: inflateEnd)
    self.limit = limit
  }

  /// Adds the next piece of the file.
  ///
  /// - Returns: its expanded content.
  /// - Throws: ``GzipError`` if it isn't gzip, is damaged, continues after its end, or expands beyond the limit.
  public func add(_ piece: ArraySlice<UInt8>) throws(GzipError) -> [UInt8] {
    guard !piece.isEmpty else { return [] }
    guard !hasEnded else { throw GzipError(code: .damaged) }
    var expanded: [UInt8] = []
    try stream.feed(piece) { () throws(GzipError) in
      repeat {
        let (result, bytes) = stream.step { inflate($0, Z_NO_FLUSH) }
        guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
          throw GzipError(code: result == Z_MEM_ERROR ? .memory : .damaged)
        }
        count += bytes.count
        guard count <= limit else { throw GzipError(code: .tooLarge) }
        expanded += bytes
        hasEnded = result == Z_STREAM_END
      } while !hasEnded && stream.filledItsOutput
      guard !hasEnded || stream.tookItsInput else { throw GzipError(code: .damaged) }
    }
    return expanded
  }

  /// Checks that the file is complete.
  ///
  /// - Throws: ``GzipError`` if a part is missing.
  public func finish() throws(GzipError) {
    guard hasEnded else { throw GzipError(code: .damaged) }
  }

  /// Expands a whole file.
  public static func expand(_ bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
    let expander = try GzipExpander(limit: limit)
    let content = try expander.add(bytes[...])
    try expander.finish()
    return content
  }
}
