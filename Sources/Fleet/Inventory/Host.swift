/// A machine reached over SSH, in one particular way.
public struct Host: Hashable, Sendable, CustomStringConvertible {
  /// Its name or address, as ssh takes it.
  public let address: String
  /// The user to log in as; nil leaves it to ssh.
  public let user: String?
  /// The port; nil leaves it to ssh.
  public let port: Int?
  /// The user as whom the work is done there, through sudo; nil for the one who logs in.
  public let become: String?
  /// The file with the private key to log in with; nil leaves it to ssh.
  public let identity: String?
  /// More arguments for ssh, before those of the fleet.
  public let options: [String]

  /// Describes a host; the inventory checks what it is given, this doesn't.
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

  /// Its address.
  public var description: String { address }
}
