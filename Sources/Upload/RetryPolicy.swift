/// How often, and how long, an upload is tried.
///
/// Between two attempts it waits for a random part of a time that doubles with each attempt (exponential backoff
/// with full jitter), so that machines which failed together don't come back together. A receiver's `Retry-After`
/// is kept when it is longer.
public struct RetryPolicy: Sendable, Equatable {
  /// The attempts in all, the first included.
  public var attempts: Int
  /// The longest wait after the first attempt.
  public var base: Duration
  /// The longest wait after any attempt, unless the receiver asks for more.
  public var cap: Duration
  /// The longest `Retry-After` that is waited for. With a longer one the delivery ends and says when to try again.
  public var longestRetryAfter: Duration
  /// The time for all attempts and waits together. An attempt gets what is left of it.
  public var total: Duration

  /// A policy with the given bounds; `attempts` below 1 count as 1.
  public init(
    attempts: Int = 5, base: Duration = .milliseconds(500), cap: Duration = .seconds(30),
    longestRetryAfter: Duration = .seconds(120), total: Duration = .seconds(300)
  ) {
    self.attempts = max(1, attempts)
    self.base = base
    self.cap = cap
    self.longestRetryAfter = longestRetryAfter
    self.total = total
  }

  /// What to do after a failed attempt that may be repeated.
  enum Decision: Equatable {
    case wait(Duration)
    case giveUp
  }

  /// - Parameters:
  ///   - attempt: How many attempts have been made.
  ///   - elapsed: The time since the first began.
  ///   - retryAfter: The wait that the receiver asked for.
  ///   - random: A number from 0 up to 1.
  /// - Returns: How long to wait before the next attempt, or that there is none.
  func decision(after attempt: Int, elapsed: Duration, retryAfter: Duration?, random: Double) -> Decision {
    guard attempt < attempts else { return .giveUp }
    if let retryAfter, retryAfter > longestRetryAfter { return .giveUp }
    let doubled = base * Int(1 << min(attempt - 1, 30))
    let wait = max(min(doubled, cap) * random, retryAfter ?? .zero)
    return elapsed + wait < total ? .wait(wait) : .giveUp
  }
}
