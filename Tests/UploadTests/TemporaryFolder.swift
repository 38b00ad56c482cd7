import Foundation

/// A new, empty folder, which goes when the tests end.
func temporaryFolder() throws -> URL {
  let folder = temporaryRoot.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return folder
}

private let temporaryRoot: URL = {
  atexit { try? FileManager.default.removeItem(at: temporaryRoot) }
  return FileManager.default.temporaryDirectory.appending(path: "flotilla-upload-\(UUID())")
}()
