internal import Basics
import Glibc
internal import SystemPackage

/// A private folder whose files appear and go as a whole.
struct Folder: Sendable {
  let path: String

  /// Makes the folder if it isn't there, and takes everyone else's rights away.
  init(creating path: String) throws(SystemError) {
    self.path = path
    if mkdir(path, 0o700) == 0 {
      try syncFolder("\(path)/..")
    } else if errno != EEXIST {
      throw SystemError(call: "mkdir", path: path)
    }
    let folder = try OpenFile(path, .readOnly, options: .directory)
    var status = stat()
    guard fstat(folder.descriptor.rawValue, &status) == 0 else { throw SystemError(call: "stat", path: path) }
    if status.st_mode & 0o077 != 0, fchmod(folder.descriptor.rawValue, 0o700) != 0 {
      throw SystemError(call: "chmod", path: path)
    }
  }

  func path(of name: String) -> String { "\(path)/\(name)" }

  /// Names and sizes of the regular files.
  func files() throws(SystemError) -> [(name: String, bytes: Int)] {
    try namesInFolder(path).compactMap { name in
      var status = stat()
      // A file may go between being listed and being looked at.
      guard lstat(path(of: name), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      return (name, status.st_size)
    }
  }

  /// Writes a file under `name` so that it is there whole or not at all, whatever happens meanwhile.
  ///
  /// - Throws: `SystemError`; then there is neither the file nor the temporary one.
  func write(_ source: some ByteSource, as name: String) throws(SystemError) {
    let file = try UnfinishedFile(path(of: name), temporary: path(of: Self.temporaryPrefix + name))
    var offset = 0
    while case let chunk = try source.bytes(at: offset), !chunk.isEmpty {
      try file.write(chunk)
      offset += chunk.count
    }
    try file.publish()
  }

  func rename(_ name: String, to newName: String) throws(SystemError) {
    try renameDurably(path(of: name), to: path(of: newName))
  }

  /// Removes a file; one that has gone already is no error.
  func remove(_ name: String) throws(SystemError) {
    if unlink(path(of: name)) != 0, errno != ENOENT {
      throw SystemError(call: "unlink", path: path(of: name))
    }
    try syncFolder(path)
  }

  /// Removes what a crash in the middle of `write` has left. Not beside another writer.
  func removeTemporaries() throws(SystemError) {
    for file in try files() where file.name.hasPrefix(Self.temporaryPrefix) { unlink(path(of: file.name)) }
  }

  /// Locks the file `name` until the result goes; nil when it is locked by another and `waits` is false.
  ///
  /// The kernel lets go of it when the process dies.
  func lock(_ name: String, waits: Bool) throws(SystemError) -> OpenFile? {
    let file = try OpenFile(path(of: name), .readWrite, options: [.create, .noFollow])
    while flock(file.descriptor.rawValue, waits ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
      if errno == EWOULDBLOCK { return nil }
      guard errno == EINTR else { throw SystemError(call: "flock", path: file.path) }
    }
    return file
  }

  /// What a crash may leave behind begins with it.
  static let temporaryPrefix = ".new-"
}
