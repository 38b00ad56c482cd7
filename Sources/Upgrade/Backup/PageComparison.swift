internal import Glibc
internal import SQLite

/// Compares a copy with the pages of the database that it was made of, byte by byte.
///
/// Of the header, the fields that tell of the file and not of its content are left out
/// (https://sqlite.org/fileformat2.html#the_database_header): the format versions, which say whether a log is used;
/// the change counter; the schema cookie, which SQLite's backup raises; and who wrote last.
struct PageComparison {
  let pages: UnsafeRawBufferPointer
  var deadline: Deadline?

  private static let ofTheFile = [18..<20, 24..<28, 40..<44, 92..<100]

  /// What differs first in the file at `path`, in words; nil where nothing does.
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
