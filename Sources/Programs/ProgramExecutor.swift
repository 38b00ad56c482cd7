internal import Dispatch
internal import Glibc

/// Runs the tasks that observe programs on a thread of their own, so that they run even if all threads of Swift
/// concurrency are busy.
///
/// Subprocess does the last part of its work outside this executor when a program ends. Code that waits for a program
/// must therefore not block a thread of Swift concurrency.
public final class ProgramExecutor: TaskExecutor {
  /// The only instance.
  public static let shared = ProgramExecutor()
  private let queue = DispatchQueue(label: "programs")

  /// The process that started this one may have set SIGCHLD to be ignored, so that the exit status of child processes
  /// would be lost. This is corrected once, before the first program.
  private init() { signal(SIGCHLD, SIG_DFL) }

  /// See `TaskExecutor`.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
