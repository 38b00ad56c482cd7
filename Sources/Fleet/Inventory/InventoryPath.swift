internal import Glibc

/// Paths and files, as far as an inventory needs them.
enum InventoryPath {
  static func lastComponent(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

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
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw .system(errno)
      }
      bytes += buffer[..<count]
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
    return text
  }

  enum ReadFailure: Error, CustomStringConvertible {
    case system(Int32)
    case notUTF8

    var description: String {
      switch self {
      case .system(let code): InventoryPath.message(code)
      case .notUTF8: "not UTF-8 text"
      }
    }
  }

  /// The system's text for an error number, in lower case as it stands within a sentence.
  static func message(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    let message = buffer.withUnsafeBufferPointer { text in
      text.baseAddress.map { String(cString: $0) } ?? ""
    }
    return message.prefix(1).lowercased() + message.dropFirst()
  }

  /// `path` with the characters escaped that glob(3) would take for a pattern.
  static func globEscaped(_ path: String) -> String {
    var result = ""
    for character in path {
      if "*?[]\\".contains(character) { result.append("\\") }
      result.append(character)
    }
    return result
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
    case GLOB_NOSPACE: throw .system(ENOMEM)
    default: throw .system(errno == 0 ? EACCES : errno)
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
