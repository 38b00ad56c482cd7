internal import Basics
internal import Compression
internal import Crypto
internal import Glibc
internal import SQLite
internal import SystemPackage

/// The compressed file of a backup: one zstd frame with the size and a checksum of the backup.
struct CompressedFile {
  let path: String

  private static let pieceSize = 1 << 18

  /// Compresses the open file `source` to a new file at `path`, syncs it, and proves that it expands to what was
  /// recorded.
  ///
  /// - Parameters:
  ///   - source: the backup's file. The new file gets its owner.
  ///   - record: the size and the SHA-256 of the backup.
  ///   - deadline: when to stop.
  /// - Returns: the size of the new file in bytes.
  /// - Throws: `Failure`, or `SQLiteError` with code `.interrupt` if the deadline passes; nothing is left behind.
  func write(_ source: Int32, _ record: BackupRecord, by deadline: Deadline) throws -> Int64 {
    unlink(path)
    let file = try BackupWriter.open(newFile: path, O_RDWR)
    defer { close(file) }
    do {
      let size = try compress(source, record.bytes, to: file, by: deadline)
      try own(file, as: source)
      try prove(file, record, by: deadline)
      return size
    } catch {
      unlink(path)
      throw error
    }
  }

  private func compress(
    _ source: Int32, _ bytes: Int64, to file: Int32, by deadline: Deadline
  ) throws -> Int64 {
    var written = 0
    func write(_ part: UnsafeRawBufferPointer) throws {
      try writeFully(file, part, at: written, path)
      written += part.count
    }
    do {
      let compressor = try ZstdCompressor(size: bytes)
      try forEachPiece(of: source, by: deadline) { try compressor.add($0, write) }
      try compressor.finish(write)
    } catch let error as SystemError {
      throw BackupWriter.failure("can't \(error.call) \(error.path)", error.code)
    } catch let error as ZstdError {
      throw Failure(code: .backup, step: .backUp, message: "the backup can't be compressed: \(error)")
    }
    return Int64(written)
  }

  /// Gives the file the owner of `source`, if this process is permitted to, and syncs it.
  private func own(_ file: Int32, as source: Int32) throws(Failure) {
    var owner = stat()
    if fstat(source, &owner) == 0, owner.st_uid != geteuid() || owner.st_gid != getegid() {
      _ = fchown(file, owner.st_uid, owner.st_gid)
    }
    guard fchmod(file, 0o600) == 0, fsync(file) == 0 else { throw BackupWriter.failure("can't sync \(path)") }
  }

  private func prove(_ file: Int32, _ record: BackupRecord, by deadline: Deadline) throws {
    var hash = SHA256()
    try expand(file, record.bytes, by: deadline) { hash.update(bufferPointer: $0) }
    let digest = hash.finalize().hex
    guard digest == record.sha256 else {
      throw Failure(
        code: .backup, step: .backUp,
        message: "what was compressed is not the backup that was made: its SHA-256 is \(digest)")
    }
  }

  /// Expands the file to the empty file `target`.
  ///
  /// - Parameters:
  ///   - target: an open file.
  ///   - name: its path, for messages.
  ///   - expected: the size of the backup in bytes; nil if it isn't known.
  ///   - deadline: when to stop; nil for never.
  /// - Throws: `Failure`, with code `backup` if the file is damaged or holds another number of bytes than expected, and
  ///   with code `disk_full`, before anything is written, if there is no room for it; `SQLiteError` with code
  ///   `.interrupt` if the deadline passes.
  func expand(to target: Int32, _ name: String, expecting expected: Int64?, by deadline: Deadline?) throws {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { throw BackupWriter.failure("can't read \(path)") }
    defer { close(file) }
    let size = try contentSize(file)
    guard size == expected ?? size else {
      throw damaged("it holds \(size) bytes, and the backup has \(expected ?? size)")
    }
    let folder = parentFolder(of: name)
    if let room = FileSystem.room(in: folder), room < size {
      throw Failure(
        code: .diskFull, step: .restore,
        message: "needs about \(FileSystem.text(size, .up)) to unpack \(path), and only "
          + "\(FileSystem.text(room, .down)) are free in \(folder)")
    }
    var written = 0
    do {
      try expand(file, size, by: deadline) { part in
        try writeFully(target, part, at: written, name)
        written += part.count
      }
    } catch let error as SystemError {
      throw BackupWriter.failure("can't \(error.call) \(error.path)", error.code)
    }
  }

  private func contentSize(_ file: Int32) throws -> Int64 {
    try withUnsafeTemporaryAllocation(byteCount: ZstdExpander.headerSize, alignment: 1) { header in
      let count = max(readFully(file, header, at: 0), 0)
      let size = ZstdExpander.contentSize(UnsafeRawBufferPointer(rebasing: header[..<count]))
      guard let size else { throw damaged("it is no zstd file that says how much it holds") }
      return size
    }
  }

  private func expand(
    _ file: Int32, _ size: Int64, by deadline: Deadline?, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    do {
      let expander = try ZstdExpander(size: size)
      try forEachPiece(of: file, by: deadline) { try expander.add($0, body) }
      try expander.finish()
    } catch let error as ZstdError {
      throw damaged("\(error)")
    }
  }

  private func damaged(_ how: String) -> Failure {
    Failure(code: .backup, step: .restore, message: "\(path) can't be unpacked: \(how)")
  }

  private func forEachPiece(
    of file: Int32, by deadline: Deadline?, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try withUnsafeTemporaryAllocation(byteCount: Self.pieceSize, alignment: 16) { buffer in
      var offset = 0
      while true {
        try deadline?.check()
        let count = readFully(file, buffer, at: offset)
        guard count >= 0 else { throw BackupWriter.failure("can't read \(path)") }
        if count > 0 { try body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
        guard count == buffer.count else { return }
        offset += count
      }
    }
  }
}
