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

  /// Describes a host; the inventory checks what it is given, this doesn't.
  public init(_ address: String, user: String? = nil, port: Int? = nil, become: String? = nil) {
    self.address = address
    self.user = user
    self.port = port
    self.become = become
  }

  /// Its address.
  public var description: String { address }
}
