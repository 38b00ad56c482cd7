import Basics
import FoundationEssentials

/// Calls `body` with an empty folder, which is removed afterwards with its content.
func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
  let path: String
  do throws(SystemError) {
    path = try newTemporaryFolder("flotilla")
  } catch {
    throw UsageError("no temporary folder can be made in /tmp: \(error.text)")
  }
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}
