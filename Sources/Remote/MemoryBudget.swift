internal import Dispatch
internal import Synchronization

/// The memory that all connections together may hold of answers that aren't decoded yet.
///
/// Only frames above `small` count: the others are smaller than what a connection takes anyway. Memory is taken as the
/// bytes arrive, so that announcing a long frame costs nobody anything.
final class MemoryBudget: Sendable {
  /// The budget in bytes.
  static let total = 64 << 20
  /// A frame up to this many bytes counts for nothing.
  static let small = 16 << 10
  /// How long a connection waits for memory before it is given up, in seconds.
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

    /// Grants what can be granted, in the order in which it was asked for.
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

  /// How many bytes nobody has.
  var free: Int { state.withLock { $0.free } }

  /// Takes memory, and waits for it where there is none.
  ///
  /// - Returns: whether there was enough within `seconds`.
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
      // It may have been granted after the time was over.
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

/// What one frame has of the budget; it goes back with the value.
final class MemoryShare: Sendable {
  private let budget: MemoryBudget
  private let bytes = Mutex(0)

  init(_ budget: MemoryBudget) { self.budget = budget }

  deinit { budget.give(bytes.withLock { $0 }) }

  /// Takes memory until this share has `total` bytes.
  ///
  /// - Returns: whether there was enough within `seconds`.
  func grow(to total: Int, within seconds: Double = MemoryBudget.patience) -> Bool {
    let lack = total - bytes.withLock { $0 }
    guard lack > 0 else { return true }
    guard budget.take(lack, within: seconds) else { return false }
    bytes.withLock { $0 += lack }
    return true
  }
}
