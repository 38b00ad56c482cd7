internal import SystemPackage

/// Reads the file at `path` to its end, whatever size the system says it has: pipes and proc(5) say 0.
///
/// - Throws: `SystemError`, with the call `read` and `EISDIR` if it is a folder.
public func readFile(_ path: String) throws(SystemError) -> [UInt8] {
  try OpenFile(path, .readOnly).readAll()
}
