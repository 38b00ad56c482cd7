internal import Dispatch
public import Testing

/// Runs tests on threads of their own, and not on the few of Swift's concurrency, for tests that wait for something
/// which needs those.
public struct OwnThreads: SuiteTrait, TestTrait, TestScoping {
  /// A suite passes it on to its tests.
  public var isRecursive: Bool { true }

  /// Calls the test on another thread.
  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(Threads.shared) { try await function() }
  }
}

extension Trait where Self == OwnThreads {
  /// On threads of their own.
  public static var ownThreads: Self { Self() }
}

private final class Threads: TaskExecutor {
  static let shared = Threads()
  private let queue = DispatchQueue(label: "tests", attributes: .concurrent)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
