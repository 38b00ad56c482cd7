/// How often and how long an upload is tried.
///
/// The wait between two attempts is a random part of a time that doubles with each attempt (exponential backoff with
/// full jitter), so that machines which failed together don't return together. If the receiver's `Retry-After` is
/// longer, that is the wait. An ``Uploader`` follows a policy.
public struct RetryPolicy: Sendable, Equatable {
  /// The maximum number of attempts, including the first.
  public var attempts: Int
  /// The longest wait after the first attempt.
  public var base: Duration
  /// The longest wait after any attempt, unless the receiver asks for more.
  public var cap: Duration
  /// The longest accepted `Retry-After`. A longer one ends the delivery, whose failure then says when to try again.
  public var longestRetryAfter: Duration
  /// The time limit for all attempts and waits together. An attempt gets at most the remaining time.
  public var total: Duration

  /// Creates a policy; values of `attempts` below 1 count as 1.
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
  ///   - attempt: How many attempts were made.
  ///   - elapsed: The time since the first attempt started.
  ///   - retryAfter: The wait that the receiver asked for.
  ///   - random: A number from 0 up to, but not including, 1.
  /// - Returns: How long to wait before the next attempt, or that there is no further one.
  func decision(after attempt: Int, elapsed: Duration, retryAfter: Duration?, random: Double) -> Decision {
    guard attempt < attempts else { return .giveUp }
    if let retryAfter, retryAfter > longestRetryAfter { return .giveUp }
    let doubled = base * Int(1 << min(attempt - 1, 30))
    let wait = max(min(doubled, cap) * random, retryAfter ?? .zero)
    return elapsed + wait < total ? .wait(wait) : .giveUp
  }
}
