internal import Glibc
internal import SQLite

/// Hashes a copy, and compares it byte by byte with the database that it was made from.
///
/// Only the format versions in the header are ignored, which say whether a log is used
/// (https://sqlite.org/fileformat2.html#file_format_version_numbers): the copy of a database in WAL mode uses none.
struct CopyComparison {
  /// The copy's file.
  let descriptor: Int32
  let path: String
  let image: DatabaseImage
  let deadline: Deadline
  /// Returns whether the page with this number may differ.
  var mayDiffer: (Int) -> Bool = { _ in false }

  private static let formatVersions = 18..<20

  /// Compares all of the copy.
  ///
  /// - Parameter body: called with each piece of the copy.
  /// - Returns: the first difference in words; nil if there is none.
  /// - Throws: what `body` throws; `LogFrames.Unreadable`, `SystemError`, `SQLiteError`.
  func firstDifference(_ body: (UnsafeRawBufferPointer) throws -> Void = { _ in }) throws -> String? {
    var difference: String?
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: image.bytesAtOnce, alignment: 4096)
    defer { buffer.deallocate() }
    try image.forEachPiece(by: deadline) { offset, piece in
      let mine = UnsafeMutableRawBufferPointer(rebasing: buffer[..<piece.count])
      guard readFully(descriptor, mine, at: offset) == piece.count else {
        difference = "its size"
        return false
      }
      if let page = differingPage(piece, mine, at: offset) { difference = difference ?? "page \(page)" }
      try body(UnsafeRawBufferPointer(mine))
      return true
    }
    if difference == nil, readFully(descriptor, buffer, at: image.bytes) != 0 { difference = "its size" }
    return difference
  }

  /// The first page of a piece that differs and may not; nil if there is none.
  private func differingPage(
    _ piece: UnsafeRawBufferPointer, _ copy: UnsafeMutableRawBufferPointer, at offset: Int
  ) -> Int? {
    guard !Self.areEqual(piece, copy, isFirst: offset == 0) else { return nil }
    return stride(from: 0, to: piece.count, by: image.pageSize).lazy.map { start in
      (page: (offset + start) / image.pageSize + 1, range: start..<min(start + image.pageSize, piece.count))
    }.first { page, range in
      let original = UnsafeRawBufferPointer(rebasing: piece[range])
      let copied = UnsafeMutableRawBufferPointer(rebasing: copy[range])
      return !Self.areEqual(original, copied, isFirst: page == 1) && !mayDiffer(page)
    }?.page
  }

  /// Whether the bytes of a database are those of its copy. `isFirst` says that they begin with the header.
  static func areEqual(
    _ original: UnsafeRawBufferPointer, _ copy: UnsafeMutableRawBufferPointer, isFirst: Bool
  ) -> Bool {
    guard original.count == copy.count, let mine = original.baseAddress, let theirs = copy.baseAddress else {
      return original.count == copy.count
    }
    guard isFirst else { return memcmp(mine, theirs, copy.count) == 0 }
    let (start, end) = (formatVersions.lowerBound, formatVersions.upperBound)
    return memcmp(mine, theirs, start) == 0 && memcmp(mine + end, theirs + end, copy.count - end) == 0
  }
}
