public import Upgrade

/// Who does the work on which installation.
public protocol Workers: Sendable {
  /// The worker of an installation: here, or on its host.
  func worker(for installation: Installation) -> any Worker
  /// Gives hosts that were not reached another chance.
  func retry()
}
