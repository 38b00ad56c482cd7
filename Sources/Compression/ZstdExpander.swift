internal import CZstd

/// Expands a zstd frame that arrives piece by piece, up to the size that it announces.
///
/// A few kilobytes can contain gigabytes of zeros, so the size is checked while a piece is expanded, not after it. The
/// memory that this takes is at most about 9 MB; frames that need more are refused as damaged.
public final class ZstdExpander {
  private let context: OpaquePointer
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: ZSTD_DStreamOutSize(), alignment: 16)
  private let size: Int64
  private var count: Int64 = 0
  private var hasEnded = false

  /// The logarithm of the largest window, in bytes. zstd's level 19 uses this one, and Flotilla less.
  private static let largestWindow: Int32 = 23

  /// How many bytes of a frame `contentSize` needs to see.
  public static let headerSize = 18

  /// How many bytes the frame that begins with `header` says it holds; nil if it doesn't, or if it is no frame.
  public static func contentSize(_ header: UnsafeRawBufferPointer) -> Int64? {
    let size = ZSTD_getFrameContentSize(header.baseAddress, header.count)
    guard size != flotilla_zstd_size_unknown(), size != flotilla_zstd_size_error() else { return nil }
    return Int64(exactly: size)
  }

  /// Starts a frame that holds exactly `size` bytes.
  ///
  /// - Throws: ``ZstdError`` if there is no memory.
  public init(size: Int64) throws(ZstdError) {
    guard let context = ZSTD_createDCtx() else {
      output.deallocate()
      throw ZstdError(code: .memory)
    }
    self.context = context
    self.size = size
    guard ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.largestWindow)) == 0 else {
      throw ZstdError(code: .memory)
    }
  }

  deinit {
    ZSTD_freeDCtx(context)
    output.deallocate()
  }

  /// Adds the next piece of the frame, and calls `body` with each part of its content.
  ///
  /// - Throws: ``ZstdError`` if it isn't zstd, is damaged, continues after its end, or expands to more than it should;
  ///   and what `body` throws.
  public func add(_ piece: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var input = ZSTD_inBuffer(src: piece.baseAddress, size: piece.count, pos: 0)
    var isFull = false
    while input.pos < input.size || isFull {
      guard !hasEnded else { throw ZstdError(code: .damaged) }
      var ready = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
      let rest = ZSTD_decompressStream(context, &ready, &input)
      guard ZSTD_isError(rest) == 0 else { throw ZstdError(code: .damaged) }
      count += Int64(ready.pos)
      guard count <= size else { throw ZstdError(code: .wrongSize) }
      if ready.pos > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<ready.pos])) }
      hasEnded = rest == 0
      // zstd may have more output than fits, with no input left.
      isFull = !hasEnded && ready.pos == ready.size
    }
  }

  /// Checks that the frame is complete.
  ///
  /// - Throws: ``ZstdError`` if a part is missing, or if it held less than it should.
  public func finish() throws(ZstdError) {
    guard hasEnded else { throw ZstdError(code: .damaged) }
    guard count == size else { throw ZstdError(code: .wrongSize) }
  }
}
