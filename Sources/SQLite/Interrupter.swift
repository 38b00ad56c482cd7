internal import Basics
internal import CSQLite
internal import Dispatch
internal import Glibc
internal import Synchronization

/// A thread that interrupts statements when their deadline has passed or their work is cancelled.
///
/// Every connection with a deadline is registered here while it is open. SQLite discards an interrupt that arrives
/// between two statements, so an overdue connection is interrupted repeatedly until it is closed. A statement stops
/// between two operations of SQLite's virtual machine or two pages of a check. A single call of an SQL function is not
/// interrupted, but `Limits.value` bounds its duration.
final class Interrupter: Sendable {
  static let shared = Interrupter()

  /// A registered connection. It is removed from the list before it is closed.
  private struct Entry: @unchecked Sendable {  // The mutex guards the handle.
    let handle: OpaquePointer
    let deadline: Deadline
  }

  private struct List {
    var entries: [Int: Entry] = [:]
    var next = 0
    /// When the thread checks the deadlines again; nil if it sleeps until somebody wakes it.
    var wake: ContinuousClock.Instant?
  }

  /// The interval between two interrupts of an overdue connection.
  private static let pace = Duration.milliseconds(5)
  private static let longestSleep = Duration.seconds(3600)

  private let list = Mutex(List())
  private let alarm = DispatchSemaphore(value: 0)

  private init() {
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Interrupter>.fromOpaque(context).takeUnretainedValue().work()
      }, Unmanaged.passUnretained(self).toOpaque())  // It lives as long as the process.
    precondition(result == 0, "no thread can be started to keep deadlines")
    pthread_detach(thread)
  }

  /// Begins to watch a connection.
  ///
  /// - Returns: the number to pass to `remove`.
  func add(_ handle: OpaquePointer, _ deadline: Deadline) -> Int {
    let (number, isEarlier) = list.withLock { list in
      list.next += 1
      list.entries[list.next] = Entry(handle: handle, deadline: deadline)
      return (list.next, list.wake.map { deadline.instant < $0 } ?? true)
    }
    if isEarlier { alarm.signal() }
    return number
  }

  /// Stops watching a connection. It is not interrupted any more when this returns.
  func remove(_ number: Int) { list.withLock { $0.entries[number] = nil } }

  /// Makes the thread check all deadlines now, for example after a cancellation.
  func wake() { alarm.signal() }

  private func work() -> Never {
    while true {
      guard let pause = interruptOverdue() else {
        alarm.wait()
        continue
      }
      _ = alarm.wait(timeout: .now() + DispatchTimeInterval(min(pause, Self.longestSleep)))
    }
  }

  /// Interrupts every connection whose deadline has passed.
  ///
  /// - Returns: the time until the next check; nil if there is no deadline to wait for.
  func interruptOverdue() -> Duration? {
    list.withLock { list in
      let now = ContinuousClock.now
      list.wake = nil
      for entry in list.entries.values {
        var next = entry.deadline.instant
        if entry.deadline.isOver {
          sqlite3_interrupt(entry.handle)
          next = now + Self.pace
        }
        list.wake = min(next, list.wake ?? next)
      }
      return list.wake.map { $0 - now }
    }
  }
}
