internal import Basics
internal import Glibc

/// A folder for copies of databases, which one process at a time has and which goes away with all that is in it.
struct CopyFolder {
  private let path: String
  private let madeParent: Bool
  private let descriptor: Int32

  /// Makes the folder, or empties one that a killed process left; only this user may look into it.
  ///
  /// - Throws: `Failure`, with code `busy` where another process has it.
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
      throw Failure(code: .busy, step: .backUp, message: "another flotilla rehearses in \(path)")
    }
    empty()
  }

  /// Removes everything again.
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
