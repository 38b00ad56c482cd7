internal import Basics
internal import Glibc
internal import SystemPackage

/// The file system functions that an inventory needs.
enum InventoryPath {
  /// The result of stat(2), which follows links; nil if it fails.
  static func status(_ path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }

  /// Whether the path itself is a symbolic link.
  static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  static func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }
  static func isRegularFile(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFREG }

  /// Whether this is a regular file that the process may execute. For root, some execute bit must be set.
  static func isExecutable(_ path: String) -> Bool {
    guard let status = status(path), isRegularFile(status) else { return false }
    return access(path, X_OK) == 0
  }

  /// The content of a file as text.
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

  /// The system's text for an error number, in lower case for use within a sentence.
  static func message(_ code: Errno) -> String {
    let message = "\(code)"
    return message.prefix(1).lowercased() + message.dropFirst()
  }
}
