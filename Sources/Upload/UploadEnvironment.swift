// Built as a whole module, the compiler takes `timespec` for a part of CCurl.
import CCurl
import Glibc

/// An uploader's access to time, randomness and cancellation, which tests replace.
public struct UploadEnvironment: Sendable {
  /// A monotonic clock with an arbitrary start.
  public var elapsed: @Sendable () -> Duration
  /// The current time, in seconds since 1970.
  public var date: @Sendable () -> Int
  /// A number from 0 up to, but not including, 1.
  public var random: @Sendable () -> Double
  /// Blocks for this time.
  public var sleep: @Sendable (Duration) -> Void
  /// Whether to stop. Called 20 times a second during a wait, and at least once a second during an attempt.
  public var isCancelled: @Sendable () -> Bool

  /// Creates an environment; the default of each value is the system's.
  public init(
    elapsed: @escaping @Sendable () -> Duration = systemElapsed,
    date: @escaping @Sendable () -> Int = systemDate,
    random: @escaping @Sendable () -> Double = systemRandom,
    sleep: @escaping @Sendable (Duration) -> Void = systemSleep,
    isCancelled: @escaping @Sendable () -> Bool = never
  ) {
    self.elapsed = elapsed
    self.date = date
    self.random = random
    self.sleep = sleep
    self.isCancelled = isCancelled
  }

  /// The time since the machine was started, including suspension.
  public static let systemElapsed: @Sendable () -> Duration = {
    let now = clock(CLOCK_BOOTTIME)
    return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
  }

  /// The system's date.
  public static let systemDate: @Sendable () -> Int = { clock(CLOCK_REALTIME).tv_sec }

  /// The system's random numbers.
  public static let systemRandom: @Sendable () -> Double = { Double.random(in: 0..<1) }

  /// Blocks the thread.
  public static let systemSleep: @Sendable (Duration) -> Void = { time in
    let (seconds, attoseconds) = time.components
    var request = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    // A signal makes it return early; the caller checks the clock and whether to stop.
    nanosleep(&request, nil)
  }

  /// Always false.
  public static let never: @Sendable () -> Bool = { false }

  /// Waits for `time`, or until it is canceled.
  ///
  /// - Returns: Whether the wait was completed.
  func wait(_ time: Duration) -> Bool {
    let end = elapsed() + time
    while !isCancelled() {
      let left = end - elapsed()
      guard left > .zero else { return true }
      sleep(min(left, .milliseconds(50)))
    }
    return false
  }

  private static func clock(_ id: clockid_t) -> timespec {
    var now = timespec()
    clock_gettime(id, &now)
    return now
  }
}
