internal import Dispatch
internal import Glibc

/// Runs what follows the programs on a thread that is always there, however busy the threads of Swift's concurrency
/// are.
///
/// Subprocess does a last part of its work outside of it, at the end of a program: so whoever waits for a program
/// must not hold one of those threads.
public final class ProgramExecutor: TaskExecutor {
  /// The one that there is.
  public static let shared = ProgramExecutor()
  private let queue = DispatchQueue(label: "programs")

  /// Who started this process may have it ignore that its children end; then nobody could ask how they did. It is set
  /// right once, before the first program.
  private init() { signal(SIGCHLD, SIG_DFL) }

  /// See `TaskExecutor`.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
