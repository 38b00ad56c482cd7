import Foundation
import TestSupport

/// Small installations on a host.
struct HostFleet {
  let fleet: SmallFleet
  let server: SSHServer

  /// Makes the fleet, whose databases are on the host that a server of its own stands for.
  ///
  /// - Parameters:
  ///   - count: how many installations.
  ///   - slow: how many times a migration counts up by one; a million take about a third of a second.
  ///   - hasAgent: whether the host has the agent already.
  ///   - ssh: more keys of `ssh:`.
  ///   - extra: more lines of fleet.yml.
  /// - Throws: what keeps a file from being written or the server from starting.
  init(
    _ count: Int, slow: Int = 0, hasAgent: Bool = true, ssh: String = "", extra: String = ""
  ) throws {
    fleet = try SmallFleet(count, slow: slow)
    server = try SSHServer(agent: hasAgent ? Self.agent : nil)
    try configure(ssh: ssh, extra: extra)
  }

  /// The agent beside the program.
  static let agent = Program.path + "-agent"

  /// Writes fleet.yml anew.
  func configure(ssh: String = "", extra: String = "", more installations: String = "") throws {
    let entries = (0..<fleet.count).map { entry("i\($0)", fleet.path($0)) } + [installations]
    try fleet.configure(
      "ssh: \(server.settings(ssh))\n\(extra)", installations: entries.joined(separator: "\n"))
  }

  /// An installation on the host.
  func entry(_ id: String, _ path: String, _ more: String = "") -> String {
    "  - { id: \(id), host: 127.0.0.1, port: \(server.port), path: \"\(path)\"\(more) }"
  }

  /// The backups beside the databases.
  var backups: [String] {
    fleet.files.filter { $0.hasPrefix("db/.flotilla/backups/") && $0.hasSuffix(".sqlite") }
  }
}
