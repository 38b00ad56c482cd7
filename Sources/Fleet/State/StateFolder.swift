internal import Basics
internal import FoundationEssentials
internal import Glibc
internal import SQLite
internal import SystemPackage
public import Upgrade

/// The folder with journal, backups, reports and outbox, mode 0700.
public struct StateFolder: Sendable {
  /// Its path.
  public let path: String

  /// Names a folder; nothing is made yet.
  public init(_ path: String) { self.path = path }

  /// Whether it was made before.
  public var exists: Bool { access(path, F_OK) == 0 }

  /// Whether runs were noted in it.
  public var hasJournal: Bool { access(journal, F_OK) == 0 }

  /// Where reports are kept.
  public var reports: String { path + "/reports" }
  /// Where undelivered reports wait.
  public var outbox: String { path + "/outbox" }
  /// The address of the destination of backups.
  public var backups: String { path + "/backups" }
  /// Where backups are stored.
  public var destination: any BackupDestination { BackupDestinations.at(backups) }
  /// Where copies are while a rehearsal works on them.
  public var rehearsal: String { path + "/rehearsal" }
  /// The journal.
  var journal: String { path + "/state.sqlite" }

  /// Makes the folder and those in it, where they aren't there.
  public func create() throws(StateError) {
    var parent = ""
    for part in path.split(separator: "/").dropLast() {
      let above = parent
      parent += "/" + part
      if try make(parent, 0o755) { try sync(above.isEmpty ? "/" : above) }
    }
    if try make(path, 0o700) { try sync(parent.isEmpty ? "/" : parent) }
    for folder in [reports, backups] { try make(folder, 0o700) }
    // They may have been made by a process that was killed before it could sync.
    try sync(path)
  }

  /// - Returns: whether the folder wasn't there.
  @discardableResult
  private func make(_ folder: String, _ mode: mode_t) throws(StateError) -> Bool {
    if mkdir(folder, mode) == 0 { return true }
    guard errno == EEXIST else { throw StateError(folder, "can't be made", errno) }
    return false
  }

  /// Makes the names in a folder last over a power cut.
  private func sync(_ folder: String) throws(StateError) {
    do throws(Failure) { try DurableFolder.sync(folder) } catch { throw StateError(folder, cause: error) }
  }

  /// Removes the reports that nobody finishes: the lock of one that is being written goes with its writer.
  func removeUnfinishedReports() {
    for file in (try? namesInFolder(reports)) ?? [] {
      guard file.hasSuffix(".part") else { continue }
      let descriptor = open("\(reports)/\(file)", O_RDWR | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink("\(reports)/\(file)") }
      close(descriptor)
    }
  }

  /// Removes the copies that a killed rehearsal left. The caller holds the lock.
  func removeRehearsal() { try? FileManager.default.removeItem(atPath: rehearsal) }

  /// Locks the folder for this process, which the kernel undoes when the process ends, however it ends.
  ///
  /// - Throws: `StateError` at once where another process has it.
  public func lock() throws(StateError) -> StateLock {
    let file = open(path + "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw StateError(path, "can't be locked", errno) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let cause = errno
      close(file)
      guard cause == EWOULDBLOCK else { throw StateError(path, "can't be locked", cause) }
      throw StateError(path, "is in use by another flotilla; wait for it to end", nil)
    }
    return StateLock(file)
  }
}

/// Holds the lock on a state folder until it goes away.
public final class StateLock: Sendable {
  private let file: Int32
  init(_ file: Int32) { self.file = file }
  deinit { close(file) }
}

/// A fault of the state folder.
public struct StateError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
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
