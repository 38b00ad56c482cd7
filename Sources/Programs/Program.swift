internal import Basics
internal import Dispatch
internal import Synchronization

/// A program to run, as an argument vector without a shell, with limited time and limited output.
///
/// ```swift
/// let program = Program(
///   ["git", "status"], environment: Program.inherited(environment), timeout: .seconds(10),
///   keeping: .everything(upTo: 1 << 20))
/// let run = program.run()
/// if case .exited(0) = run.termination { print(String(decoding: run.output, as: UTF8.self)) }
/// ```
///
/// The program starts with default signal dispositions, and only the three standard descriptors are open. In a session
/// of its own it has no terminal, so Ctrl-C doesn't reach it, and a prompt for a password on the terminal fails at
/// once.
///
/// See also ``ProgramRun`` and ``SecretVariables``.
public struct Program: Sendable {
  /// The part of the output that is kept.
  public enum Keeping: Sendable {
    /// All of standard output, and the last 64 kB of standard error. A program that writes more bytes to standard
    /// output is killed.
    case everything(upTo: Int)
    /// The last bytes of standard output and standard error combined, in the order in which they were written.
    case last(Int)
  }

  /// The program's name, looked up in the PATH of `environment`, or its path, followed by its arguments.
  public let arguments: [String]
  /// The program's complete environment.
  public let environment: [String: String]
  /// The time limit. When it is reached, the program is killed; in a session of its own, its whole process group.
  public var timeout: Duration
  /// The part of the output that is kept.
  public var keeping: Keeping
  /// The folder in which the program runs; nil for this process's.
  public var folder: String?
  /// The program's standard input.
  public var input: [UInt8] = []
  /// Whether the program and its children run in a session of their own instead of the terminal's.
  public var hasOwnSession = true

  /// Creates a program without running it.
  public init(
    _ arguments: [String], environment: [String: String], timeout: Duration, keeping: Keeping
  ) {
    (self.arguments, self.environment) = (arguments, environment)
    (self.timeout, self.keeping) = (timeout, keeping)
  }

  /// Runs the program until it ends. This blocks, so don't call it from Swift concurrency tasks.
  ///
  /// If the kill at the time limit has no effect, for example because the program waits for a device that doesn't
  /// respond, this method returns a few seconds later, and the process is left to the system.
  ///
  /// The method doesn't wait for background processes that the program leaves behind, even if they keep its output
  /// open, and doesn't end them. When the time limit is reached, everything in the process group is killed, and only
  /// processes that have left the group survive.
  /// - Returns: how the program ended, and its output.
  public func run() -> ProgramRun {
    let outputs = Outputs(keeping)
    let termination = waitForTermination(outputs)
    return ProgramRun(termination: termination, output: outputs.output, errors: outputs.errors)
  }

  /// The only place where blocking code waits for asynchronous code.
  private func waitForTermination(_ outputs: Outputs) -> ProgramRun.Termination {
    let ended = TerminationSignal()
    let task = Task.detached(executorPreference: ProgramExecutor.shared, priority: .high) {
      ended.set(await execute(outputs))
    }
    if let termination = ended.wait(for: timeout) { return termination }
    // Cancelling the task kills the program.
    task.cancel()
    // The program may have ended at this moment.
    if let termination = ended.wait(for: Self.patience), case .exited = termination { return termination }
    return .timedOut
  }

  /// How long to wait for a killed program to end.
  private static let patience = Duration.seconds(5)
}

/// How a program ended, and its output.
public struct ProgramRun: Sendable {
  /// The ways in which a program ends.
  public enum Termination: Hashable, Sendable {
    /// The program exited with this status.
    case exited(Int32)
    /// The program was ended by this signal, which another process sent.
    case signaled(Int32)
    /// The program was killed at the time limit.
    case timedOut
    /// The program was killed because it wrote too much output.
    case tooLong
    /// The program could not be started; the system's error number.
    case notStarted(Int32)
    /// The program could not be observed until its end; the reason.
    case failed(String)
  }

  /// How the program ended.
  public let termination: Termination
  /// The part of the output that is kept.
  public let output: [UInt8]
  /// The part of standard error that is kept; empty if it is combined with `output`.
  public let errors: [UInt8]
}

/// A termination that blocking code waits for.
private final class TerminationSignal: Sendable {
  private let termination = Mutex(ProgramRun.Termination.failed("its end was not noticed"))
  private let semaphore = DispatchSemaphore(value: 0)

  func set(_ value: ProgramRun.Termination) {
    termination.withLock { $0 = value }
    semaphore.signal()
  }

  /// Waits for the termination; nil if it doesn't come in time.
  func wait(for time: Duration) -> ProgramRun.Termination? {
    guard semaphore.wait(timeout: .now() + DispatchTimeInterval(time)) == .success else { return nil }
    return termination.withLock { $0 }
  }
}
