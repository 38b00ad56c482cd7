internal import Basics
internal import Glibc

/// A folder for copies of databases, used by one process at a time and removed with everything in it.
struct CopyFolder {
  let path: String
  private let madeParent: Bool
  private let descriptor: Int32

  /// Creates the folder, or empties a folder that a killed process left. Only this user may open it.
  ///
  /// - Throws: `Failure`, with code `busy` if another process uses the folder.
  init(_ path: String) throws(Failure) {
    self.path = path
    madeParent = mkdir(parentFolder(of: path), 0o700) == 0
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw BackupWriter.failure("can't make the folder \(path)")
    }
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw BackupWriter.failure("can't open the folder \(path)") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw Failure(code: .busy, step: .backUp, message: "another flotilla works in \(path)")
    }
    empty()
  }

  /// Removes the folder and everything in it.
  func remove() {
    empty()
    rmdir(path)
    if madeParent { rmdir(parentFolder(of: path)) }
    close(descriptor)
  }

  private func empty() {
    for name in (try? namesInFolder(path)) ?? [] {
      unlinkat(descriptor, name, 0)
    }
  }
}
