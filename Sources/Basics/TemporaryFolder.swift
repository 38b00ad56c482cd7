internal import Glibc

/// Creates an empty folder with an unused name in /tmp, which only this user may open.
///
/// A name that others can guess could be taken by somebody else's folder or link. The caller removes the folder.
/// - Parameter prefix: the beginning of its name.
/// - Returns: its path.
/// - Throws: `SystemError` with the call `mkdtemp`.
public func newTemporaryFolder(_ prefix: String) throws(SystemError) -> String {
  // mkdtemp(3) replaces the Xs to form an unused name.
  var template = Array("/tmp/\(prefix)-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { throw SystemError(call: "mkdtemp", path: "/tmp") }
  return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
