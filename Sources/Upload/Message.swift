internal import Basics
internal import Compression

/// The content of one upload, which is the same for all of its attempts.
struct Message {
  /// The size in bytes up to which a body is sent uncompressed.
  static let compressionThreshold = 8 * 1024

  let id: String
  let file: OpenFile
  let isCompressed: Bool
  /// Why a compressed copy could not be made; nil if it was made or isn't wanted.
  let compressionTrouble: String?

  /// Uses a report as it is, or a compressed copy in an unnamed file beside it.
  ///
  /// If the disk doesn't take the copy, the report is sent uncompressed: delivery is more important.
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

  /// The signatures of the message for an attempt at this time.
  func signature(timestamp: Int, secrets: [SigningSecret]) throws -> String {
    var signature = WebhookSignature(id: id, timestamp: "\(timestamp)", secrets: secrets)
    try file.forEachChunk { signature.add($0) }
    return signature.header
  }
}
