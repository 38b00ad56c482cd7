internal import CSQLite
internal import Glibc

/// Decides when a connection stops waiting for locks. `Interrupter` interrupts its statements.
///
/// It is used only on its connection's thread.
final class BusyHandler {
  var busyTimeout: Duration
  var deadline: Deadline?
  private var busySince = ContinuousClock.now

  init(busyTimeout: Duration, deadline: Deadline?) {
    self.busyTimeout = busyTimeout
    self.deadline = deadline
  }

  var isOver: Bool { deadline?.isOver ?? false }

  /// Waits briefly for a lock that another connection holds.
  ///
  /// The waits are short (0.2 to 5 ms, with jitter), so that this connection gets a turn beside an application that
  /// writes all the time. SQLite's own handler waits up to 100 ms and is overtaken again and again.
  /// - Returns: whether to try again.
  func waitForLock(attempt: Int32) -> Bool {
    let now = ContinuousClock.now
    if attempt == 0 { busySince = now }
    guard now - busySince < busyTimeout, !isOver else { return false }
    let longest = 200 * UInt32(min(max(attempt, 0), 24) + 1)
    usleep(UInt32.random(in: longest / 2...longest))
    return true
  }

  func install(on handle: OpaquePointer) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    sqlite3_busy_handler(
      handle,
      { context, attempt in
        guard let context else { return 0 }
        let busyHandler = Unmanaged<BusyHandler>.fromOpaque(context).takeUnretainedValue()
        return busyHandler.waitForLock(attempt: attempt) ? 1 : 0
      }, context)
  }
}
