internal import Glibc
internal import SystemPackage

/// Lists the names in a folder, except `.` and `..`, in no particular order.
///
/// - Throws: `SystemError` if the folder can't be read to its end.
public func namesInFolder(_ path: String) throws(SystemError) -> [String] {
  var names: [String] = []
  try forEachEntry(of: path) { name, _ in names.append(String(cString: name)) }
  return names
}

/// The kind of an entry of a folder.
enum FolderEntryKind {
  /// A regular file.
  case file
  /// A folder.
  case folder
  /// A symbolic link, to whatever it leads.
  case link
  /// A device, a socket or a pipe.
  case other
}

/// Calls `body` with the name and the kind of each entry of a folder, except `.` and `..`, in no particular order.
///
/// - Throws: `SystemError` if the folder can't be read to its end.
func forEachEntry(
  of path: String, _ body: (UnsafePointer<CChar>, FolderEntryKind) -> Void
) throws(SystemError) {
  // The system treats a NUL as the end of a path.
  guard !path.utf8.contains(0) else { throw SystemError(call: "opendir", path: path, code: .invalidArgument) }
  guard let stream = opendir(path) else { throw SystemError(call: "opendir", path: path) }
  defer { closedir(stream) }
  while true {
    errno = 0
    guard let entry = readdir(stream) else { break }
    let type = Int(entry.pointee.d_type)
    withUnsafePointer(to: &entry.pointee.d_name) { name in
      name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) { name in
        guard strcmp(name, ".") != 0, strcmp(name, "..") != 0 else { return }
        body(name, kind(type, name, in: stream))
      }
    }
  }
  guard errno == 0 else { throw SystemError(call: "readdir", path: path) }
}

/// The kind that readdir(3) gave. Some file systems don't give any.
private func kind(_ type: Int, _ name: UnsafePointer<CChar>, in stream: OpaquePointer) -> FolderEntryKind {
  var type = type
  if type == Int(DT_UNKNOWN) {
    var status = stat()
    guard fstatat(dirfd(stream), name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return .other }
    type = Int(status.st_mode & S_IFMT) >> 12
  }
  switch type {
  case Int(DT_REG): return .file
  case Int(DT_DIR): return .folder
  case Int(DT_LNK): return .link
  default: return .other
  }
}

/// Syncs the names in a folder to disk, so that they survive a power failure.
///
/// - Throws: `SystemError` with the call `open` or `fsync`.
public func syncFolder(_ path: String) throws(SystemError) {
  try OpenFile(path, .readOnly, options: .directory).sync()
}

/// Renames a file, replacing an existing file of the new name, so that the new name survives a power failure.
///
/// - Throws: `SystemError`. With the call `rename`, the file has its old name; with another call, it has the new name,
///   but the folder could not be synced.
public func renameDurably(_ path: String, to newPath: String) throws(SystemError) {
  guard rename(path, newPath) == 0 else { throw SystemError(call: "rename", path: newPath) }
  try syncFolder(parentFolder(of: newPath))
}
