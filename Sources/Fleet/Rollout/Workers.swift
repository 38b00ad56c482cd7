public import Upgrade

/// Who does the work on which installation.
public protocol Workers: Sendable {
  /// The worker of an installation: here, or on its host.
  func worker(for installation: Installation) -> any Worker
  /// The versions of SQLite that worked on hosts so far.
  var sqliteOnHosts: Set<String> { get }
  /// Gives hosts that were not reached another chance.
  func retry()
}
