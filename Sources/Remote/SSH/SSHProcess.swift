internal import Basics
internal import Dispatch
internal import Fleet
internal import FoundationEssentials
internal import Glibc
internal import Programs
internal import Subprocess
internal import Synchronization
internal import SystemPackage
internal import Upgrade

/// A running ssh: its input and output as one stream, and its error output.
///
/// It runs in a process group of its own, so that Ctrl-C at the terminal doesn't interrupt work that is to be
/// finished.
final class SSHProcess: AgentProcess {
  /// Standard input and output; non-blocking.
  let stream: Int32
  private let errors: Int32
  private let host: Host
  private let task: Task<Void, Never>
  private let ended = DispatchSemaphore(value: 0)
  private let state: State

  /// How ssh ended.
  struct Exit {
    /// The description, as a sentence.
    let text: String
    /// The exit status, which is that of the command on the host unless ssh itself failed (255); nil without one.
    var status: Int32?

    init(text: String) { self.text = text }

    init(_ exit: TerminationStatus) {
      switch exit {
      case .exited(255): text = "ssh failed and didn't say why"
      case .exited(let code): text = "what was run on the host ended with status \(code)"
      case .signaled(let signal): text = "ssh was ended by signal \(signal)"
      }
      if case .exited(let code) = exit { status = code }
    }
  }

  private final class State: Sendable {
    let exit = Mutex<Exit?>(nil)
    let said = Mutex<[UInt8]>([])
  }

  /// Starts ssh, which is found through PATH.
  init(_ arguments: [String], to host: Host) throws(Failure) {
    self.host = host
    var (stream, errors): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &stream) == 0
    else {
      throw Self.failure(errno)
    }
    guard pipe(&errors) == 0 else {
      let code = errno
      for file in stream { close(file) }
      throw Self.failure(code)
    }
    for file in errors { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(errors[0], F_SETFL, O_NONBLOCK)
    (self.stream, self.errors) = (stream[0], errors[0])
    let (child, said) = (FileDescriptor(rawValue: stream[1]), FileDescriptor(rawValue: errors[1]))
    let theirs = Ends([stream[1], errors[1]])
    let (state, ended) = (State(), ended)
    self.state = state
    task = Task.detached(executorPreference: ProgramExecutor.shared, priority: .high) {
      var options = PlatformOptions()
      options.processGroupID = 0
      let variables = Program.inherited(ProcessInfo.processInfo.environment).map { name, value in
        Array("\(name)=\(value)\0".utf8)
      }
      do {
        let result = try await Subprocess.run(
          .name("ssh"), arguments: Arguments(arguments), environment: .custom(variables),
          platformOptions: options,
          input: .fileDescriptor(child, closeAfterSpawningProcess: false),
          output: .fileDescriptor(child, closeAfterSpawningProcess: false),
          error: .fileDescriptor(said, closeAfterSpawningProcess: false)
        ) { _ in theirs.close() }
        state.exit.withLock { $0 = Exit(result.terminationStatus) }
      } catch {
        theirs.close()
        let isMissing = (error as? SubprocessError)?.code == .executableNotFound
        let reason = isMissing ? "it is not in PATH: install OpenSSH's client" : "\(error)"
        state.exit.withLock { $0 = Exit(text: "ssh can't be run: \(reason)") }
      }
      ended.signal()
    }
  }

  /// The descriptors that ssh uses. While this process has them open too, it can't notice that ssh is gone.
  private final class Ends: Sendable {
    private let descriptors: Mutex<[Int32]>

    init(_ descriptors: [Int32]) { self.descriptors = Mutex(descriptors) }

    /// Closes them; later calls do nothing.
    func close() {
      descriptors.withLock { descriptors in
        for descriptor in descriptors { Glibc.close(descriptor) }
        descriptors = []
      }
    }
  }

  deinit {
    close(stream)
    close(errors)
  }

  private static func failure(_ code: Int32) -> Failure {
    Failure(code: .unreachable, step: .open, message: "ssh can't be run: \(Errno(rawValue: code))")
  }

  /// Kills ssh.
  func kill() { task.cancel() }

  /// The last 4,000 bytes at most of the error output, with line breaks and without control characters.
  func said() -> String {
    state.said.withLock { said in
      var buffer = [UInt8](repeating: 0, count: 4096)
      while case let count = read(errors, &buffer, buffer.count), count > 0 {
        said = (said + buffer[..<count]).suffix(4000)
      }
      let text = String(decoding: said, as: UTF8.self)
      return String(text.map { $0.isNewline ? "\n" : $0.isControl ? "\u{FFFD}" : $0 })
    }
  }

  /// Waits until ssh ends, at most `seconds`.
  func waitForEnd(_ seconds: Double) {
    if ended.wait(timeout: .now() + seconds) == .success { ended.signal() }
  }

  /// How ssh ended; nil while it runs.
  var exit: Exit? { state.exit.withLock { $0 } }

  var status: Int32? { diagnosis.status }

  func failure(at step: UpgradeStep) -> Failure { diagnosis.failure(at: step) }

  private var diagnosis: SSHFailure { SSHFailure(self, host) }
}
