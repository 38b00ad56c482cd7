internal import Glibc
internal import SystemPackage

/// Lists the names in a folder, except `.` and `..`, in no particular order.
///
/// - Throws: `SystemError` if the folder can't be read to its end.
public func namesInFolder(_ path: String) throws(SystemError) -> [String] {
  // The system treats a NUL as the end of a path.
  guard !path.utf8.contains(0) else { throw SystemError(call: "opendir", path: path, code: .invalidArgument) }
  guard let stream = opendir(path) else { throw SystemError(call: "opendir", path: path) }
  defer { closedir(stream) }
  var names: [String] = []
  while true {
    errno = 0
    guard let entry = readdir(stream) else { break }
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != ".", name != ".." { names.append(name) }
  }
  guard errno == 0 else { throw SystemError(call: "readdir", path: path) }
  return names
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
