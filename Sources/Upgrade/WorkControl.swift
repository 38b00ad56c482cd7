public import SQLite

/// Sees how far work is, and can call it off.
public struct WorkControl: Sendable {
  /// Calls all work off that has not been committed: it is rolled back, as when its time is over.
  public var cancellation: Cancellation?
  /// Told when work on the database with this path begins a step; called on the thread that does the work.
  public var began: (@Sendable (String, UpgradeStep) -> Void)?

  /// Nobody is told, and nothing calls the work off.
  public init() {}

  /// Throws where the work was called off.
  func check(at step: UpgradeStep) throws(Failure) {
    guard cancellation?.isCancelled == true else { return }
    throw Failure(code: .calledOff, step: step, message: "the work was called off and is rolled back")
  }
}
