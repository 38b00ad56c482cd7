internal import CZstd

/// Compresses bytes of a known size, which arrive piece by piece, to one zstd frame.
///
/// The frame holds the size and a checksum of its content. The memory that this takes doesn't depend on the size: a few
/// megabytes. The same bytes always give the same frame.
public final class ZstdCompressor {
  private let context: OpaquePointer
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 16)

  /// zstd's own default; higher levels take much longer for a few percent.
  private static let level: Int32 = 3

  /// Starts a frame for `size` bytes.
  ///
  /// - Throws: ``ZstdError`` if there is no memory.
  public init(size: Int64) throws(ZstdError) {
    guard let context = ZSTD_createCCtx() else {
      output.deallocate()
      throw ZstdError(code: .memory)
    }
    self.context = context
    let results = [
      ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Self.level),
      ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1),
      ZSTD_CCtx_setPledgedSrcSize(context, UInt64(max(size, 0))),
    ]
    guard results.allSatisfy({ ZSTD_isError($0) == 0 }) else { throw ZstdError(code: .memory) }
  }

  deinit {
    ZSTD_freeCCtx(context)
    output.deallocate()
  }

  /// Adds the next piece, and calls `body` with each part of the frame that is ready.
  ///
  /// - Throws: ``ZstdError``, and what `body` throws.
  public func add(_ piece: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var input = ZSTD_inBuffer(src: piece.baseAddress, size: piece.count, pos: 0)
    while input.pos < input.size { _ = try step(&input, ZSTD_e_continue, body) }
  }

  /// Ends the frame, and calls `body` with the rest of it. Nothing may be added afterwards.
  ///
  /// - Throws: ``ZstdError``, with code `wrongSize` if less was added than announced, and what `body` throws.
  public func finish(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var input = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
    while try step(&input, ZSTD_e_end, body) > 0 {}
  }

  /// Makes one call of zstd, and returns how much of the frame is still to come, as far as zstd knows.
  private func step(
    _ input: inout ZSTD_inBuffer, _ operation: ZSTD_EndDirective,
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Int {
    var ready = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    let rest = ZSTD_compressStream2(context, &ready, &input, operation)
    // The parameters are valid, so the only mistake left to make is another size than the announced one.
    guard ZSTD_isError(rest) == 0 else { throw ZstdError(code: .wrongSize) }
    if ready.pos > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<ready.pos])) }
    return rest
  }
}
