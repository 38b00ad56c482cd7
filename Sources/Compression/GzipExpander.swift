internal import CZlib

/// Expands one gzip file that comes piece by piece, and never to more than it was allowed.
///
/// A few kilobytes can hold gigabytes of zeros, so the limit is looked at while a piece is expanded, not after it.
public final class GzipExpander {
  private let stream: ZlibStream
  private let limit: Int
  private var count = 0
  private var hasEnded = false

  /// Begins with a file that may hold up to `limit` bytes.
  public init(limit: Int) throws(GzipError) {
    stream = try ZlibStream(begin: flotilla_zlib_begin_gunzip, end: inflateEnd)
    self.limit = limit
  }

  /// Takes the next piece of the file.
  /// - Returns: what it holds.
  /// - Throws: `GzipError` when it is no gzip, is damaged, has more behind its end, or holds too much.
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

  /// Looks whether the file came to its end.
  /// - Throws: `GzipError` when something is missing.
  public func finish() throws(GzipError) {
    guard hasEnded else { throw GzipError(code: .damaged) }
  }

  /// The content of a whole file.
  public static func expand(_ bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
    let expander = try GzipExpander(limit: limit)
    let content = try expander.add(bytes[...])
    try expander.finish()
    return content
  }
}
