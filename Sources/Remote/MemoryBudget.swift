internal import Dispatch
internal import Synchronization

/// Limits the memory that all connections together use for answers that aren't decoded yet.
///
/// Only frames above `small` count; smaller ones take less than a connection does anyway. Memory is reserved as bytes
/// arrive, so announcing a long frame reserves nothing.
final class MemoryBudget: Sendable {
  /// The budget in bytes.
  static let total = 64 << 20
  /// The size in bytes up to which a frame doesn't count.
  static let small = 16 << 10
  /// How long a connection waits for memory before it is closed, in seconds.
  static let patience = 10.0

  private struct Waiting {
    let number: Int
    let bytes: Int
    let granted: DispatchSemaphore
  }

  private struct State {
    var free: Int
    var waiting: [Waiting] = []
    var last = 0

    /// Grants waiting requests in their order, as far as memory allows.
    mutating func grant() {
      while let first = waiting.first, first.bytes <= free {
        free -= first.bytes
        waiting.removeFirst()
        first.granted.signal()
      }
    }
  }

  private let state: Mutex<State>

  init(_ bytes: Int = total) { state = Mutex(State(free: bytes)) }

  /// The number of bytes that are not reserved.
  var free: Int { state.withLock { $0.free } }

  /// Reserves memory, and waits if there isn't enough.
  ///
  /// - Returns: whether the memory became available within `seconds`.
  fileprivate func take(_ bytes: Int, within seconds: Double) -> Bool {
    let granted = DispatchSemaphore(value: 0)
    let number = state.withLock { state in
      state.last += 1
      state.waiting.append(Waiting(number: state.last, bytes: bytes, granted: granted))
      state.grant()
      return state.last
    }
    if granted.wait(timeout: .now() + seconds) == .success { return true }
    return state.withLock { state in
      // It may have been granted after the timeout.
      guard let place = state.waiting.firstIndex(where: { $0.number == number }) else { return true }
      state.waiting.remove(at: place)
      state.grant()
      return false
    }
  }

  fileprivate func give(_ bytes: Int) {
    state.withLock { state in
      state.free += bytes
      state.grant()
    }
  }
}

/// The part of the budget that one frame uses; it is released with this object.
final class MemoryShare: Sendable {
  private let budget: MemoryBudget
  private let bytes = Mutex(0)

  init(_ budget: MemoryBudget) { self.budget = budget }

  deinit { budget.give(bytes.withLock { $0 }) }

  /// Reserves memory until this share has `total` bytes.
  ///
  /// - Returns: whether the memory became available within `seconds`.
  func grow(to total: Int, within seconds: Double = MemoryBudget.patience) -> Bool {
    let lack = total - bytes.withLock { $0 }
    guard lack > 0 else { return true }
    guard budget.take(lack, within: seconds) else { return false }
    bytes.withLock { $0 += lack }
    return true
  }
}
