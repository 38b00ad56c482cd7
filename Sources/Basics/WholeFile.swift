internal import SystemPackage

/// Reads the whole file at `path`, regardless of its reported size, which is 0 for pipes and proc(5).
///
/// - Throws: `SystemError`, with the call `read` and `EISDIR` if it is a folder.
public func readFile(_ path: String) throws(SystemError) -> [UInt8] {
  try OpenFile(path, .readOnly).readAll()
}
