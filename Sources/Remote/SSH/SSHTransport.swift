internal import Fleet
internal import Upgrade

/// Reaches hosts through OpenSSH's `ssh`.
struct SSHTransport: AgentTransport {
  /// The fleet's settings for ssh.
  let settings: FleetFile.SSH

  /// `ssh.connect_timeout`.
  var connectTimeout: Duration { settings.connectTimeout }

  func start(_ command: String, on host: Host) throws(Failure) -> any AgentProcess {
    try SSHProcess(SSHCommand(host: host, settings: settings).arguments(command), to: host)
  }
}
