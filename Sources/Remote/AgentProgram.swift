internal import Basics
internal import Glibc
public import Upgrade

/// The agent program that is sent to hosts.
public struct AgentProgram: Sendable {
  /// The path on this machine.
  let path: String
  /// The SHA-256 of the file, in hexadecimal digits.
  let sha256: String
  /// The size of the file in bytes.
  let size: Int64
  /// The machine type that it is built for, as printed by `uname -m`.
  let machine: String

  /// Finds and digests the agent in the folder of `program`.
  ///
  /// - Throws: `Failure` with code `agent` if it is missing or can't be read.
  public init(beside program: String) throws(Failure) {
    let folder = parentFolder(of: program)
    path = "\(folder)/flotilla-agent"
    do {
      let record = try BackupRecord(reading: path)
      (sha256, size) = (record.sha256, record.bytes)
    } catch {
      throw Failure(
        code: .agent, step: .open,
        message:
          "the program for hosts, \(path), can't be read: install it beside flotilla, or name one that is "
          + "installed on the hosts in ssh.agent")
    }
    var system = utsname()
    uname(&system)
    machine = withUnsafeBytes(of: &system.machine) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
