public import SQLite
internal import Synchronization

/// Whether the user asked to stop, and by which signal. Any thread may ask.
public final class Interruption: Sendable {
  private let number = Atomic<Int32>(0)

  /// Calls off what need not come to its end: work on copies.
  public let cancellation = Cancellation()

  /// Not asked for yet.
  public init() {}

  /// The signal that asked, or nil.
  public var signal: Int32? {
    let value = number.load(ordering: .relaxed)
    return value == 0 ? nil : value
  }

  /// Asks; the first signal counts.
  public func request(_ signal: Int32) {
    _ = number.compareExchange(expected: 0, desired: signal, ordering: .relaxed)
    cancellation.cancel()
  }
}
