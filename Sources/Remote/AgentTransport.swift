internal import Fleet
internal import Upgrade

/// Runs a command on a host and carries its input and output.
///
/// ```swift
/// let process = try transport.start("exec /usr/bin/flotilla-agent", on: host)
/// defer { process.kill() }
/// let stream = ByteStream(descriptor: process.stream)
/// let bytes = try stream.read(until: .now + transport.connectTimeout * 2)
/// ```
///
/// ``SSHTransport`` is the only implementation so far, and ``HostPool`` chooses it. The rest of this module doesn't
/// know how a host is reached: it starts the agent with a shell's command line and talks to it over
/// ``AgentProcess/stream``.
protocol AgentTransport: Sendable {
  /// The time limit for connecting; the first answer of the command has the same limit of its own.
  var connectTimeout: Duration { get }

  /// Starts `command`, a line for the shell on `host`.
  ///
  /// - Returns: the running command. It may turn out only later that the host can't be reached.
  /// - Throws: `Failure` if the transport itself can't be started.
  func start(_ command: String, on host: Host) throws(Failure) -> any AgentProcess
}

/// A command that a transport runs on a host.
protocol AgentProcess: Sendable {
  /// A non-blocking descriptor that carries the command's standard input and output. It is open as long as this object
  /// exists.
  var stream: Int32 { get }

  /// The exit status of the command; nil while it runs, and if the transport itself failed.
  var status: Int32? { get }

  /// The last 4,000 bytes at most of what the command and the transport wrote to standard error, with line breaks and
  /// without control characters.
  func said() -> String

  /// Why the connection ended, or couldn't be made, as a failure at `step`.
  func failure(at step: UpgradeStep) -> Failure

  /// Kills the command.
  func kill()

  /// Waits until the command ends, at most `seconds`.
  func waitForEnd(_ seconds: Double)
}
