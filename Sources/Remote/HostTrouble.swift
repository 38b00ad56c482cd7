internal import Fleet
internal import Upgrade

/// Why ssh ended. Its exit status says that it failed, and only its text says why.
struct HostTrouble {
  private let said: String
  private let ending: SSHProcess.Ending?

  init(_ process: SSHProcess, _ host: Host) {
    // One reason is one cohort, however many hosts have it.
    said = process.said().replacing("host \(host.address)", with: "the host")
    ending = process.ending
  }

  private var code: String {
    // 255 is ssh's own failure; any other status is the one of what was to run on the host.
    if let status = ending?.status, status != 255 {
      if said.contains("sudo:") { return "become" }
      if status == 126 || status == 127 { return "agent" }
      return "unreachable"
    }
    if said.contains("Host key verification failed") { return "host_key" }
    if said.contains("Permission denied") || said.contains("Too many authentication failures") {
      return "authentication"
    }
    return "unreachable"
  }

  /// The failure, with the last that ssh or the host said.
  func failure(at step: Step) -> Failure {
    let lines = said.split(separator: "\n").map { $0.prefix(300) }
    let end = ending?.text ?? "the connection ended"
    let reason = lines.isEmpty ? end : lines.suffix(2).joined(separator: "; ")
    return Failure(code: code, step: step, message: reason)
  }
}
