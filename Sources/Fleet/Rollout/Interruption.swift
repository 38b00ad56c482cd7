public import SQLite
internal import Synchronization

/// Records whether the user asked to stop, and by which signal. It can be used from any thread.
public final class Interruption: Sendable {
  private let number = Atomic<Int32>(0)

  /// A cancellation flag for work that need not be finished, such as work on copies.
  public let cancellation = Cancellation()

  /// Creates an interruption that nobody has requested yet.
  public init() {}

  /// The first signal that asked to stop, or nil.
  public var signal: Int32? {
    let value = number.load(ordering: .relaxed)
    return value == 0 ? nil : value
  }

  /// Asks to stop. Only the first signal counts.
  public func request(_ signal: Int32) {
    _ = number.compareExchange(expected: 0, desired: signal, ordering: .relaxed)
    cancellation.cancel()
  }
}
