/// The machine that an installation is on.
public enum Machine: Hashable, Sendable {
  /// The one that this process runs on.
  case local
  /// One that is reached over SSH.
  case remote(Host)

  /// Whether it is the one that this process runs on.
  public var isLocal: Bool { self == .local }

  /// Its name or address, as ssh takes it; nil for the one that this process runs on.
  public var address: String? {
    switch self {
    case .local: nil
    case .remote(let host): host.address
    }
  }
}
