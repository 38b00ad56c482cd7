internal import Basics
internal import Glibc
internal import Migrations
internal import SQLite
internal import SystemPackage

/// The content that SQLite's backup API has written into a live file.
///
/// SQLite releases the lock when it completes a copy, so an application may have written since. A difference can then be
/// the application's own write. In that case it is verified that the file is sound and has the intended history.
struct WrittenContent {
  /// A connection to the live file, without a transaction.
  let database: Connection
  /// The file whose content was written, and a connection to it.
  let sourcePath: String
  let source: Connection
  /// `PRAGMA data_version` before the content was written.
  let dataVersion: Value?
  let busyTimeout: Duration
  let deadline: Deadline

  /// Compares the content with that of the source.
  ///
  /// - Parameters:
  ///   - table: the table whose history has to be the same even if others have written.
  ///   - subject: what was written, for messages.
  /// - Returns: what differs; nil if nothing does, or if what others wrote explains it.
  /// - Throws: `Failure` with code `corrupt` if the live file is damaged; `SQLiteError`, `SystemError`.
  func difference(_ table: any HistoryTable, _ subject: String) throws -> String? {
    let live = try database.liveFile()
    let snapshot = try Snapshot(database.resolvedPath, live, busyTimeout: busyTimeout, deadline: deadline)
    defer { snapshot.end() }
    let image = try DatabaseImage(
      of: snapshot.connection, in: live, seeing: snapshot.log, by: deadline)
    guard let difference = try firstDifference(image) else { return nil }
    let isChangedByOthers = try database.scalar("PRAGMA data_version") != dataVersion
    guard isChangedByOthers, try table.read(snapshot.connection) == table.read(source) else {
      return difference
    }
    try BackupWriter.checkIntegrity(snapshot.connection, "integrity_check", of: subject)
    return nil
  }

  /// The first difference between the live content and the source, in words.
  private func firstDifference(_ image: DatabaseImage) throws -> String? {
    let file = try OpenFile(reading: sourcePath)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: image.bytesAtOnce, alignment: 4096)
    defer { buffer.deallocate() }
    var difference: String?
    try image.forEachPiece(by: deadline) { offset, piece in
      let theirs = UnsafeMutableRawBufferPointer(rebasing: buffer[..<piece.count])
      if readFully(file.descriptor.rawValue, theirs, at: offset) != piece.count {
        difference = "its size"
      } else if !areEqual(piece, UnsafeRawBufferPointer(theirs), at: offset, image.pageSize) {
        difference = "a page between bytes \(offset) and \(offset + piece.count)"
      }
      return difference == nil
    }
    if difference == nil, readFully(file.descriptor.rawValue, buffer, at: image.bytes) != 0 {
      difference = "its size"
    }
    return difference
  }

  /// The parts of the header that describe the file and not its content: the format versions, which say whether a log
  /// is used; the change counter; the schema cookie, which SQLite's backup increments; and the version of the last
  /// writer (https://sqlite.org/fileformat2.html#the_database_header).
  private static let ofTheFile = [18..<20, 24..<28, 40..<44, 92..<100]
  /// The page with this byte is used for locks alone, and never copied.
  private static let lockByte = 1 << 30

  private func areEqual(
    _ live: UnsafeRawBufferPointer, _ source: UnsafeRawBufferPointer, at offset: Int, _ pageSize: Int
  ) -> Bool {
    var ignored = offset == 0 ? Self.ofTheFile : []
    if (offset..<offset + live.count).contains(Self.lockByte) {
      ignored.append(Self.lockByte - offset..<Self.lockByte - offset + pageSize)
    }
    var start = 0
    for range in ignored + [live.count..<live.count] {
      let mine = UnsafeRawBufferPointer(rebasing: live[start..<range.lowerBound])
      let theirs = UnsafeRawBufferPointer(rebasing: source[start..<range.lowerBound])
      if let one = mine.baseAddress, let other = theirs.baseAddress, memcmp(one, other, mine.count) != 0 {
        return false
      }
      start = range.upperBound
    }
    return true
  }
}
