internal import Glibc

/// Runs a program that prints an inventory: without a shell, without input, for a bounded time and size, in the folder
/// that this process is in.
struct InventoryProgram {
  let path: String
  let arguments: [String]
  let environment: [String: String]
  var timeout = Duration.seconds(30)
  var longestOutput = 64 << 20

  enum Failure: Error, CustomStringConvertible {
    case start(Int32)
    case timeout(Duration)
    case tooLong(bytes: Int)
    case exit(status: Int32, errors: String)
    case signal(Int32, errors: String)
    case system(Int32)

    var description: String {
      switch self {
      case .start(ENOEXEC): "can't be run: it is executable but no program (is the #! line missing?)"
      case .start(let code): "can't be run: \(InventoryPath.message(code))"
      case .timeout(let limit): "was stopped after \(limit.components.seconds) s without an end"
      case .tooLong(let bytes): "was stopped after printing more than \(bytes >> 20) MB"
      case .exit(let status, let errors): "failed with exit status \(status)\(Self.tail(errors))"
      case .signal(let signal, let errors): "was ended by signal \(signal)\(Self.tail(errors))"
      case .system(let code): "can't be read from: \(InventoryPath.message(code))"
      }
    }

    /// The last that the program said, on one line.
    private static func tail(_ errors: String) -> String {
      let lines = errors.split(whereSeparator: \.isNewline).map { InventoryRules.printable(String($0)) }
      let text = lines.joined(separator: " | ")
      guard !text.isEmpty else { return "" }
      return ": \(text.count > 1_000 ? "…\(text.suffix(1_000))" : text)"
    }
  }

  /// What the program prints to standard output.
  func output() throws(Failure) -> [UInt8] {
    let (output, errors) = (try Pipe(), try Pipe())
    defer { output.closeBoth(); errors.closeBoth() }
    let process = try spawn(output: output.write, errors: errors.write)
    output.closeWrite()
    errors.closeWrite()
    let deadline = ContinuousClock.now + timeout
    var collected: (output: [UInt8], errors: [UInt8])
    var status: Int32
    do {
      collected = try collect(output.read, errors.read, until: deadline)
      status = try wait(for: process, until: deadline)
    } catch {
      // The program has a process group of its own, so that what it started goes as well.
      kill(-process, SIGKILL)
      var ignored: Int32 = 0
      while waitpid(process, &ignored, 0) < 0, errno == EINTR {}
      throw error
    }
    let said = String(decoding: collected.errors, as: UTF8.self)
    // The wait status as in <bits/waitstatus.h>, whose macros Swift can't call.
    guard status & 0x7f == 0 else { throw .signal(status & 0x7f, errors: said) }
    status = (status >> 8) & 0xff
    guard status == 0 else { throw .exit(status: status, errors: said) }
    return collected.output
  }

  private func collect(
    _ output: Int32, _ errors: Int32, until deadline: ContinuousClock.Instant
  ) throws(Failure) -> (output: [UInt8], errors: [UInt8]) {
    var polled = [output, errors].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var texts: [[UInt8]] = [[], []]
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while polled.contains(where: { $0.fd >= 0 }) {
      let left = deadline - ContinuousClock.now
      guard left > .zero else { throw .timeout(timeout) }
      let ready = poll(&polled, 2, Int32(left / .milliseconds(1)) + 1)
      if ready < 0, errno != EINTR { throw .system(errno) }
      guard ready > 0 else { continue }
      for index in polled.indices where polled[index].fd >= 0 && polled[index].revents != 0 {
        let count = read(polled[index].fd, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        if count < 0 { throw .system(errno) }
        if count == 0 { polled[index].fd = -1 }
        texts[index] += buffer[..<count]
      }
      guard texts[0].count <= longestOutput else { throw .tooLong(bytes: longestOutput) }
      if texts[1].count > 1 << 16 { texts[1].removeFirst(texts[1].count - 1 << 16) }
    }
    return (texts[0], texts[1])
  }

  private func wait(for process: pid_t, until deadline: ContinuousClock.Instant) throws(Failure) -> Int32 {
    var status: Int32 = 0
    while true {
      let result = waitpid(process, &status, WNOHANG)
      if result == process { return status }
      if result < 0, errno != EINTR { throw .system(errno) }
      guard ContinuousClock.now < deadline else { throw .timeout(timeout) }
      usleep(2_000)
    }
  }

  private func spawn(output: Int32, errors: Int32) throws(Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    posix_spawnattr_setflags(&attributes, Int16(flags))

    let words = ([path] + arguments).map { strdup($0) }
    let variables = environment.map { strdup("\($0.key)=\($0.value)") }
    defer { for pointer in words + variables { free(pointer) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, path, &actions, &attributes, words + [nil], variables + [nil])
    guard code == 0 else { throw .start(code) }
    return process
  }
}

/// The two ends of a pipe, which a program that is started doesn't inherit.
private final class Pipe {
  private(set) var read: Int32
  private(set) var write: Int32

  init() throws(InventoryProgram.Failure) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .system(errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (read, write) = (ends[0], ends[1])
  }

  func closeWrite() {
    if write >= 0 { close(write) }
    write = -1
  }

  func closeBoth() {
    closeWrite()
    if read >= 0 { close(read) }
    read = -1
  }
}
