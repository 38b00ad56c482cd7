/// A machine that is reached over SSH, with the settings of the connection.
public struct Host: Hashable, Sendable, CustomStringConvertible {
  /// The name or address that is passed to ssh.
  public let address: String
  /// The user to log in as; nil for ssh's default.
  public let user: String?
  /// The port; nil for ssh's default.
  public let port: Int?
  /// The user as whom the agent runs, through sudo; nil for the login user.
  public let become: String?
  /// The private key file to log in with; nil for ssh's default.
  public let identity: String?
  /// Additional arguments for ssh, placed before those of the fleet.
  public let options: [String]

  /// Describes a host. The values are not checked; the inventory does that.
  public init(
    _ address: String, user: String? = nil, port: Int? = nil, become: String? = nil, identity: String? = nil,
    options: [String] = []
  ) {
    self.address = address
    self.user = user
    self.port = port
    self.become = become
    self.identity = identity
    self.options = options
  }

  /// The address.
  public var description: String { address }
}
