internal import Basics
internal import Dispatch
internal import Glibc
internal import Migrations
internal import Synchronization

/// Finds which other processes have a file open, as far as this user may see.
///
/// One scan of all processes serves every installation for the next two seconds. The scan reads links in /proc and
/// touches no other file system. Descriptors whose link ends with the database's file name are then compared with the
/// database by device and inode. Each comparison has its own thread, because it never returns on a mount whose server
/// is gone. The rest of the path isn't compared, because a process in a container sees the file at a different path.
final class OpenFiles: Sendable {
  struct File: Hashable {
    let device: UInt64
    let inode: UInt64

    /// The file at a path; nil if it isn't a regular file.
    @Sendable static func at(_ path: String) -> File? {
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      return File(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }
  }

  private struct Descriptor: Hashable {
    let process: Int32
    let number: String
    var path: String { "/proc/\(process)/fd/\(number)" }
  }

  private struct Look {
    let end: ContinuousClock.Instant
    /// The descriptors by the last part of the path.
    let descriptors: [String: [Descriptor]]
  }

  private let look = Mutex<Look?>(nil)
  /// Descriptors that gave no answer. They are not asked again.
  private let silent = Mutex<Set<Descriptor>>([])
  private let file: @Sendable (String) -> File?
  private let patience: Duration
  private static let most = 5

  /// - Parameters:
  ///   - patience: the time limit for one call of `holders`. Later answers are left out.
  ///   - file: returns the file at a path; may never return.
  init(
    patience: Duration = .milliseconds(500), file: @escaping @Sendable (String) -> File? = File.at
  ) {
    (self.patience, self.file) = (patience, file)
  }

  /// The processes that have the file at a path open, as `ownprem-server (pid 812)`: at most five, then the number of
  /// the others.
  func holders(of path: String) -> [String] {
    let deadline = ContinuousClock.now + patience
    guard let own = answer(deadline, { [file] in file(path) }) ?? nil, let real = FileSystem.realPath(path)
    else { return [] }
    let candidates = descriptors(to: fileName(of: real)).filter { candidate in
      !silent.withLock { $0.contains(candidate) }
    }
    var processes: Set<Int32> = []
    for candidate in candidates where !processes.contains(candidate.process) && deadline > .now {
      guard let found = answer(deadline, { [file] in file(candidate.path) }) else {
        _ = silent.withLock { $0.insert(candidate) }
        continue
      }
      if found == own { processes.insert(candidate.process) }
    }
    let names = processes.sorted().compactMap { process -> String? in
      guard let name = ProcessFiles.text("/proc/\(process)/comm") else { return nil }
      return name.prefix { $0 != "\n" }.replacingControlCharacters() + " (pid \(process))"
    }
    let rest = names.count - Self.most
    return names.prefix(Self.most) + (rest > 0 ? ["and \(rest) more"] : [])
  }

  /// The result of `question`; nil if it has not returned by the deadline.
  private func answer<T: Sendable>(
    _ deadline: ContinuousClock.Instant, _ question: @escaping @Sendable () -> T
  ) -> T? {
    let answer = Answer<T>()
    DispatchQueue(label: "open files").async {
      let value = question()
      answer.value.withLock { $0 = value }
      answer.isThere.signal()
    }
    let left = max(deadline - .now, .zero)
    guard answer.isThere.wait(timeout: .now() + DispatchTimeInterval(left)) == .success
    else { return nil }
    return answer.value.withLock { $0 }
  }

  private func descriptors(to name: String) -> [Descriptor] {
    look.withLock { look in
      if let look, look.end > .now { return look.descriptors[name] ?? [] }
      let descriptors = Self.descriptors()
      look = Look(end: .now + .seconds(2), descriptors: descriptors)
      return descriptors[name] ?? []
    }
  }

  /// All descriptors of other processes that refer to a path, by the last part of that path.
  private static func descriptors() -> [String: [Descriptor]] {
    var found: [String: [Descriptor]] = [:]
    for process in ProcessFiles.names("/proc").compactMap({ Int32($0) }) where process != getpid() {
      for number in ProcessFiles.names("/proc/\(process)/fd") {
        let descriptor = Descriptor(process: process, number: number)
        guard let target = ProcessFiles.target(descriptor.path), target.hasPrefix("/") else { continue }
        found[fileName(of: target), default: []].append(descriptor)
      }
    }
    return found
  }

}

/// The result that another thread provides.
private final class Answer<T: Sendable>: Sendable {
  let value = Mutex<T?>(nil)
  let isThere = DispatchSemaphore(value: 0)
}

extension Outcome {
  /// The names of the programs in `openBy`, without repetitions.
  public var programs: Set<String> {
    Set(
      openBy.compactMap { holder in holder.firstRange(of: " (pid ").map { String(holder[..<$0.lowerBound]) } }
    )
  }
}

/// Reads files of proc(5), whose reported size is 0.
enum ProcessFiles {
  /// The content of a file; nil if it can't be read.
  static func text(_ path: String) -> String? {
    (try? readFile(path)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The text of a symbolic link; nil if it can't be read.
  static func target(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      guard let start = buffer.baseAddress else { return nil }
      let count = readlink(path, start, buffer.count)
      guard count > 0 else { return nil }
      return String(decoding: UnsafeRawBufferPointer(buffer)[..<count], as: UTF8.self)
    }
  }

  /// The names in a folder that don't begin with a dot; empty if the folder can't be read.
  static func names(_ folder: String) -> [String] {
    (try? namesInFolder(folder))?.filter { !$0.hasPrefix(".") } ?? []
  }
}
