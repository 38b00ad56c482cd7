internal import Dispatch
internal import Synchronization

/// Work on another thread, and its result.
final class ConcurrentWork<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let group = DispatchGroup()

  /// Begins the work.
  init(_ work: @escaping @Sendable () throws -> Value) {
    DispatchQueue.global().async(group: group) { [self] in
      let done = Result { try work() }
      result.withLock { $0 = done }
    }
  }

  /// Waits for the end of the work, for so many milliseconds.
  ///
  /// - Returns: whether it has ended.
  func hasEnded(within milliseconds: Int) -> Bool {
    group.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
  }

  /// Waits for the end of the work.
  ///
  /// - Returns: its result.
  /// - Throws: what it threw.
  func value() throws -> Value {
    group.wait()
    guard let result = result.withLock({ $0 }) else { preconditionFailure("the group has ended") }
    return try result.get()
  }
}
