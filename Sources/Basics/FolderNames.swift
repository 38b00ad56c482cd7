internal import Glibc
internal import SystemPackage

/// The names in a folder, but for `.` and `..`, in no order.
///
/// - Throws: `SystemError` if the folder can't be read to its end.
public func namesInFolder(_ path: String) throws(SystemError) -> [String] {
  // The system takes a path for ended at its first NUL.
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

/// Makes the names in a folder last over a power cut.
///
/// - Throws: `SystemError` with the call `open` or `fsync`.
public func syncFolder(_ path: String) throws(SystemError) {
  try OpenFile(path, .readOnly, options: .directory).sync()
}

/// Renames a file, over one that has the new name, and makes that last over a power cut.
///
/// - Throws: `SystemError` with the call `rename` if the file keeps its old name; with another one if it has the new name
///   and the folder could not be synced.
public func renameDurably(_ path: String, to newPath: String) throws(SystemError) {
  guard rename(path, newPath) == 0 else { throw SystemError(call: "rename", path: newPath) }
  try syncFolder(parentFolder(of: newPath))
}
