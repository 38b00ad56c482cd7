internal import Glibc
internal import SQLite

/// Compares a copy, byte by byte, with the pages of the database that it was made from.
///
/// Header fields that describe the file and not its content are ignored
/// (https://sqlite.org/fileformat2.html#the_database_header): the format versions, which say whether a log is used; the
/// change counter; the schema cookie, which SQLite's backup increments; and the version of the last writer.
struct PageComparison {
  let pages: UnsafeRawBufferPointer
  var deadline: Deadline?

  private static let ofTheFile = [18..<20, 24..<28, 40..<44, 92..<100]

  /// The first difference in the file at `path`, in words; nil if there is none.
  func firstDifference(in path: String) throws -> String? {
    var offset = 0
    var difference: String?
    try FileDigest.read(path, by: deadline) { chunk in
      guard offset + chunk.count <= pages.count else {
        difference = "its size"
        return false
      }
      if !equal(chunk, at: offset) {
        difference = "a page between bytes \(offset) and \(offset + chunk.count)"
      }
      offset += chunk.count
      return difference == nil
    }
    return difference ?? (offset == pages.count ? nil : "its size")
  }

  private func equal(_ chunk: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    var start = 0
    if offset == 0 {
      start = min(100, chunk.count)
      let isOfTheFile = { (place: Int) in Self.ofTheFile.contains { $0.contains(place) } }
      guard (0..<start).allSatisfy({ isOfTheFile($0) || chunk[$0] == pages[$0] }) else { return false }
    }
    guard start < chunk.count, let mine = chunk.baseAddress, let theirs = pages.baseAddress else {
      return true
    }
    return memcmp(mine + start, theirs + offset + start, chunk.count - start) == 0
  }
}
