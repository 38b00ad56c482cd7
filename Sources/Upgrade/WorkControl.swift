public import SQLite

/// Sees how far work is, and can call it off.
public struct WorkControl: Sendable {
  /// Calls all work off that has not been committed: it is rolled back, as when its time is over.
  public var cancellation: Cancellation?
  /// Told when work on the database with this path begins a step; called on the thread that does the work.
  public var began: (@Sendable (String, Step) -> Void)?

  /// Nobody looks.
  public init() {}
}
