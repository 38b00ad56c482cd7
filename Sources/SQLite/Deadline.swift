internal import Synchronization

/// When work has to stop: at a point in time, or as soon as it is cancelled.
public struct Deadline: Sendable {
  /// The point in time.
  public let instant: ContinuousClock.Instant
  private let cancellation: Cancellation?

  /// Creates a deadline `duration` from now. It also passes when `cancellation` is cancelled.
  public init(in duration: Duration, _ cancellation: Cancellation? = nil) {
    instant = .now + duration
    self.cancellation = cancellation
  }

  /// The remaining time; negative after the deadline.
  public var left: Duration { instant - .now }

  /// Throws if the deadline has passed or the work was cancelled. Call it before a step that can't be undone.
  ///
  /// - Throws: `SQLiteError` with code `.interrupt`.
  public func check() throws(SQLiteError) {
    guard isOver else { return }
    throw SQLiteError(code: .interrupt, message: "the time allowed has passed")
  }

  /// Whether the deadline has passed or the work was cancelled.
  public var isOver: Bool { cancellation?.isCancelled == true || ContinuousClock.now >= instant }
}

/// A cancellation flag shared by all workers. Any thread may set it.
public final class Cancellation: Sendable {
  private let flag = Atomic(false)

  /// Creates a flag that isn't set.
  public init() {}

  /// Whether the work was cancelled.
  public var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// Cancels the work and interrupts the statements whose deadlines have this flag. It can't be undone.
  public func cancel() {
    flag.store(true, ordering: .sequentiallyConsistent)
    Interrupter.shared.wake()
  }
}
