internal import Basics
internal import Glibc
internal import SQLite

/// Finds conditions that would make an upgrade fail: too little disk space, a file system with unreliable locks, or
/// several hard links. It also finds the processes that have the file open, for which the upgrade may have to wait.
final class Preflight: Sendable {
  private let options: UpgradeOptions
  private let mounts: Mounts
  let openFiles = OpenFiles()

  init(_ options: UpgradeOptions, _ mounts: Mounts = Mounts()) {
    (self.options, self.mounts) = (options, mounts)
  }

  /// The outcome of an inspection, turned into a failure if the upgrade would fail.
  func checked(_ found: Outcome, at path: String) -> Outcome {
    var outcome = found
    outcome.openBy = openFiles.holders(of: path)
    guard let failure = networkFileSystem(of: path) ?? severalNames(of: path) ?? lackOfRoom(for: path) else {
      return outcome
    }
    outcome.status = .failed
    outcome.failure = failure
    return outcome
  }

  /// Why a database on a network file system is left alone; nil if it isn't on one, or the options accept it.
  func networkFileSystem(of path: String) -> Failure? {
    guard !options.networkFileSystems, let mount = mounts.mount(of: path), mount.isNetwork else { return nil }
    return Failure(
      code: .networkFileSystem, step: .open,
      message:
        "it is on a network file system (\(mount.type) at \(mount.point.replacingControlCharacters())), where the "
        + "locks that SQLite needs can't be relied on")
  }

  private func severalNames(of path: String) -> Failure? {
    guard case .success(let file) = DatabaseFile.inspect(path) else { return nil }
    return hardLinks(of: file, options)
  }

  /// Checks the disk space. A migration that rewrites everything needs the database's size again for its journal or
  /// log.
  private func lackOfRoom(for path: String) -> Failure? {
    guard let file = FileSystem.realPath(path), let size = FileSystem.size(file) else { return nil }
    let need = size + (FileSystem.size(file + "-wal") ?? 0)
    let home = parentFolder(of: file)
    guard options.check != .none else { return lack(of: need, for: "its journal", in: home) }
    let destination = options.backupFolder.map(BackupDestinations.at) ?? BackupDestinations.beside(file)
    let room = destination.room()
    if let room, room.device == FileSystem.device(home) {
      return lack(of: 2 * need, for: "the backup and its journal", in: room)
    }
    return room.flatMap { lack(of: need, for: "the backup", in: $0) }
      ?? lack(of: need, for: "its journal", in: home)
  }

  /// The failure if a folder has less free space than `bytes`; nil if there is enough.
  func lack(of bytes: Int64, for what: String, in folder: String) -> Failure? {
    FileSystem.room(in: folder).flatMap {
      lack(of: bytes, for: what, in: BackupRoom(free: $0, place: folder, device: nil))
    }
  }

  private func lack(of bytes: Int64, for what: String, in room: BackupRoom) -> Failure? {
    guard room.free < bytes else { return nil }
    return Failure(
      code: .diskFull, step: .inspect,
      message: "needs about \(FileSystem.text(bytes, .up)) for \(what), and only "
        + "\(FileSystem.text(room.free, .down)) are free in \(room.place.replacingControlCharacters())")
  }
}

/// Information about files and file systems.
enum FileSystem {
  static func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// The folder, or the nearest existing folder above it.
  static func nearest(_ folder: String) -> String {
    var folder = folder
    while folder != "/", access(folder, F_OK) != 0 { folder = parentFolder(of: folder) }
    return folder
  }

  static func size(_ path: String) -> Int64? {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : nil
  }

  static func device(_ path: String) -> UInt64? {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_dev) : nil
  }

  /// The bytes that users other than root may still write; nil if the file system doesn't say.
  static func room(in folder: String) -> Int64? {
    var status = statvfs()
    guard statvfs(folder, &status) == 0, status.f_blocks > 0 else { return nil }
    return Int64(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).0)
  }

  /// A size in a suitable unit: `12 MB`, `640 kB`.
  static func text(_ bytes: Int64, _ rounding: FloatingPointRoundingRule) -> String {
    let (unit, name) = bytes < 1_000_000 ? (1e3, "kB") : bytes < 10_000_000_000 ? (1e6, "MB") : (1e9, "GB")
    return "\(Int64((Double(bytes) / unit).rounded(rounding))) \(name)"
  }
}
