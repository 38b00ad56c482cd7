internal import Basics
internal import Glibc
public import Upgrade

/// The agent that this program sends to hosts.
public struct AgentProgram: Sendable {
  /// The file here.
  let path: String
  /// Its SHA-256, in hexadecimal digits.
  let sha256: String
  /// Its size in bytes.
  let size: Int64
  /// The kind of machine that it is made for, as `uname -m` says it.
  let machine: String

  /// Looks at the agent beside the program at `program`.
  ///
  /// - Throws: `Failure` with code `agent` where there is none.
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
