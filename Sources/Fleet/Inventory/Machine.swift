/// The machine that an installation is on.
public enum Machine: Hashable, Sendable {
  /// The machine that this process runs on.
  case local
  /// A machine that is reached over SSH.
  case remote(Host)

  /// Whether this process runs on the machine.
  public var isLocal: Bool { self == .local }

  /// The name or address that is passed to ssh; nil for the local machine.
  public var address: String? {
    switch self {
    case .local: nil
    case .remote(let host): host.address
    }
  }
}
