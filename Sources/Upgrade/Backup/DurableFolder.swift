internal import Basics
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// Creates folders that survive a power failure.
///
/// POSIX guarantees a file's entry after a power failure only if its folder was synced after the file was created, and
/// the same is true of the folder and the one above it.
public enum DurableFolder {
  /// Folders whose entry in their parent folder this process has synced.
  private static let synced = Mutex<Set<String>>([])

  /// Creates a folder and the folders above it if they don't exist. Only this user may open new folders.
  ///
  /// When this returns, the entries of the new folders and of the first existing one are on disk, no matter who created
  /// them.
  /// - Throws: `Failure` if a folder can't be created or synced.
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
    // An existing folder may be from a process that was killed before it could sync.
    try sync(parentFolder(of: path))
    synced.insert(path)
  }

  /// Syncs the names in a folder to disk.
  ///
  /// - Throws: `Failure` if the folder can't be opened or synced.
  public static func sync(_ path: String) throws(Failure) {
    do throws(SystemError) {
      try syncFolder(path)
    } catch {
      throw BackupWriter.failure(
        "can't \(error.call == "open" ? "open" : "sync") the folder \(path)", error.code)
    }
  }
}
