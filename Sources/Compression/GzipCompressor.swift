internal import CZlib

/// Compresses bytes that arrive piece by piece to a gzip file. The same bytes always give the same file.
public final class GzipCompressor {
  private let stream: ZlibStream

  /// Starts a file.
  public init() throws(GzipError) {
    stream = try ZlibStream(begin: flotilla_zlib_begin_gzip, end: deflateEnd)
  }

  /// Adds the next piece.
  ///
  /// - Returns: the part of the file that is ready; often nothing.
  public func add(_ piece: ArraySlice<UInt8>) throws(GzipError) -> [UInt8] { try run(piece, Z_NO_FLUSH) }

  /// Ends the file. Nothing may be added afterwards.
  ///
  /// - Returns: the rest of the file.
  public func finish() throws(GzipError) -> [UInt8] { try run([], Z_FINISH) }

  /// Compresses bytes that are all in memory.
  public static func compress(_ bytes: [UInt8]) throws(GzipError) -> [UInt8] {
    let compressor = try GzipCompressor()
    return try compressor.add(bytes[...]) + compressor.finish()
  }

  private func run(_ piece: ArraySlice<UInt8>, _ flush: Int32) throws(GzipError) -> [UInt8] {
    var ready: [UInt8] = []
    try stream.feed(piece) { () throws(GzipError) in
      var isDone = false
      while !isDone {
        let (result, bytes) = stream.step { deflate($0, flush) }
        guard result != Z_STREAM_ERROR else { throw GzipError(code: .damaged) }
        ready += bytes
        isDone = flush == Z_FINISH ? result == Z_STREAM_END : !stream.filledItsOutput
      }
    }
    return ready
  }
}
