public import Fleet
public import Upgrade

/// Provides a ``LocalWorker`` for installations on this machine, and a ``RemoteWorker`` for those on hosts.
public struct FleetWorkers: Workers {
  private let local: LocalWorker
  private let hosts: HostPool?

  /// Creates workers. `hosts` may be nil if no installation is on a host.
  public init(_ local: LocalWorker, _ hosts: HostPool?) {
    self.local = local
    self.hosts = hosts
  }

  /// See `Workers`.
  public func worker(for installation: Installation) -> any Worker {
    guard case .remote(let host) = installation.machine else { return local }
    guard let hosts else { preconditionFailure("installations on hosts are worked on with a pool of hosts") }
    return hosts.worker(for: host)
  }

  /// See `Workers`.
  public var sqliteOnHosts: Set<String> { hosts?.sqliteVersions ?? [] }

  /// See `Workers`.
  public func retry() { hosts?.retry() }
}
