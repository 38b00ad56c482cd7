internal import CZlib

/// A zlib stream and its output buffer. The stream must not move in memory.
final class ZlibStream {
  private let stream: UnsafeMutablePointer<z_stream>
  private let end: (UnsafeMutablePointer<z_stream>?) -> Int32
  private var output = [UInt8](repeating: 0, count: 64 * 1024)

  init(
    begin: (UnsafeMutablePointer<z_stream>?) -> Int32,
    end: @escaping (UnsafeMutablePointer<z_stream>?) -> Int32
  ) throws(GzipError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    self.end = end
    guard begin(stream) == Z_OK else { throw GzipError(code: .memory) }
  }

  deinit {
    _ = end(stream)
    stream.deallocate()
  }

  /// Whether the last step filled the output buffer, so that there may be more output.
  var filledItsOutput: Bool { stream.pointee.avail_out == 0 }

  /// Whether the whole piece was read.
  var tookItsInput: Bool { stream.pointee.avail_in == 0 }

  /// Makes a piece the input of the steps in `body`.
  func feed(_ piece: ArraySlice<UInt8>, _ body: () throws(GzipError) -> Void) throws(GzipError) {
    // zlib takes a mutable pointer, but only reads from it.
    var input = Array(piece)
    var failure: GzipError?
    input.withUnsafeMutableBufferPointer { buffer in
      stream.pointee.next_in = buffer.baseAddress
      stream.pointee.avail_in = UInt32(buffer.count)
      do { try body() } catch { failure = error as? GzipError ?? GzipError(code: .damaged) }
      stream.pointee.next_in = nil
      stream.pointee.avail_in = 0
    }
    if let failure { throw failure }
  }

  /// Makes one call of zlib, and returns its result and output.
  func step(_ call: (UnsafeMutablePointer<z_stream>) -> Int32) -> (result: Int32, bytes: ArraySlice<UInt8>) {
    let (result, count) = output.withUnsafeMutableBufferPointer { buffer in
      stream.pointee.next_out = buffer.baseAddress
      stream.pointee.avail_out = UInt32(buffer.count)
      let result = call(stream)
      return (result, buffer.count - Int(stream.pointee.avail_out))
    }
    return (result, output[..<count])
  }
}
