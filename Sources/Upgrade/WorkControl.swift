public import SQLite

/// Observes the progress of work, and can cancel it.
public struct WorkControl: Sendable {
  /// Cancels all work that isn't committed yet. The work is rolled back, as after a timeout.
  public var cancellation: Cancellation?
  /// Called with the database's path when work on it begins a step, on the thread that does the work.
  public var began: (@Sendable (String, UpgradeStep) -> Void)?
  /// Called with the path of a copy at each moment of it. Tests change the copy, or wait.
  var onCopy: (@Sendable (String, SnapshotBackup.Moment) -> Void)?

  /// Creates a control that neither observes nor cancels.
  public init() {}

  /// Throws if the work was cancelled.
  func check(at step: UpgradeStep) throws(Failure) {
    guard cancellation?.isCancelled == true else { return }
    throw Failure(code: .calledOff, step: step, message: "the work was called off and is rolled back")
  }
}
