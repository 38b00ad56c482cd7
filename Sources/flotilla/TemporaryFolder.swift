import FoundationEssentials
import Glibc

/// Calls `body` with an empty folder, which is removed afterwards with its content.
func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
  // mkdtemp(3) replaces the Xs to form an unused name.
  var template = Array("/tmp/flotilla-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { throw UsageError("no temporary folder can be made in /tmp") }
  let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}
