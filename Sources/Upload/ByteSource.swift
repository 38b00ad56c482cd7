package import Basics

/// Bytes from memory or from a file, which are read piece by piece.
protocol ByteSource {
  func size() throws(SystemError) -> Int
  /// Some bytes starting at `offset`; empty at the end.
  func bytes(at offset: Int) throws(SystemError) -> ArraySlice<UInt8>
}

extension [UInt8]: ByteSource {
  func size() -> Int { count }
  func bytes(at offset: Int) -> ArraySlice<UInt8> { self[offset...] }
}

extension OpenFile: ByteSource {}

extension OpenFile {
  /// Creates an empty file without a name in the folder of `neighbour`.
  package convenience init(temporaryBeside neighbour: String) throws(SystemError) {
    try self.init(temporaryIn: parentFolder(of: neighbour), prefix: Folder.temporaryPrefix)
  }
}

extension ByteSource {
  /// Whether both sources contain the same bytes.
  func hasSameBytes(as other: some ByteSource) throws(SystemError) -> Bool {
    guard try size() == other.size() else { return false }
    var offset = 0
    while true {
      let ours = try bytes(at: offset)
      let theirs = try other.bytes(at: offset)
      let count = min(ours.count, theirs.count)
      guard ours.prefix(count).elementsEqual(theirs.prefix(count)) else { return false }
      guard count > 0 else { return ours.isEmpty && theirs.isEmpty }
      offset += count
    }
  }
}
