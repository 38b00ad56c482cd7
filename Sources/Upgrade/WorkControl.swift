public import SQLite

/// Sees how far work is, and can call it off. It stays with this process: as a message it is empty.
public struct WorkControl: Sendable, Codable {
  /// Calls all work off that has not been committed: it is rolled back, as when its time is over.
  public var cancellation: Cancellation?
  /// Told when work on the database with this path begins a step; called on the thread that does the work.
  public var began: (@Sendable (String, UpgradeStep) -> Void)?

  /// Nobody looks.
  public init() {}

  /// Nobody looks.
  public init(from decoder: any Decoder) {}

  /// Nothing of it is passed on.
  public func encode(to encoder: any Encoder) throws { _ = encoder.container(keyedBy: None.self) }

  private enum None: CodingKey {}

  /// Throws where the work was called off.
  func check(at step: UpgradeStep) throws(Failure) {
    guard cancellation?.isCancelled == true else { return }
    throw Failure(code: .calledOff, step: step, message: "the work was called off and is rolled back")
  }
}
