internal import Fleet
internal import Upgrade

/// Why ssh ended. Its exit status says only that it failed; the reason is in its error output.
struct SSHFailure {
  private let said: String
  private let exit: SSHProcess.Exit?

  init(_ process: SSHProcess, _ host: Host) {
    // Hosts with the same reason must form one cohort, so the message doesn't name the host.
    said = process.said().replacing("host \(host.address)", with: "the host")
    exit = process.exit
  }

  /// The exit status of the command on the host; nil if ssh itself failed, or still runs.
  var status: Int32? { exit?.status.flatMap { $0 == 255 ? nil : $0 } }

  private var code: Failure.Code {
    // 255 is ssh's own failure; any other status is that of the command on the host.
    if let status {
      if said.contains("sudo:") { return .become }
      if status == 126 || status == 127 { return .agent }
      return .unreachable
    }
    if said.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") { return .hostKeyChanged }
    if said.contains("Host key verification failed") { return .hostKey }
    if said.contains("Permission denied") || said.contains("Too many authentication failures") {
      return .authentication
    }
    return .unreachable
  }

  /// The failure, with the last lines that ssh or the host wrote.
  func failure(at step: UpgradeStep) -> Failure {
    let code = code
    if code == .hostKeyChanged { return Failure(code: code, step: step, message: changedKey) }
    let lines = said.split(separator: "\n").map { $0.prefix(300) }
    let end = exit?.text ?? "the connection ended"
    let reason = lines.isEmpty ? end : lines.suffix(2).joined(separator: "; ")
    return Failure(code: code, step: step, message: reason)
  }

  /// The message for a changed host key, with the place of the known key. ssh prints about a dozen lines, such as
  /// `Offending ED25519 key in /home/u/.ssh/known_hosts:7`.
  private var changedKey: String {
    let lines = said.split(separator: "\n")
    let shown = lines.first { $0.hasPrefix("SHA256:") }.map {
      " (\($0.hasSuffix(".") ? $0.dropLast() : $0))"
    }
    let known = lines.first { $0.hasPrefix("Offending ") }.flatMap { line in
      line.firstRange(of: " in ").map { " in \(line[$0.upperBound...].prefix(300))" }
    }
    return "the host shows another key\(shown ?? "") than the known one\(known ?? "")"
  }
}
