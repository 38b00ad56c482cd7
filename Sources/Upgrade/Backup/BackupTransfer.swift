internal import Glibc

/// A backup that is being received from another machine.
///
/// It appears at its location only when it is complete, synced, and identical to the file that was made.
public final class IncomingBackup {
  private let record: BackupRecord
  private let unfinished: any UnfinishedBackup
  /// Whether the backup has been published or discarded.
  private var isSettled = false
  private let file: Int32
  private var bytes: Int64 = 0

  /// Begins to store a backup at the location in its record.
  ///
  /// - Throws: `Failure` if the backup can't be stored.
  public init(_ record: BackupRecord) throws(Failure) {
    self.record = record
    let unfinished = try BackupDestinations.holding(record.path).put(record.path)
    self.unfinished = unfinished
    let file = open(unfinished.file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else {
      let failure = BackupWriter.failure("can't open \(unfinished.file)")
      unfinished.discard()
      throw failure
    }
    self.file = file
  }

  deinit {
    close(file)
    discard()
  }

  /// Removes what has arrived, unless the backup has been published. Without this call, that happens when nobody refers
  /// to the backup any more.
  public func discard() {
    guard !isSettled else { return }
    isSettled = true
    unfinished.discard()
  }

  /// Appends a piece.
  ///
  /// - Throws: `Failure` if it can't be written, such as `disk_full`; with code `backup`, before anything is written,
  ///   if the pieces exceed the recorded size.
  public func append(_ piece: [UInt8]) throws(Failure) {
    bytes += Int64(piece.count)
    guard bytes <= record.bytes else { throw otherwise("more than its \(record.bytes) bytes came") }
    var rest = piece[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw BackupWriter.failure("can't write \(unfinished.file)") }
      rest = rest.dropFirst(count)
    }
  }

  /// Publishes the backup if it is identical to the one that was made.
  ///
  /// - Throws: `Failure` with code `backup` if its size or its SHA-256 differs from the record, or if it can't be
  ///   published.
  public func finish() throws(Failure) {
    guard bytes == record.bytes else { throw otherwise("\(bytes) of its \(record.bytes) bytes came") }
    do {
      guard fsync(file) == 0 else { throw BackupWriter.failure("can't sync \(unfinished.file)") }
      let digest = try FileDigest(unfinished.file).sha256
      guard digest == record.sha256 else { throw otherwise("its SHA-256 is \(digest)") }
      try unfinished.publish()
      isSettled = true
    } catch {
      throw Failure(error, at: .backUp)
    }
  }

  private func otherwise(_ how: String) -> Failure {
    Failure(
      code: .backup, step: .backUp, message: "\(record.path) did not arrive as it was made: \(how)")
  }
}

/// Reads the content of the backup at a location piece by piece, as `readPieces` does. A compressed backup that holds
/// another number of bytes than `bytes` is refused.
public func readBackup(
  at location: String, of bytes: Int64, length: Int, _ body: ([UInt8]) throws -> Void
) throws {
  try BackupDestinations.holding(location).open(location, expecting: bytes, by: nil) { file in
    try readPieces(of: file, length: length, body)
  }
}

/// Reads a file piece by piece.
///
/// - Parameters:
///   - path: the file.
///   - length: the maximum length of a piece, in bytes.
///   - body: called with each piece, in order.
/// - Throws: `Failure` if the file can't be read, and what `body` throws.
public func readPieces(of path: String, length: Int, _ body: ([UInt8]) throws -> Void) throws {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { throw BackupWriter.failure("can't read \(path)") }
  defer { close(file) }
  var piece = [UInt8](repeating: 0, count: length)
  while true {
    let count = read(file, &piece, length)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { throw BackupWriter.failure("can't read \(path)") }
    guard count > 0 else { return }
    try body(Array(piece[..<count]))
  }
}
