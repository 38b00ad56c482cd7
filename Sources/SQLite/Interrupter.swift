internal import Basics
internal import CSQLite
internal import Dispatch
internal import Glibc
internal import Synchronization

/// The thread of this process that interrupts statements when their time is over or their work is cancelled.
///
/// Every connection with a deadline is registered here from opening to closing. SQLite drops an interrupt that arrives
/// between two statements, so an overdue connection is interrupted again and again until it is closed. A statement
/// stops between two operations of SQLite's virtual machine or two pages of a check; one call of an SQL function runs
/// to its end, which `Limits.value` bounds.
final class Interrupter: Sendable {
  static let shared = Interrupter()

  /// Its connection leaves the list before it is closed.
  private struct Entry: @unchecked Sendable {  // The mutex guards the handle.
    let handle: OpaquePointer
    let deadline: Deadline
  }

  private struct List {
    var entries: [Int: Entry] = [:]
    var next = 0
    /// When the thread looks again; nil where it sleeps until it is woken.
    var wake: ContinuousClock.Instant?
  }

  /// How often an overdue connection is interrupted.
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
  /// - Returns: the number by which `remove` ends it.
  func add(_ handle: OpaquePointer, _ deadline: Deadline) -> Int {
    let (number, isEarlier) = list.withLock { list in
      list.next += 1
      list.entries[list.next] = Entry(handle: handle, deadline: deadline)
      return (list.next, list.wake.map { deadline.instant < $0 } ?? true)
    }
    if isEarlier { alarm.signal() }
    return number
  }

  /// Ends the watching. The connection is not interrupted any more once this returns.
  func remove(_ number: Int) { list.withLock { $0.entries[number] = nil } }

  /// Looks at all deadlines now, as after a cancellation.
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

  /// Interrupts every connection whose time is over.
  ///
  /// - Returns: how long nothing is to be done; nil where there is no deadline to wait for.
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
