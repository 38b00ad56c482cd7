internal import Basics
internal import Glibc
internal import SQLite
internal import SystemPackage

/// Stores backups as files in a folder, with a subfolder for each run.
///
/// A file gets its name when it is complete and synced; until then it is called `NAME.sqlite.part`. A compressed backup
/// is called `NAME.sqlite.zst`. If a crash left both, the plain file counts. The subfolder of a run is removed with its
/// last backup.
///
/// Whoever replaces or compresses a backup holds `flock` on its plain file.
struct BackupFolder: BackupDestination {
  let address: String

  init(_ path: String) { address = path }

  func begin(_ run: String) throws(Failure) { try DurableFolder.make(place(of: run)) }

  func end(_ run: String) {
    let files = (try? names(in: place(of: run))) ?? []
    let plain = Set(files.filter { $0.hasSuffix(Self.plain) })
    let superfluous = files.filter { file in
      let name = uncompressed(file)
      return file.hasSuffix(Self.unfinished) || (name != file && plain.contains(name))
    }
    for file in superfluous { unlink("\(place(of: run))/\(file)") }
    rmdir(place(of: run))
  }

  func put(_ location: String) throws(Failure) -> any UnfinishedBackup { try FileOfBackup(location) }

  func open<T>(
    _ location: String, expecting bytes: Int64?, by deadline: Deadline?, _ body: (String) throws -> T
  ) throws -> T {
    guard compressedSize(location) != nil else { return try body(location) }
    let backup = try ExpandedBackup(
      CompressedFile(path: location + Self.compressed), at: location + Self.expanded, expecting: bytes,
      by: deadline)
    return try withExtendedLifetime(backup) { try body(backup.path) }
  }

  func compress(_ backup: BackupRecord, by deadline: Deadline) throws -> Int64 {
    if let size = compressedSize(backup.path) { return size }
    let lock = try PlainFileLock(of: backup.path)
    defer { withExtendedLifetime(lock) {} }
    guard let file = lock.file else {
      throw BackupWriter.failure("can't read \(backup.path)", .noSuchFileOrDirectory)
    }
    let compressed = backup.path + Self.compressed
    let unfinished = compressed + Self.unfinished
    let size = try CompressedFile(path: unfinished).write(file, backup, by: deadline)
    do throws(SystemError) {
      try renameDurably(unfinished, to: compressed)
    } catch {
      unlink(unfinished)
      unlink(compressed)
      throw BackupWriter.failure("can't \(error.call) \(error.path)", error.code)
    }
    // Only now is there another whole backup. If the file can't be removed, it is the one that counts.
    guard unlink(backup.path) == 0 else { throw BackupWriter.failure("can't remove \(backup.path)") }
    return size
  }

  func compressedSize(_ location: String) -> Int64? {
    access(location, F_OK) == 0 ? nil : FileSystem.size(location + Self.compressed)
  }

  func stored(_ location: String, isCompressed: Bool) -> String {
    isCompressed ? location + Self.compressed : location
  }

  func has(_ location: String) -> Bool {
    access(location, F_OK) == 0 || access(location + Self.compressed, F_OK) == 0
  }

  func runs() throws(Failure) -> [String] { try names(in: address) }

  func list(_ run: String) throws(Failure) -> [String] {
    Set(try names(in: place(of: run)).map(uncompressed)).filter { $0.hasSuffix(Self.plain) }.sorted()
      .map { "\(place(of: run))/\($0)" }
  }

  func remove(_ location: String) throws(Failure) {
    // The plain file last: while it is there, it is the one that counts.
    let suffixes = [Self.compressed + Self.unfinished, Self.expanded, Self.compressed, ""]
    for file in suffixes.map({ location + $0 }) {
      guard unlink(file) == 0 || errno == ENOENT else { throw BackupWriter.failure("can't remove \(file)") }
    }
    rmdir(parentFolder(of: location))
  }

  func room() -> BackupRoom? {
    let folder = FileSystem.nearest(address)
    return FileSystem.room(in: folder).map {
      BackupRoom(free: $0, place: folder, device: FileSystem.device(folder))
    }
  }

  private static let unfinished = ".part"
  private static let plain = ".sqlite"
  private static let compressed = ".zst"
  /// What a compressed backup is expanded to while it is read.
  private static let expanded = ".expanded.part"

  /// The name of the plain file, for the name of a compressed one; any other name as it is.
  private func uncompressed(_ file: String) -> String {
    file.hasSuffix(Self.plain + Self.compressed) ? String(file.dropLast(Self.compressed.count)) : file
  }

  /// The names in a folder; empty if the folder doesn't exist.
  private func names(in folder: String) throws(Failure) -> [String] {
    do throws(SystemError) {
      return try namesInFolder(folder)
    } catch  where error.code == .noSuchFileOrDirectory {
      return []
    } catch {
      throw BackupWriter.failure("can't list the folder \(folder)", error.code)
    }
  }

  /// An unfinished backup: a file beside the backup's final name.
  private final class FileOfBackup: UnfinishedBackup {
    let file: String
    private let location: String
    /// Keeps others from compressing the backup that this one replaces.
    private var lock: PlainFileLock?

    init(_ location: String) throws(Failure) {
      self.location = location
      file = location + BackupFolder.unfinished
      lock = try PlainFileLock(of: location)
      try BackupWriter.create(file)
    }

    func publish() throws(Failure) {
      do throws(SystemError) {
        try renameDurably(file, to: location)
      } catch {
        throw BackupWriter.failure("can't \(error.call) \(error.path)", error.code)
      }
      // The compressed form of the backup that was there before.
      unlink(location + BackupFolder.compressed)
      lock = nil
    }

    func discard() {
      unlink(file)
      rmdir(parentFolder(of: file))
      lock = nil
    }
  }

  /// The exclusive lock on the plain file of a backup, until the last reference goes.
  private final class PlainFileLock {
    /// The open file; nil if there is none.
    let file: Int32?

    init(of location: String) throws(Failure) {
      while true {
        let file = Glibc.open(location, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if file < 0, errno == ENOENT {
          self.file = nil
          return
        }
        guard file >= 0 else { throw BackupWriter.failure("can't open \(location)") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
          let failure =
            errno == EWOULDBLOCK
            ? Failure(
              code: .busy, step: .backUp, message: "another flotilla compresses or replaces \(location)")
            : BackupWriter.failure("can't lock \(location)")
          close(file)
          throw failure
        }
        if Self.isFile(file, at: location) {
          self.file = file
          return
        }
        // It was replaced before it was locked.
        close(file)
      }
    }

    private static func isFile(_ file: Int32, at location: String) -> Bool {
      var (open, named) = (stat(), stat())
      return fstat(file, &open) == 0 && lstat(location, &named) == 0 && open.st_ino == named.st_ino
        && open.st_dev == named.st_dev
    }

    deinit { if let file { close(file) } }
  }
}
