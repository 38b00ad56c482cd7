internal import Dispatch
internal import Synchronization

/// Limits the memory that all connections together use for answers that aren't decoded yet.
///
/// Only frames above `small` count; smaller ones take less than a connection does anyway. Memory is reserved as bytes
/// arrive, so announcing a long frame reserves nothing. If all shares that hold memory wait for more, none would ever
/// give any back; one of them may then exceed the budget until it is released.
final class MemoryBudget: Sendable {
  /// The budget in bytes.
  static let total = 64 << 20
  /// The size in bytes up to which a frame doesn't count.
  static let small = 16 << 10
  /// How long a connection waits for memory before it is closed, in seconds. A host that holds memory and goes silent
  /// is given up long before.
  static let patience = 60.0

  private struct Waiting {
    let share: ObjectIdentifier
    let bytes: Int
    let granted: DispatchSemaphore
  }

  private struct State {
    var free: Int
    var waiting: [Waiting] = []
    /// The shares that have memory.
    var holders: Set<ObjectIdentifier> = []
    /// The share that may exceed the budget; nil if none may.
    var leader: ObjectIdentifier?

    /// Grants waiting requests in their order, as far as memory allows, and those of the leader.
    mutating func grant() {
      if let index = waiting.firstIndex(where: { $0.share == leader }) { grant(at: index) }
      while let first = waiting.first, first.bytes <= free { grant(at: 0) }
      if leader == nil, let first = waiting.first, holders.isSubset(of: waiting.map(\.share)) {
        leader = first.share
        grant(at: 0)
      }
    }

    private mutating func grant(at index: Int) {
      let request = waiting.remove(at: index)
      free -= request.bytes
      holders.insert(request.share)
      request.granted.signal()
    }
  }

  private let state: Mutex<State>

  init(_ bytes: Int = total) { state = Mutex(State(free: bytes)) }

  /// The number of bytes that are not reserved.
  var free: Int { state.withLock { $0.free } }

  /// Reserves memory for a share, and waits if there isn't enough.
  ///
  /// - Returns: whether the memory became available within `seconds`.
  fileprivate func take(_ bytes: Int, for share: MemoryShare, within seconds: Double) -> Bool {
    let granted = DispatchSemaphore(value: 0)
    let share = ObjectIdentifier(share)
    state.withLock { state in
      state.waiting.append(Waiting(share: share, bytes: bytes, granted: granted))
      state.grant()
    }
    if granted.wait(timeout: .now() + seconds) == .success { return true }
    return state.withLock { state in
      // It may have been granted after the timeout.
      guard let place = state.waiting.firstIndex(where: { $0.share == share }) else { return true }
      state.waiting.remove(at: place)
      state.grant()
      return false
    }
  }

  fileprivate func give(_ bytes: Int, from share: MemoryShare) {
    state.withLock { state in
      state.free += bytes
      state.holders.remove(ObjectIdentifier(share))
      if state.leader == ObjectIdentifier(share) { state.leader = nil }
      state.grant()
    }
  }
}

/// The part of the budget that one frame uses; it is released with this object. One thread at a time may let it grow.
final class MemoryShare: Sendable {
  private let budget: MemoryBudget
  private let bytes = Mutex(0)

  init(_ budget: MemoryBudget) { self.budget = budget }

  deinit { budget.give(bytes.withLock { $0 }, from: self) }

  /// Reserves memory until this share has `total` bytes.
  ///
  /// - Returns: whether the memory became available within `seconds`.
  func grow(to total: Int, within seconds: Double = MemoryBudget.patience) -> Bool {
    let lack = total - bytes.withLock { $0 }
    guard lack > 0 else { return true }
    guard budget.take(lack, for: self, within: seconds) else { return false }
    bytes.withLock { $0 += lack }
    return true
  }
}
