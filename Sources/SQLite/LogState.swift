internal import CSQLite
internal import Glibc

/// What a log (WAL) holds at one moment, from the header of its index.
///
/// The index is the `-shm` file (https://sqlite.org/walformat.html#the_wal_index_header). Two equal states mean that
/// nothing was committed between them.
public struct LogState: Hashable, Sendable {
  /// The number of frames up to the last commit.
  public let frames: Int
  /// The size of the database in pages after the last commit; 0 if the log is empty.
  public let pages: Int
  /// The page size in bytes.
  public let pageSize: Int
  /// The number of frames whose pages are in the database file, too.
  public let copied: Int
  /// A number that changes with each commit.
  let change: UInt32
  /// The running checksum up to the last frame.
  let checksum: LogChecksum
  /// The salts of the frames, as they are in the log file. The first one grows by 1 when the log begins anew.
  let salt: (UInt32, UInt32)

  /// Whether nothing was committed between the two. How much has been copied to the database file doesn't matter.
  public static func == (one: LogState, other: LogState) -> Bool {
    one.frames == other.frames && one.pages == other.pages && one.change == other.change
      && one.salt == other.salt
      && one.checksum == other.checksum
  }

  /// Hashes what `==` compares.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(frames)
    hasher.combine(change)
    hasher.combine(salt.0)
    hasher.combine(salt.1)
  }

  /// How many frames this state shares with `later`, while a transaction that sees this state stays open.
  ///
  /// Such a transaction keeps the log from beginning anew, with one exception: if everything was copied to the database
  /// file when it began, it reads the file alone, and one new log may begin. That one stays until the transaction ends,
  /// because nothing of it may be copied to the file.
  ///
  /// - Returns: the number of frames that `later` has in common with this state; nil if it can't be followed.
  func framesInCommon(with later: LogState) -> Int? {
    if salt == later.salt { return later.frames >= frames ? frames : nil }
    return frames == copied ? 0 : nil
  }

  /// Parses the header, which is in native byte order and stored twice, and the number after it.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.size, bytes[..<48] == bytes[48..<96], bytes[12] == 1 else { return nil }
    let number = { (at: Int) in
      bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: UInt32.self) }
    }
    guard number(0) == 3_007_000 else { return nil }
    let stored = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 14, as: UInt16.self) }
    // 65536 is stored as 1.
    pageSize = Int(stored & 0xfe00) + Int(stored & 1) << 16
    change = number(8)
    frames = Int(number(16))
    pages = Int(number(20))
    checksum = LogChecksum(number(24), number(28))
    salt = (UInt32(bigEndian: number(32)), UInt32(bigEndian: number(36)))
    copied = Int(number(96))
  }

  /// How many bytes of the index are needed.
  static let size = 100
}

extension Connection {
  /// The state of the log as it is now, which can be newer than what this connection's transaction sees.
  ///
  /// The connection must have a transaction open in WAL mode.
  /// - Throws: `SQLiteError` if the index can't be read, with `.busy` if it keeps changing.
  public func logState() throws(SQLiteError) -> LogState {
    var bytes = [UInt8](repeating: 0, count: LogState.size)
    for attempt in 0..<2_000 {
      let result = flotilla_sqlite3_log_index(handle, &bytes, Int32(bytes.count))
      guard result == SQLITE_OK else { throw error(result) }
      if let state = LogState(bytes) { return state }
      // A writer changes the two copies one after the other, and may be interrupted between them.
      if attempt >= 10 { usleep(1_000) }
    }
    throw SQLiteError(code: .busy, message: "the index of the log could not be read")
  }
}
