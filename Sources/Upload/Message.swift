internal import Compression
import Glibc

/// The bytes of one upload, the same for each of its attempts.
struct Message {
  /// A body up to this size is sent as it is.
  static let compressionThreshold = 8 * 1024

  let id: String
  let file: FileDescriptor
  let isCompressed: Bool

  /// Takes a report as it is, or a compressed copy in a file without a name beside it.
  ///
  /// Where the disk doesn't take the copy, the report is sent as it is: that it arrives counts for more.
  init(id: String, report: FileDescriptor, compresses: Bool) throws(SystemError) {
    self.id = id
    let size = try report.size()
    let copy = compresses && size > Self.compressionThreshold ? Self.compressed(report) : nil
    file = copy ?? report
    isCompressed = copy != nil
  }

  private static func compressed(_ report: FileDescriptor) -> FileDescriptor? {
    do {
      let copy = try FileDescriptor(temporaryBeside: report.path)
      let compressor = try GzipCompressor()
      try report.forEachChunk { chunk in try copy.write(compressor.add(chunk)[...]) }
      try copy.write(compressor.finish()[...])
      return copy
    } catch {
      return nil
    }
  }

  /// The signatures of the message as it will be sent at that time.
  func signature(timestamp: Int, secrets: [SigningSecret]) throws -> String {
    var signature = WebhookSignature(id: id, timestamp: "\(timestamp)", secrets: secrets)
    try file.forEachChunk { signature.add($0) }
    return signature.header
  }
}
