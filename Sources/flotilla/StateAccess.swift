import Fleet
import Glibc

/// This process's hold on the state folder, which it gives back while it only waits, so that other commands can run.
final class StateAccess {
  private let state: StateFolder
  private var lock: StateLock?

  /// - Throws: `StateError` if another process holds it.
  init(_ state: StateFolder) throws {
    self.state = state
    lock = try state.lock()
  }

  func release() { lock = nil }

  /// Gives the lock to somebody else in this process, who gives it back when the work is done.
  func handOver() -> StateLock? {
    defer { lock = nil }
    return lock
  }

  /// Takes the folder again, and waits until other processes are done with it.
  ///
  /// - Returns: false if the user interrupted that.
  /// - Throws: `StateError` if it can't be locked at all.
  func retake(_ session: Session) throws -> Bool {
    var isTold = false
    while lock == nil {
      guard session.interruption.signal == nil else { return false }
      lock = try state.lockIfFree()
      guard lock == nil else { break }
      if !isTold { session.console.log("Another flotilla works on this fleet; going on when it is done.") }
      isTold = true
      usleep(200_000)
    }
    return true
  }
}
