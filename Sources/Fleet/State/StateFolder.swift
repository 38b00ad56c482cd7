internal import Basics
internal import FoundationEssentials
internal import Glibc
internal import SQLite
internal import SystemPackage
public import Upgrade

/// The folder for journal, backups, reports and outbox, with mode 0700.
///
/// ```swift
/// let state = StateFolder(fleet.state)
/// try state.create()
/// let lock = try state.lock()  // held until `lock` is released
/// let journal = try Journal(state)
/// ```
///
/// ``Journal``, ``BackupStore`` and the outbox keep their data in it. ``FleetFile/state`` is its usual path.
public struct StateFolder: Sendable {
  /// The path.
  public let path: String

  /// Names a folder without creating it.
  public init(_ path: String) { self.path = path }

  /// Whether the folder exists.
  public var exists: Bool { access(path, F_OK) == 0 }

  /// Whether it contains a journal.
  public var hasJournal: Bool { access(journal, F_OK) == 0 }

  /// The folder of the reports.
  public var reports: String { path + "/reports" }
  /// The folder of undelivered reports.
  public var outbox: String { path + "/outbox" }
  /// The address of the destination of backups.
  public var backups: String { path + "/backups" }
  /// The destination that stores backups.
  public var destination: any BackupDestination { BackupDestinations.at(backups) }
  /// The folder for the copies that a rehearsal works on.
  public var rehearsal: String { path + "/rehearsal" }
  /// The journal's file.
  var journal: String { path + "/state.sqlite" }

  /// Creates the folder, its parents and its subfolders if they don't exist.
  public func create() throws(StateError) {
    var parent = ""
    for part in path.split(separator: "/").dropLast() {
      let above = parent
      parent += "/" + part
      if try make(parent, 0o755) { try sync(above.isEmpty ? "/" : above) }
    }
    if try make(path, 0o700) { try sync(parent.isEmpty ? "/" : parent) }
    for folder in [reports, backups] { try make(folder, 0o700) }
    // A process may have created them and been killed before it could sync.
    try sync(path)
  }

  /// - Returns: whether the folder is new.
  @discardableResult
  private func make(_ folder: String, _ mode: mode_t) throws(StateError) -> Bool {
    if mkdir(folder, mode) == 0 { return true }
    guard errno == EEXIST else { throw StateError(folder, "can't be made", errno) }
    return false
  }

  /// Syncs a folder, so that the names in it survive a power cut.
  private func sync(_ folder: String) throws(StateError) {
    do throws(Failure) { try DurableFolder.sync(folder) } catch { throw StateError(folder, cause: error) }
  }

  /// Removes reports whose writer is gone. The lock on an unfinished report ends with its writer.
  func removeUnfinishedReports() {
    for file in (try? namesInFolder(reports)) ?? [] {
      guard file.hasSuffix(".part") else { continue }
      let descriptor = open("\(reports)/\(file)", O_RDWR | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink("\(reports)/\(file)") }
      close(descriptor)
    }
  }

  /// Removes the copies that a killed rehearsal left behind. The caller holds the lock.
  func removeRehearsal() { try? FileManager.default.removeItem(atPath: rehearsal) }

  /// Locks the folder for this process. The kernel releases the lock when the process ends, however it ends.
  ///
  /// - Throws: `StateError`, without waiting, if another process holds the lock.
  public func lock() throws(StateError) -> StateLock {
    guard let lock = try lockIfFree() else {
      throw StateError(path, "is in use by another flotilla; wait for it to end", nil)
    }
    return lock
  }

  /// Locks the folder; nil if another process holds the lock.
  ///
  /// - Throws: `StateError` if it can't be locked.
  public func lockIfFree() throws(StateError) -> StateLock? {
    let file = open(path + "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw StateError(path, "can't be locked", errno) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let cause = errno
      close(file)
      guard cause == EWOULDBLOCK else { throw StateError(path, "can't be locked", cause) }
      return nil
    }
    return StateLock(file)
  }

  /// Locks the rollout that is open, for the process that carries it on, also while that waits; nil if another process
  /// does.
  ///
  /// - Throws: `StateError` if it can't be locked.
  public func lockRollout() throws(StateError) -> StateLock? {
    let file = try openRolloutLock()
    var lock = Self.wholeFile
    guard fcntl(file, Self.setLock, &lock) == 0 else {
      let cause = errno
      close(file)
      guard cause == EAGAIN || cause == EACCES else { throw StateError(path, "can't be locked", cause) }
      return nil
    }
    return StateLock(file)
  }

  /// Whether a process carries the open rollout on. This locks nothing, so it is in nobody's way.
  ///
  /// - Throws: `StateError` if that can't be found out.
  public func isRolloutLocked() throws(StateError) -> Bool {
    let file = try openRolloutLock()
    defer { close(file) }
    var lock = Self.wholeFile
    guard fcntl(file, Self.getLock, &lock) == 0 else { throw StateError(path, "can't be locked", errno) }
    return lock.l_type != Int16(F_UNLCK)
  }

  private func openRolloutLock() throws(StateError) -> Int32 {
    let file = open(path + "/rollout", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw StateError(path, "can't be locked", errno) }
    return file
  }

  /// Linux's F_OFD_GETLK and F_OFD_SETLK, which Glibc's headers hide from Swift. Such a lock belongs to the descriptor.
  private static let (getLock, setLock): (Int32, Int32) = (36, 37)

  private static var wholeFile: flock {
    var lock = flock()
    (lock.l_type, lock.l_whence) = (Int16(F_WRLCK), Int16(SEEK_SET))
    return lock
  }
}

/// Holds the lock on a state folder until it is deallocated.
public final class StateLock: Sendable {
  private let file: Int32
  init(_ file: Int32) { self.file = file }
  deinit { close(file) }
}

/// A failure of the state folder or of a file in it.
public struct StateError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, in one sentence.
  public let description: String

  init(_ path: String, _ what: String, _ code: Int32?) {
    let cause = code.map { ": \(Errno(rawValue: $0))" } ?? ""
    description = "the state folder \(path) \(what)\(cause)"
  }

  init(_ path: String, cause failure: Failure) {
    description = "the state folder \(path) can't be used: \(failure.message)"
  }

  init(_ path: String, _ newer: NewerVersion) {
    description =
      "the journal \(path) has version \(newer.found), and this flotilla knows \(newer.known): it was written by a newer "
      + "flotilla; use that, or another state folder"
  }

  init(_ path: String, _ error: SQLiteError) { description = "the journal \(path) can't be used: \(error)" }
}
