internal import Fleet
internal import Upgrade

/// Runs a command on a host and carries its input and output.
///
/// ``SSHTransport`` is the one implementation so far. The rest of this module doesn't know how a host is reached: it
/// starts the agent with a shell's command line and talks to it over `AgentProcess.stream`.
protocol AgentTransport: Sendable {
  /// How long connecting may take, and as long again until the command answers.
  var connectTimeout: Duration { get }

  /// Starts `command`, a line for the shell on `host`.
  ///
  /// - Returns: the running command. It may turn out only later that the host can't be reached.
  /// - Throws: `Failure` where the transport itself can't be started.
  func start(_ command: String, on host: Host) throws(Failure) -> any AgentProcess
}

/// A command that a transport runs on a host.
protocol AgentProcess: Sendable {
  /// A non-blocking descriptor that carries the command's standard input and output. It is open as long as this object
  /// exists.
  var stream: Int32 { get }

  /// The exit status of the command; nil while it runs, and where the transport itself failed.
  var status: Int32? { get }

  /// The end of what the command and the transport wrote to standard error, at most 4,000 bytes, with line breaks and
  /// without control characters.
  func said() -> String

  /// Why the connection ended, or couldn't be made, as a failure at `step`.
  func failure(at step: UpgradeStep) -> Failure

  /// Ends the command at once.
  func kill()

  /// Waits for the end of the command, at most so many seconds.
  func waitForEnd(_ seconds: Double)
}
