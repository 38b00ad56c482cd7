internal import Fleet
internal import Upgrade

/// Why ssh ended. Its exit status says that it failed, and only its text says why.
struct HostTrouble {
  private let said: String
  private let ending: String?
  init(_ process: SSHProcess, _ host: Host) {
    // One reason is one cohort, however many hosts have it.
    said = process.said().replacing("host \(host.address)", with: "the host")
    ending = process.ending
  }

  private var code: String {
    if said.contains("Host key verification failed") { return "host_key" }
    if said.contains("Permission denied") || said.contains("Too many authentication failures") {
      return "authentication"
    }
    if said.contains("sudo:") { return "become" }
    return "unreachable"
  }

  /// The failure, with the last that ssh or the host said.
  func failure(at step: Step) -> Failure {
    let lines = said.split(separator: "\n").map { $0.prefix(300) }
    let reason = lines.isEmpty ? ending ?? "the connection ended" : lines.suffix(2).joined(separator: "; ")
    return Failure(code: code, step: step, message: reason)
  }
}
