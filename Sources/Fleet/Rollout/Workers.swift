public import Upgrade

/// Provides the worker for each installation.
public protocol Workers: Sendable {
  /// The worker for an installation, on this machine or on its host.
  func worker(for installation: Installation) -> any Worker
  /// The SQLite versions of the hosts that were used so far.
  var sqliteOnHosts: Set<String> { get }
  /// Allows new attempts to reach the hosts that were unreachable.
  func retry()
}
