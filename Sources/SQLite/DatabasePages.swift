internal import Glibc

/// The tables of a database file at rest, read from its pages without SQLite.
///
/// SQLite parses the whole schema before it reads the first row, which for a small question is most of the work.
/// This reads rows as https://sqlite.org/fileformat2.html lays them out, and nothing else: no index, no table
/// without row numbers, no text but UTF-8. Whatever is unusual or contradicts itself is not read, and a file that
/// is not at rest isn't either; SQLite is then the one to ask. No content makes it crash or run without end.
///
/// Closing a file lets go of all POSIX locks that this process holds on it: use it only while no connection of
/// this process has the file open.
public final class DatabasePages {
  /// The number of pages, which are counted from 1.
  public let count: Int
  let usable: Int
  private let size: Int
  private let file: DatabaseFile
  private let descriptor: Int32
  /// The beginning of the file, in which a small database has all that is looked for; one read instead of many.
  private let head: UnsafeMutableRawBufferPointer
  private let buffers: [UnsafeMutableRawBufferPointer]

  /// Opens the file at `path`; nil where it may be in use or is not what `file` says, and where its header is
  /// unusual.
  ///
  /// - Parameters:
  ///   - path: where the file is.
  ///   - file: what it turned out to be.
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

  /// Whether all that was read is of one time: the file at `path` is still the same, unchanged, and at rest.
  public func isUnchanged(at path: String) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 100, alignment: 8) { again in
      Self.read(descriptor, again, at: 0) && head.prefix(100).elementsEqual(again)
    } && !Self.isLocked(descriptor) && file.isUnchanged(at: path)
      && !DatabaseFile.isFilled(beside: path, "-journal")
  }

  /// One page, until the same buffer is used for another; nil where there is no such page or it can't be read.
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

  /// F_OFD_GETLK of Linux, which Glibc's headers hide from Swift. It sees this process's own locks too.
  private static let openFileGetLock: Int32 = 36

  /// Whether anybody holds the lock of a writer: such a one may keep its journal in memory.
  /// (https://sqlite.org/lockingv3.html: the pending byte and, after it, the reserved one.)
  private static func isLocked(_ descriptor: Int32) -> Bool {
    var lock = flock()
    lock.l_type = Int16(F_RDLCK)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = 0x4000_0000
    lock.l_len = 2
    return fcntl(descriptor, Self.openFileGetLock, &lock) != 0 || lock.l_type != Int16(F_UNLCK)
  }

  /// What the header says, where it says nothing unusual.
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
