internal import Glibc
internal import Synchronization

/// Which other processes have which files open, as far as this user may see.
///
/// One look at all processes answers for every installation of the next two seconds.
final class OpenFiles: Sendable {
  private struct File: Hashable {
    let device: UInt64
    let inode: UInt64
  }

  private struct Look {
    let end: ContinuousClock.Instant
    let processes: [File: Set<Int32>]
  }

  private let look = Mutex<Look?>(nil)
  private static let most = 5

  /// The processes that have the file behind a path open, as `ownprem-server (pid 812)`: five at most, and how many
  /// more.
  func holders(of path: String) -> [String] {
    guard let file = Self.file(path) else { return [] }
    let processes = look.withLock { look in
      if let look, look.end > .now { return look.processes[file] ?? [] }
      let processes = Self.processes()
      look = Look(end: .now + .seconds(2), processes: processes)
      return processes[file] ?? []
    }
    let names = processes.sorted().compactMap { process -> String? in
      guard let name = ProcessFiles.text("/proc/\(process)/comm") else { return nil }
      return printable(String(name.prefix { $0 != "\n" }), except: "") + " (pid \(process))"
    }
    let rest = names.count - Self.most
    return names.prefix(Self.most) + (rest > 0 ? ["and \(rest) more"] : [])
  }

  private static func file(_ path: String) -> File? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return File(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  private static func processes() -> [File: Set<Int32>] {
    var found: [File: Set<Int32>] = [:]
    for process in ProcessFiles.names("/proc").compactMap({ Int32($0) }) where process != getpid() {
      let folder = "/proc/\(process)/fd"
      for descriptor in ProcessFiles.names(folder) {
        if let file = file("\(folder)/\(descriptor)") { found[file, default: []].insert(process) }
      }
    }
    return found
  }
}

extension Outcome {
  /// The names of the programs in `openBy`, each once.
  public var programs: Set<String> {
    Set(
      openBy.compactMap { holder in holder.firstRange(of: " (pid ").map { String(holder[..<$0.lowerBound]) } }
    )
  }
}

/// Files of proc(5), which have no size.
enum ProcessFiles {
  /// What is in a file; nil where it can't be read.
  static func text(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(file, &buffer, buffer.count)
      if count < 0 { return nil }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<count]
    }
  }

  /// What is in a folder, but for what begins with a dot; nothing where it can't be read.
  static func names(_ folder: String) -> [String] {
    guard let entries = opendir(folder) else { return [] }
    defer { closedir(entries) }
    var names: [String] = []
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}
