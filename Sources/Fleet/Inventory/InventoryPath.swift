internal import Basics
internal import Glibc
internal import SystemPackage

/// Paths and files, as far as an inventory needs them.
enum InventoryPath {
  /// What stat(2) says of the file behind a path, following links; nil where there is none.
  static func status(_ path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }

  static func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }
  static func isRegularFile(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFREG }

  /// Whether this process may run the file, and somebody is meant to.
  static func isExecutable(_ path: String) -> Bool {
    guard let status = status(path), isRegularFile(status) else { return false }
    return access(path, X_OK) == 0
  }

  /// The bytes of a file as text.
  static func read(_ path: String) throws(ReadFailure) -> String {
    let bytes: [UInt8]
    do throws(SystemError) { bytes = try readFile(path) } catch { throw .system(error.code) }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
    return text
  }

  enum ReadFailure: Error, CustomStringConvertible {
    case system(Errno)
    case notUTF8

    var description: String {
      switch self {
      case .system(let code): InventoryPath.message(code)
      case .notUTF8: "not UTF-8 text"
      }
    }
  }

  /// The system's text for an error number, in lower case as it stands within a sentence.
  static func message(_ code: Errno) -> String {
    let message = "\(code)"
    return message.prefix(1).lowercased() + message.dropFirst()
  }

  /// The paths that match a glob(3) pattern, sorted; none is an empty list.
  ///
  /// A folder that is there and can't be read is an error: its databases would be left out without a word.
  static func matches(_ pattern: String) throws(ReadFailure) -> [String] {
    var result = glob_t()
    defer { globfree(&result) }
    let stopsAt: @convention(c) (UnsafePointer<CChar>?, Int32) -> Int32 = { _, code in
      code == ENOENT || code == ENOTDIR ? 0 : 1
    }
    switch glob(pattern, GLOB_NOSORT, stopsAt, &result) {
    case 0: break
    case GLOB_NOMATCH: return []
    case GLOB_NOSPACE: throw .system(.noMemory)
    default: throw .system(errno == 0 ? .permissionDenied : .last)
    }
    var paths: [String] = []
    paths.reserveCapacity(Int(result.gl_pathc))
    for index in 0..<Int(result.gl_pathc) {
      guard let bytes = result.gl_pathv[index] else { continue }
      guard let path = String(validatingCString: bytes) else { throw .notUTF8 }
      paths.append(path)
    }
    return paths.sorted()
  }
}
