internal import Glibc

/// Reads the pages of a log (WAL) that were committed between two of its states.
///
/// Each frame has the salts of the log and a running checksum (https://sqlite.org/fileformat2.html#walformat). All of
/// them are checked, so that the result is what SQLite would read, or an error. The log file itself has no locks that
/// closing it could drop.
public final class LogFrames: Sendable {
  /// The log doesn't match its index, or has begun anew, so the changed pages are unknown.
  public struct Unreadable: Error, Hashable, CustomStringConvertible {
    /// The reason, as a sentence about the log.
    public let description: String

    init(_ description: String) { self.description = description }
  }

  private let descriptor: Int32
  private let pageSize: Int
  private static let headerSize = 32
  private static let frameHeaderSize = 24

  /// Opens the log of the database at `path`.
  ///
  /// - Parameters:
  ///   - path: the database's path without symbolic links.
  ///   - pageSize: the page size in bytes.
  /// - Throws: `Unreadable` if there is no log.
  public init(beside path: String, pageSize: Int) throws(Unreadable) {
    descriptor = open(path + "-wal", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    self.pageSize = pageSize
    guard descriptor >= 0 else { throw Unreadable("the log can't be opened") }
  }

  deinit { close(descriptor) }

  /// The last frame of each page that was committed after `start`.
  ///
  /// The caller keeps a transaction open that sees `start`, if there is one, so that the frames stay where they are.
  /// - Parameters:
  ///   - start: the state at the beginning; nil for the beginning of the log.
  ///   - end: the state at the end.
  ///   - deadline: when to stop.
  /// - Returns: the number of the frame by page. Some pages may be beyond the end of the database.
  /// - Throws: `Unreadable`; `SQLiteError` with code `.interrupt` if the deadline passes.
  public func pages(after start: LogState?, upTo end: LogState, by deadline: Deadline) throws -> [Int: Int] {
    var first = 0
    var checksum = try beginning(of: end)
    if let start {
      guard let common = start.framesInCommon(with: end) else {
        throw Unreadable("the log has begun anew")
      }
      if common > 0 { (first, checksum.sum) = (common, start.checksum) }
    }
    var pages: [Int: Int] = [:]
    let size = Self.frameHeaderSize + pageSize
    let most = max(1, (1 << 20) / size)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: most * size, alignment: 16)
    defer { buffer.deallocate() }
    while first < end.frames {
      try deadline.check()
      let count = min(most, end.frames - first)
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(count * size)])
      try read(part, at: Self.headerSize + first * size)
      for index in 0..<count {
        let frame = UnsafeRawBufferPointer(rebasing: part[(index * size)..<((index + 1) * size)])
        let page = try page(of: frame, end, &checksum)
        pages[page] = first + index + 1
      }
      first += count
    }
    guard end.frames == 0 || checksum.sum == end.checksum else {
      throw Unreadable("the log's last checksum is not that of its index")
    }
    return pages
  }

  /// Reads the page in a frame, numbered from 1.
  ///
  /// - Throws: `Unreadable`.
  public func read(_ frame: Int, into page: UnsafeMutableRawBufferPointer) throws(Unreadable) {
    try read(
      page, at: Self.headerSize + (frame - 1) * (Self.frameHeaderSize + pageSize) + Self.frameHeaderSize)
  }

  private typealias Running = (sum: LogChecksum, isBigEndian: Bool)

  /// The checksum before the first frame.
  private func beginning(of state: LogState) throws(Unreadable) -> Running {
    guard state.frames > 0 else { return (LogChecksum(0, 0), false) }
    let header = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.headerSize, alignment: 8)
    defer { header.deallocate() }
    try read(header, at: 0)
    let bytes = PageBytes(UnsafeRawBufferPointer(header))
    guard let magic = bytes.number(0, bytes: 4), magic & ~1 == 0x377f_0682,
      bytes.number(4, bytes: 4) == 3_007_000, bytes.number(8, bytes: 4) == pageSize,
      bytes.number(16, bytes: 4) == Int(state.salt.0), bytes.number(20, bytes: 4) == Int(state.salt.1)
    else { throw Unreadable("the log is not the one that its index describes") }
    var running = (sum: LogChecksum(0, 0), isBigEndian: magic & 1 == 1)
    running.sum.add(UnsafeRawBufferPointer(rebasing: header[..<24]), isBigEndian: running.isBigEndian)
    guard bytes.number(24, bytes: 4) == Int(running.sum.first),
      bytes.number(28, bytes: 4) == Int(running.sum.second)
    else { throw Unreadable("the checksum of the log's header is wrong") }
    return running
  }

  /// The number of the page in a frame, whose salts and checksum are checked.
  private func page(
    of frame: UnsafeRawBufferPointer, _ state: LogState, _ running: inout Running
  ) throws(Unreadable) -> Int {
    let header = PageBytes(UnsafeRawBufferPointer(rebasing: frame[..<Self.frameHeaderSize]))
    guard let page = header.number(0, bytes: 4), page > 0, header.number(8, bytes: 4) == Int(state.salt.0),
      header.number(12, bytes: 4) == Int(state.salt.1)
    else { throw Unreadable("a frame is not from this log") }
    running.sum.add(UnsafeRawBufferPointer(rebasing: frame[..<8]), isBigEndian: running.isBigEndian)
    running.sum.add(
      UnsafeRawBufferPointer(rebasing: frame[Self.frameHeaderSize...]), isBigEndian: running.isBigEndian)
    guard header.number(16, bytes: 4) == Int(running.sum.first),
      header.number(20, bytes: 4) == Int(running.sum.second)
    else { throw Unreadable("the checksum of a frame is wrong") }
    return page
  }

  private func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(Unreadable) {
    guard readFully(descriptor, buffer, at: offset) == buffer.count else {
      throw Unreadable("the log is shorter than its index says")
    }
  }
}

/// Reads at `offset` until the buffer is full or the file ends.
///
/// - Returns: the number of bytes; -1 if the file can't be read.
public func readFully(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
  var done = 0
  while done < buffer.count {
    let count = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, offset + done)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { return -1 }
    guard count > 0 else { break }
    done += count
  }
  return done
}
