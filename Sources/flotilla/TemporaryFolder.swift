import FoundationEssentials
import Glibc

/// Calls `body` with an empty folder that goes away with all that is in it.
func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
  // mkdtemp(3) puts a name that is free in the place of each X.
  var template = Array("/tmp/flotilla-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { throw UsageError("no temporary folder can be made in /tmp") }
  let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}
