import Glibc

/// A private folder whose files appear and go as a whole.
struct Folder: Sendable {
  let path: String

  /// Makes the folder if it isn't there, and takes everyone else's rights away.
  init(creating path: String) throws(SystemError) {
    self.path = path
    if mkdir(path, 0o700) == 0 {
      try FileDescriptor("\(path)/..", O_RDONLY | O_DIRECTORY).sync()
    } else if errno != EEXIST {
      throw SystemError(call: "mkdir", path: path, number: errno)
    }
    let folder = try FileDescriptor(path, O_RDONLY | O_DIRECTORY)
    if try folder.status().st_mode & 0o077 != 0, fchmod(folder.number, 0o700) != 0 {
      throw SystemError(call: "chmod", path: path, number: errno)
    }
  }

  func path(of name: String) -> String { "\(path)/\(name)" }

  /// Names and sizes of the regular files.
  func files() throws(SystemError) -> [(name: String, bytes: Int)] {
    guard let stream = opendir(path) else { throw SystemError(call: "opendir", path: path, number: errno) }
    defer { closedir(stream) }
    var files: [(String, Int)] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      var status = stat()
      // A file may go between being listed and being looked at.
      if fstatat(dirfd(stream), name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG {
        files.append((name, status.st_size))
      }
    }
    guard errno == 0 else { throw SystemError(call: "readdir", path: path, number: errno) }
    return files
  }

  /// Writes a file under `name` so that it is there whole or not at all, whatever happens meanwhile.
  ///
  /// - Throws: `SystemError`; then there is neither the file nor the temporary one.
  func write(_ source: some ByteSource, as name: String) throws(SystemError) {
    let temporary = path(of: Self.temporaryPrefix + name)
    do {
      let file = try FileDescriptor(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
      var offset = 0
      while case let chunk = try source.bytes(at: offset), !chunk.isEmpty {
        try file.write(chunk)
        offset += chunk.count
      }
      try file.sync()
    } catch {
      unlink(temporary)
      throw error
    }
    try move(temporary, path(of: name))
  }

  func rename(_ name: String, to newName: String) throws(SystemError) {
    try move(path(of: name), path(of: newName))
  }

  /// Removes a file; one that has gone already is no error.
  func remove(_ name: String) throws(SystemError) {
    if unlink(path(of: name)) != 0, errno != ENOENT {
      throw SystemError(call: "unlink", path: path(of: name), number: errno)
    }
    try sync()
  }

  /// Removes what a crash in the middle of `write` has left. Not beside another writer.
  func removeTemporaries() throws(SystemError) {
    for file in try files() where file.name.hasPrefix(Self.temporaryPrefix) { unlink(path(of: file.name)) }
  }

  /// Locks the file `name` until the result goes; nil when it is locked by another and `waits` is false.
  ///
  /// The kernel lets go of it when the process dies.
  func lock(_ name: String, waits: Bool) throws(SystemError) -> FileDescriptor? {
    let file = try FileDescriptor(path(of: name), O_RDWR | O_CREAT | O_NOFOLLOW)
    while flock(file.number, waits ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
      if errno == EWOULDBLOCK { return nil }
      guard errno == EINTR else { throw SystemError(call: "flock", path: file.path, number: errno) }
    }
    return file
  }

  /// What a crash may leave behind begins with it.
  static let temporaryPrefix = ".new-"

  private func move(_ from: String, _ to: String) throws(SystemError) {
    guard Glibc.rename(from, to) == 0 else {
      let error = SystemError(call: "rename", path: to, number: errno)
      if from.hasPrefix(path(of: Self.temporaryPrefix)) { unlink(from) }
      throw error
    }
    try sync()
  }

  private func sync() throws(SystemError) { try FileDescriptor(path, O_RDONLY | O_DIRECTORY).sync() }
}
