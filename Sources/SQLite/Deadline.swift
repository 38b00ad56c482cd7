internal import Synchronization

/// When work has to stop: at a moment, or as soon as somebody calls it off.
public struct Deadline: Sendable {
  /// The moment.
  public let instant: ContinuousClock.Instant
  private let cancellation: Cancellation?

  /// A deadline `duration` from now, or when `cancellation` is asked for.
  public init(in duration: Duration, _ cancellation: Cancellation? = nil) {
    instant = .now + duration
    self.cancellation = cancellation
  }

  /// How long it is to the moment; negative behind it.
  public var left: Duration { instant - .now }

  /// Throws where it has passed, as before a step that can't be taken back.
  ///
  /// - Throws: `SQLiteError` with code `.interrupt`.
  public func check() throws(SQLiteError) {
    guard isOver else { return }
    throw SQLiteError(code: .interrupt, message: "the time allowed has passed")
  }

  /// Whether it has passed.
  public var isOver: Bool { cancellation?.isCancelled == true || ContinuousClock.now >= instant }
}

/// A cancellation flag shared by all workers. Any thread may set it.
public final class Cancellation: Sendable {
  private let flag = Atomic(false)

  /// Not asked for yet.
  public init() {}

  /// Whether it was asked for.
  public var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// Asks for it, and interrupts the statements whose deadlines know it; there is no way back.
  public func cancel() {
    flag.store(true, ordering: .sequentiallyConsistent)
    Interrupter.shared.wake()
  }
}
