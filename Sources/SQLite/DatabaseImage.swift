public import Basics
internal import CSQLite
internal import Glibc

/// The bytes of a database as a transaction sees them: the pages of its file, and over them those of its log.
///
/// ```swift
/// let live = try LiveFile(database.resolvedPath)
/// try database.execute("BEGIN IMMEDIATE")
/// let image = try DatabaseImage(of: database, in: live, by: deadline)
/// try image.forEachPiece(by: deadline) { offset, bytes in print(offset, bytes.count); return true }
/// ```
///
/// An image is valid as long as the transaction, or another one that sees the same, is open and writes nothing. See
/// also ``Snapshot`` and ``LogFrames``.
public struct DatabaseImage: Sendable {
  /// The size of the database in pages.
  public let pages: Int
  /// The page size in bytes.
  public let pageSize: Int
  /// The state of the log; nil outside WAL mode.
  public let log: LogState?
  /// What a commit changes outside WAL mode.
  private let counters: [UInt8]
  private let live: LiveFile
  private let frames: LogFrames?
  /// The pages that are in the log and may not be in the file, in order, with their frames.
  private let overlay: [(page: Int, frame: Int)]

  private static let pieceSize = 1 << 20

  /// How many bytes `forEachPiece` hands over at most.
  public var bytesAtOnce: Int { min(max(Self.pieceSize, pageSize), max(bytes, pageSize)) }

  /// The size of the database in bytes.
  public var bytes: Int { pages * pageSize }

  /// Finds the pages that the transaction of `connection` sees.
  ///
  /// - Parameters:
  ///   - connection: a connection that holds the write lock, or on which a ``Snapshot`` is open.
  ///   - live: the database's file.
  ///   - log: what the transaction sees of the log; nil for all of it, if the connection holds the write lock.
  ///   - deadline: when to stop.
  /// - Throws: `LogFrames.Unreadable` if the log isn't what its index says; `SystemError`; `SQLiteError`.
  public init(
    of connection: Connection, in live: LiveFile, seeing log: LogState? = nil, by deadline: Deadline
  ) throws {
    self.live = live
    let header = try FileHeader(live)
    counters = header.counters
    let log = try header.isWAL ? log ?? connection.logState() : nil
    self.log = log
    pageSize = header.pageSize
    pages = try log.flatMap { $0.frames > 0 ? $0.pages : nil } ?? header.pages ?? live.size() / pageSize
    // If everything was copied to the file, a new log may have begun, and this one may be gone.
    guard let log, log.copied < log.frames else {
      (frames, overlay) = (nil, [])
      return
    }
    let frames = try LogFrames(beside: connection.resolvedPath, pageSize: log.pageSize)
    self.frames = frames
    overlay = try frames.pages(after: nil, upTo: log, by: deadline).filter { $0.key <= log.pages }
      .sorted { $0.key < $1.key }.map { (page: $0.key, frame: $0.value) }
  }

  /// The bytes of a file alone, without those of its log.
  ///
  /// - Parameters:
  ///   - live: the database's file.
  ///   - pages: the size of the database in pages.
  /// - Throws: `SystemError`, `SQLiteError`.
  public init(fileAlone live: LiveFile, pages: Int) throws {
    let header = try FileHeader(live)
    (self.live, self.pages, pageSize) = (live, pages, header.pageSize)
    (log, frames, overlay, counters) = (nil, nil, [], header.counters)
  }

  /// Whether the counters in the header are as they were; false in WAL mode. The caller holds the write lock.
  public func isCurrent() throws -> Bool {
    let header = try FileHeader(live)
    return log == nil && !header.isWAL && header.counters == counters
  }

  /// Calls `body` with each piece of up to 1 MB in order and its offset, until `body` returns false.
  ///
  /// - Parameters:
  ///   - offsets: the offsets of the pieces to read; nil for all.
  ///   - deadline: when to stop.
  ///   - body: called with each piece.
  /// - Throws: what `body` throws; `LogFrames.Unreadable`; `SystemError`; `SQLiteError` with code `.interrupt` if the
  ///   deadline passes.
  public func forEachPiece(
    of offsets: Set<Int>? = nil, by deadline: Deadline, _ body: (Int, UnsafeRawBufferPointer) throws -> Bool
  ) throws {
    let size = bytesAtOnce
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
    defer { buffer.deallocate() }
    var next = 0
    for offset in stride(from: 0, to: bytes, by: size) {
      try deadline.check()
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(size, bytes - offset)])
      let isWanted = offsets?.contains(offset) ?? true
      if isWanted { try live.read(piece, at: offset) }
      while let frames, next < overlay.count, (overlay[next].page - 1) * pageSize < offset + piece.count {
        let start = (overlay[next].page - 1) * pageSize - offset
        if isWanted {
          try frames.read(
            overlay[next].frame,
            into: UnsafeMutableRawBufferPointer(rebasing: piece[start..<start + pageSize]))
        }
        next += 1
      }
      guard isWanted else { continue }
      guard try body(offset, UnsafeRawBufferPointer(piece)) else { return }
    }
  }

  /// Writes the bytes of the database's file into an empty file, without those of the log.
  ///
  /// Where the file system can, the blocks are shared with the database's file, or copied within the kernel.
  /// - Parameters:
  ///   - file: the file to write.
  ///   - path: its path, for messages.
  ///   - isPaced: whether to write no faster than the disk does. Otherwise the syncs of others have to wait until all of
  ///     the copy is on disk.
  ///   - deadline: when to stop.
  ///   - body: called now and then.
  /// - Throws: what `body` throws; `SystemError`; `SQLiteError` with code `.interrupt` if the deadline passes.
  public func writeFile(
    to file: Int32, at path: String, isPaced: Bool = false, by deadline: Deadline,
    _ body: () throws -> Void = {}
  ) throws {
    let length = try min(bytes, live.size())
    var offset = 0
    var (written, begun) = (0, 0)
    while offset < length {
      try deadline.check()
      let count = flotilla_copy_range(live.descriptor, file, offset, min(length - offset, 8 << 20))
      if count < 0, errno == EINTR { continue }
      // Not all file systems can, and not all pairs of them.
      guard count > 0 else { break }
      offset += count
      if isPaced {
        flotilla_begin_writing(file, begun, offset - begun)
        if begun > written { flotilla_finish_writing(file, written, begun - written) }
        (written, begun) = (begun, offset)
      }
      try body()
    }
    try copy(from: offset, to: file, path, length, by: deadline, body)
    guard ftruncate(file, bytes) == 0 else { throw SystemError(call: "ftruncate", path: path) }
  }

  private func copy(
    from start: Int, to file: Int32, _ path: String, _ length: Int, by deadline: Deadline,
    _ body: () throws -> Void
  ) throws {
    guard start < length else { return }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytesAtOnce, alignment: 4096)
    defer { buffer.deallocate() }
    for offset in stride(from: start, to: length, by: buffer.count) {
      try deadline.check()
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, length - offset)])
      try live.read(piece, at: offset)
      try writeFully(file, UnsafeRawBufferPointer(piece), at: offset, path)
      try body()
    }
  }
}

/// Writes all bytes of the buffer at `offset`.
///
/// - Throws: `SystemError`.
public func writeFully(
  _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, _ path: String
) throws(SystemError) {
  var done = 0
  while done < bytes.count {
    let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, offset + done)
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { throw SystemError(call: "write", path: path) }
    done += count
  }
}

/// The fields of a database's header that say where its content is.
struct FileHeader {
  let pageSize: Int
  let isWAL: Bool
  /// The size of the database in pages; nil if the header doesn't say, and the size of the file tells.
  let pages: Int?
  /// The change counter, the size, and the free pages: by these bytes SQLite itself tells that somebody else has
  /// committed, outside WAL mode (https://sqlite.org/fileformat2.html#file_change_counter).
  let counters: [UInt8]

  init(_ live: LiveFile) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 8)
    defer { buffer.deallocate() }
    try live.read(buffer, at: 0)
    let bytes = PageBytes(UnsafeRawBufferPointer(buffer))
    counters = Array(buffer[24..<40])
    let stored = bytes.number(16, bytes: 2) ?? 0
    pageSize = stored == 1 ? 65536 : stored
    guard pageSize >= 512, pageSize.nonzeroBitCount == 1 else {
      throw SQLiteError(code: .notADatabase, message: "file is not a database")
    }
    isWAL = bytes.byte(18) == 2 || bytes.byte(19) == 2
    let count = bytes.number(28, bytes: 4) ?? 0
    // Versions of SQLite before 3.7 don't keep the field up to date, nor the one that says for which change it is valid.
    pages = count > 0 && bytes.number(24, bytes: 4) == bytes.number(92, bytes: 4) ? count : nil
  }
}
