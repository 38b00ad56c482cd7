internal import Basics
internal import Compression

/// The bytes of one upload, the same for each of its attempts.
struct Message {
  /// A body up to this size is sent as it is.
  static let compressionThreshold = 8 * 1024

  let id: String
  let file: OpenFile
  let isCompressed: Bool
  /// Why there is no compressed copy though there should be one.
  let compressionTrouble: String?

  /// Takes a report as it is, or a compressed copy in a file without a name beside it.
  ///
  /// Where the disk doesn't take the copy, the report is sent as it is: that it arrives counts for more.
  init(id: String, report: OpenFile, compresses: Bool) throws(SystemError) {
    self.id = id
    let size = try report.size()
    guard compresses, size > Self.compressionThreshold else {
      (file, isCompressed, compressionTrouble) = (report, false, nil)
      return
    }
    do {
      (file, isCompressed, compressionTrouble) = (try Self.compressed(report), true, nil)
    } catch {
      (file, isCompressed, compressionTrouble) = (report, false, "\(error)")
    }
  }

  private static func compressed(_ report: OpenFile) throws -> OpenFile {
    let copy = try OpenFile(temporaryBeside: report.path)
    let compressor = try GzipCompressor()
    try report.forEachChunk { chunk in try copy.write(compressor.add(chunk)) }
    try copy.write(compressor.finish())
    return copy
  }

  /// The signatures of the message as it will be sent at that time.
  func signature(timestamp: Int, secrets: [SigningSecret]) throws -> String {
    var signature = WebhookSignature(id: id, timestamp: "\(timestamp)", secrets: secrets)
    try file.forEachChunk { signature.add($0) }
    return signature.header
  }
}
