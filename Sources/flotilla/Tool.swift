import Glibc

/// A program of the system, found through PATH and run without a shell.
struct Tool {
  struct Result {
    /// Its exit status; 127 where it could not be started, and 128 and the signal where one ended it.
    let status: Int32
    let output: [UInt8]
    /// The last that it said, on one line.
    let reason: String
  }

  private let name: String
  private let environment: [String: String]

  init(_ name: String, _ environment: [String: String]) {
    (self.name, self.environment) = (name, environment)
  }

  /// Runs it to its end.
  func run(_ arguments: [String], input: [UInt8] = []) -> Result {
    // Files without a name, so that neither side waits for the other to read.
    let streams = (0..<3).compactMap { _ in tmpfile() }
    defer { for stream in streams { fclose(stream) } }
    let files = streams.map(fileno)
    guard files.count == 3, pwrite(files[0], input, input.count, 0) == input.count else {
      return failure(errno)
    }
    var process: pid_t = 0
    let code = spawn(arguments, files, &process)
    guard code == 0 else { return failure(code) }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 { guard errno == EINTR else { return failure(errno) } }
    // The wait status as in <bits/waitstatus.h>, whose macros Swift can't call.
    let ending = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    let said = String(decoding: Self.content(files[2]), as: UTF8.self).split(whereSeparator: \.isNewline)
    let reason = said.isEmpty ? "\(name) ended with status \(ending)" : said.suffix(3).joined(separator: "; ")
    return Result(status: ending, output: Self.content(files[1]), reason: reason)
  }

  private func failure(_ code: Int32) -> Result {
    let cause = strerror(code).map { String(cString: $0) } ?? "error \(code)"
    return Result(status: 127, output: [], reason: "\(name) can't be run: \(cause)")
  }

  private func spawn(_ arguments: [String], _ files: [Int32], _ process: inout pid_t) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, file) in files.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, file, Int32(number))
    }
    let words = ([name] + arguments).map { strdup($0) }
    let variables = environment.map { strdup("\($0.key)=\($0.value)") }
    defer { for pointer in words + variables { free(pointer) } }
    return posix_spawnp(&process, name, &actions, nil, words + [nil], variables + [nil])
  }

  private static func content(_ file: Int32) -> [UInt8] {
    let size = Int(lseek(file, 0, SEEK_END))
    guard size > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: size)
    let count = pread(file, &bytes, size, 0)
    return Array(bytes.prefix(max(count, 0)))
  }
}
