import Glibc

/// What an uploader takes from the world: time, chance, and whether to go on. A test gives it another.
public struct UploadEnvironment: Sendable {
  /// Time that only runs forward, from any beginning.
  public var elapsed: @Sendable () -> Duration
  /// The date, in seconds since 1970.
  public var date: @Sendable () -> Int
  /// A number from 0 up to 1.
  public var random: @Sendable () -> Double
  /// Waits for so long.
  public var sleep: @Sendable (Duration) -> Void
  /// Whether to stop: asked 20 times a second while waiting, and at least once a second during an attempt.
  public var isCancelled: @Sendable () -> Bool

  /// Takes the given ones, and the system's for the rest.
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

  /// The time since the machine was started, sleep included.
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
    // Cut short by a signal, it returns early: the caller looks at the clock, and at whether to stop.
    nanosleep(&request, nil)
  }

  /// Is never cancelled.
  public static let never: @Sendable () -> Bool = { false }

  /// Waits for `time`, or less when cancelled meanwhile.
  /// - Returns: Whether the wait came to its end.
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
