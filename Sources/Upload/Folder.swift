internal import Basics
import Glibc
internal import SystemPackage

/// A private folder whose files appear and disappear atomically.
struct Folder: Sendable {
  let path: String

  /// Creates the folder if it doesn't exist, and removes all permissions of group and others.
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

  /// The names and sizes of the regular files.
  func files() throws(SystemError) -> [(name: String, bytes: Int)] {
    try namesInFolder(path).compactMap { name in
      var status = stat()
      // A file may disappear between listing and lstat.
      guard lstat(path(of: name), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      return (name, status.st_size)
    }
  }

  /// Writes a file under `name` that is either complete or absent, even after a crash.
  ///
  /// - Throws: `SystemError`; then neither the file nor its temporary file exists.
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

  /// Removes a file. It is no error if the file doesn't exist.
  func remove(_ name: String) throws(SystemError) {
    if unlink(path(of: name)) != 0, errno != ENOENT {
      throw SystemError(call: "unlink", path: path(of: name))
    }
    try syncFolder(path)
  }

  /// Removes what a crash during `write` left behind. No other writer may be active.
  func removeTemporaries() throws(SystemError) {
    for file in try files() where file.name.hasPrefix(Self.temporaryPrefix) { unlink(path(of: file.name)) }
  }

  /// Locks the file `name` for as long as the result exists; nil if another process holds the lock and `waits` is
  /// false.
  ///
  /// The kernel releases the lock when the process ends.
  func lock(_ name: String, waits: Bool) throws(SystemError) -> OpenFile? {
    let file = try OpenFile(path(of: name), .readWrite, options: [.create, .noFollow])
    while flock(file.descriptor.rawValue, waits ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
      if errno == EWOULDBLOCK { return nil }
      guard errno == EINTR else { throw SystemError(call: "flock", path: file.path) }
    }
    return file
  }

  /// The prefix of temporary files, which a crash may leave behind.
  static let temporaryPrefix = ".new-"
}
