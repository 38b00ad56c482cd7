internal import Basics
internal import Dispatch
internal import Synchronization

/// A program to run: an argument vector that no shell sees, for bounded time and with bounded output.
///
/// Signals have their default dispositions in it, and no descriptor is open but the three standard ones. In a session
/// of its own it has no terminal: Ctrl-C doesn't reach it, and what would ask for a password there fails at once.
public struct Program: Sendable {
  /// What of its output is kept.
  public enum Keeping: Sendable {
    /// All of standard output, and the last 64 kB of standard error; a program that writes more bytes to standard
    /// output is stopped.
    case everything(upTo: Int)
    /// The last bytes of both together, in the order in which they were written.
    case last(Int)
  }

  /// Its name, looked up in the PATH of `environment`, or a path; then its arguments.
  public let arguments: [String]
  /// All of its environment.
  public let environment: [String: String]
  /// How long it may take; then it is killed, and in a session of its own all of its process group with it.
  public var timeout: Duration
  /// What of its output is kept.
  public var keeping: Keeping
  /// What it can read.
  public var input: [UInt8] = []
  /// Whether it is in a session of its own with what it starts, and not in the terminal's.
  public var hasOwnSession = true

  /// Prepares a program; nothing happens yet.
  public init(
    _ arguments: [String], environment: [String: String], timeout: Duration, keeping: Keeping
  ) {
    (self.arguments, self.environment) = (arguments, environment)
    (self.timeout, self.keeping) = (timeout, keeping)
  }

  /// Runs it to its end; blocks, so it is not for tasks of Swift's concurrency.
  ///
  /// Where the kill at the time limit doesn't end it, as when it waits for a device that doesn't answer, it is given up
  /// some seconds later: this returns, and the process is left to the system.
  ///
  /// The end is that of the program itself: something that it leaves in the background, and that may keep its output
  /// open, is neither waited for nor ended. The time limit ends whatever is in the group at that moment; only what
  /// has left the group survives.
  public func run() -> ProgramRun {
    let outputs = Outputs(keeping)
    let termination = waitForTermination(outputs)
    return ProgramRun(termination: termination, output: outputs.output, errors: outputs.errors)
  }

  /// The one place where blocking code waits for asynchronous code.
  private func waitForTermination(_ outputs: Outputs) -> ProgramRun.Termination {
    let ended = TerminationSignal()
    let task = Task.detached(executorPreference: ProgramExecutor.shared, priority: .high) {
      ended.set(await execute(outputs))
    }
    if let termination = ended.wait(for: timeout) { return termination }
    // Cancelling sends the signal.
    task.cancel()
    // It may have come to its end just then.
    if let termination = ended.wait(for: Self.patience), case .exited = termination { return termination }
    return .timedOut
  }

  /// How long the end of a killed program is waited for.
  private static let patience = Duration.seconds(5)
}

/// How a program that was run came to its end, and what it said.
public struct ProgramRun: Sendable {
  /// How a program ends.
  public enum Termination: Hashable, Sendable {
    /// With this exit status.
    case exited(Int32)
    /// By this signal, which somebody else sent.
    case signaled(Int32)
    /// Killed since its time was over.
    case timedOut
    /// Killed since it wrote more than it may.
    case tooLong
    /// It could not be started; the system's error number.
    case notStarted(Int32)
    /// It could not be followed to its end.
    case failed(String)
  }

  /// How it ended.
  public let termination: Termination
  /// What is kept of its output.
  public let output: [UInt8]
  /// What is kept of standard error, where that isn't part of `output`.
  public let errors: [UInt8]
}

/// An ending that blocking code waits for.
private final class TerminationSignal: Sendable {
  private let termination = Mutex(ProgramRun.Termination.failed("its end was not noticed"))
  private let semaphore = DispatchSemaphore(value: 0)

  func set(_ value: ProgramRun.Termination) {
    termination.withLock { $0 = value }
    semaphore.signal()
  }

  /// Nil where the time is over before.
  func wait(for time: Duration) -> ProgramRun.Termination? {
    guard semaphore.wait(timeout: .now() + DispatchTimeInterval(time)) == .success else { return nil }
    return termination.withLock { $0 }
  }
}
