internal import Glibc

/// Reads the tables of a database file at rest from its pages, without SQLite.
///
/// ```swift
/// let file = try DatabaseFile.inspect(path).get()
/// guard let pages = DatabasePages(path, file) else { return nil }
/// var count = 0
/// let isComplete = pages.forEachRow(from: 1) { _ in  // sqlite_schema
///   count += 1
///   return true
/// }
/// return isComplete && pages.isUnchanged(at: path) ? count : nil
/// ```
///
/// SQLite parses the whole schema before it reads the first row, which is most of the work for a small query. This type
/// reads only rows as defined in https://sqlite.org/fileformat2.html: no indexes, no WITHOUT ROWID tables, no text
/// except UTF-8. It gives up if the file is not at rest, or anything is unusual or inconsistent. The caller then asks
/// SQLite with a ``Connection``. No content makes it crash or loop forever.
///
/// Closing a file drops all POSIX locks that this process holds on it, so use this type only while no connection of
/// this process has the file open. See also ``DatabaseFile`` and ``StoredRow``.
public final class DatabasePages {
  /// The number of pages. The first page has number 1.
  public let count: Int
  let usable: Int
  private let size: Int
  private let file: DatabaseFile
  private let descriptor: Int32
  /// The beginning of the file, read at once. For a small database, it usually contains all the pages that are needed.
  private let head: UnsafeMutableRawBufferPointer
  private let buffers: [UnsafeMutableRawBufferPointer]

  /// Opens the file at `path`; nil if the file may be in use, isn't the one that `file` describes, or has an unusual
  /// header.
  ///
  /// - Parameters:
  ///   - path: the path of the file.
  ///   - file: the result of inspecting the path.
  public init?(_ path: String, _ file: DatabaseFile) {
    guard file.isSettled, !file.hasLog, !DatabaseFile.isFilled(beside: path, "-journal") else { return nil }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    let size = file.pageSize
    let window = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Int(min(file.bytes, 65536)), alignment: 8)
    guard Self.isSame(descriptor, file), !Self.isLocked(descriptor), Self.read(descriptor, window, at: 0),
      let header = Header(PageBytes(UnsafeRawBufferPointer(window)), file)
    else {
      window.deallocate()
      Glibc.close(descriptor)
      return nil
    }
    self.file = file
    self.descriptor = descriptor
    self.size = size
    count = header.pages
    usable = header.usable
    head = window
    buffers = (0..<2).map { _ in .allocate(byteCount: size, alignment: 8) }
  }

  deinit {
    head.deallocate()
    for buffer in buffers { buffer.deallocate() }
    Glibc.close(descriptor)
  }

  /// Whether everything that was read is consistent: the file at `path` is still the same, unchanged, and at rest.
  public func isUnchanged(at path: String) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 100, alignment: 8) { again in
      Self.read(descriptor, again, at: 0) && head.prefix(100).elementsEqual(again)
    } && !Self.isLocked(descriptor) && file.isUnchanged(at: path)
      && !DatabaseFile.isFilled(beside: path, "-journal")
  }

  /// One page, valid until the same buffer is used again; nil if there is no such page or it can't be read.
  func page(_ number: Int, in buffer: Int) -> PageBytes? {
    guard number >= 1, number <= count, buffer < buffers.count else { return nil }
    let offset = (number - 1) * size
    if offset + size <= head.count {
      return PageBytes(UnsafeRawBufferPointer(rebasing: head[offset..<offset + usable]))
    }
    guard Self.read(descriptor, buffers[buffer], at: offset) else { return nil }
    return PageBytes(UnsafeRawBufferPointer(rebasing: buffers[buffer][..<usable]))
  }

  private static func read(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Bool {
    pread(file, buffer.baseAddress, buffer.count, offset) == buffer.count
  }

  private static func isSame(_ descriptor: Int32, _ file: DatabaseFile) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && UInt64(status.st_ino) == file.inode
      && UInt64(status.st_dev) == file.device && Int64(status.st_size) == file.bytes
      && DatabaseFile.nanoseconds(status.st_mtim) == file.modified
  }

  /// Linux's F_OFD_GETLK, which Glibc's headers hide from Swift. It also sees the locks of this process.
  private static let openFileGetLock: Int32 = 36

  /// Whether any process holds a writer's lock. Such a process may keep its journal in memory.
  /// (https://sqlite.org/lockingv3.html: the pending byte is followed by the reserved byte.)
  private static func isLocked(_ descriptor: Int32) -> Bool {
    var lock = flock()
    lock.l_type = Int16(F_RDLCK)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = 0x4000_0000
    lock.l_len = 2
    return fcntl(descriptor, Self.openFileGetLock, &lock) != 0 || lock.l_type != Int16(F_UNLCK)
  }

  /// The fields of the header; nil if a field is unusual.
  private struct Header {
    let pages: Int
    let usable: Int

    init?(_ bytes: PageBytes, _ file: DatabaseFile) {
      let number = { (at: Int) in bytes.number(at, bytes: 4) }
      guard let mode = bytes.byte(18), mode == 1 || mode == 2, bytes.byte(19) == mode,
        let reserved = bytes.byte(20), file.pageSize - Int(reserved) >= 480,
        bytes.byte(21) == 64, bytes.byte(22) == 32, bytes.byte(23) == 32,
        let change = number(24), change == number(92), let pages = number(28), pages > 0,
        let format = number(44), (1...4).contains(format), number(56) == 1,
        file.bytes % Int64(file.pageSize) == 0, Int64(pages) <= file.bytes / Int64(file.pageSize),
        pages <= 0x4000_0000 / file.pageSize
      else { return nil }
      self.pages = pages
      usable = file.pageSize - Int(reserved)
    }
  }
}

@available(*, unavailable) extension DatabasePages: Sendable {}
