internal import Basics
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// Folders whose entries survive a power cut, up to the first one that was there.
///
/// By POSIX a file is found again after a power cut only when its folder was synced after the file got its name, and the
/// folder only when the one above it was.
public enum DurableFolder {
  /// Folders whose own entry this process has synced.
  private static let synced = Mutex<Set<String>>([])

  /// Makes a folder where it isn't there, and those above it; only this user may look into them. When it returns, their
  /// entries are on the disk, whoever made them.
  ///
  /// - Throws: `Failure` where one can't be made or synced.
  public static func make(_ path: String) throws(Failure) {
    let result = synced.withLock { synced -> Result<Void, Failure> in
      Result { () throws(Failure) in try make(path, &synced) }
    }
    try result.get()
  }

  private static func make(_ path: String, _ synced: inout Set<String>) throws(Failure) {
    if mkdir(path, 0o700) == 0 {
      synced.remove(path)
    } else if errno == ENOENT, path.count > 1, parentFolder(of: path) != path {
      try make(parentFolder(of: path), &synced)
      guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
        throw BackupWriter.failure("can't make the folder \(path)")
      }
      synced.remove(path)
    } else if errno != EEXIST {
      throw BackupWriter.failure("can't make the folder \(path)")
    }
    guard !synced.contains(path) else { return }
    // One that was there may have been made by a process that was killed before it could sync.
    try sync(parentFolder(of: path))
    synced.insert(path)
  }

  /// Makes the names in a folder last.
  ///
  /// - Throws: `Failure` where the folder can't be opened or synced.
  public static func sync(_ path: String) throws(Failure) {
    do throws(SystemError) {
      try syncFolder(path)
    } catch {
      throw BackupWriter.failure(
        "can't \(error.call == "open" ? "open" : "sync") the folder \(path)", error.code)
    }
  }
}
