import Foundation
import Glibc
import SQLite
import TestSupport
import Testing

/// Two installations on hosts of their own: `good`, with which all is well, and `bad`, whose host makes trouble.
struct TwoHosts {
  let fleet: SmallFleet
  let good: SSHServer
  let bad: SSHServer
  /// The agent where every user may run it.
  let agent: String

  /// Makes both hosts, and fleet.yml.
  ///
  /// - Parameters:
  ///   - count: how many databases there are; only two are in the fleet.
  ///   - slow: how many times the migration of `bad` counts up by one; a million take about a third of a second.
  ///   - hasAgent: whether the bad host has the agent already.
  ///   - config: lines for the bad host's sshd_config.
  ///   - command: a script that the bad host runs instead of what it is asked to.
  ///   - ssh: more keys of `ssh:`.
  ///   - extra: more lines of fleet.yml.
  /// - Throws: what keeps a file from being written or a server from starting.
  init(
    count: Int = 2, slow: Int = 0, hasAgent: Bool = true, config: String = "", command: String? = nil,
    ssh: String = "", extra: String = ""
  ) throws {
    fleet = try SmallFleet(count, slow: slow)
    var config = config
    if let command {
      let script = try fleet.folder.write("#!/bin/sh\n\(command)\n", to: "force.sh")
      chmod(script, 0o755)
      config += "\nForceCommand \(script)"
    }
    good = try SSHServer(agent: HostFleet.agent)
    bad = try SSHServer(agent: hasAgent ? HostFleet.agent : nil, more: config)
    agent = fleet.folder.file("agent")
    try FileManager.default.copyItem(atPath: HostFleet.agent, toPath: agent)
    chmod(fleet.folder.path, 0o755)
    // The slow migration is for rows that only the bad host's database has.
    for table in ["items", "parents"] { try SmallFleet.change(fleet.path(0), "DELETE FROM \(table)") }
    try writeClientConfig()
    try configure(ssh: ssh, extra: extra)
  }

  private func writeClientConfig() throws {
    let files = { (name: String) in [bad, good].map { $0.folder.file(name) } }
    try fleet.folder.write(
      files("user_key").map { "IdentityFile \($0)\n" }.joined()
        + "IdentitiesOnly yes\nUserKnownHostsFile \(files("known_hosts").joined(separator: " "))\n"
        + "GlobalKnownHostsFile /dev/null\n", to: "ssh_config")
  }

  /// Writes fleet.yml anew, with the bad host at another port or with more keys.
  func configure(ssh: String = "", extra: String = "", port: Int? = nil, bad more: String = "") throws {
    try fleet.configure(
      "ssh: { options: [-F, \(fleet.folder.file("ssh_config"))]\(ssh.isEmpty ? "" : ", \(ssh)") }\n\(extra)",
      installations: "  - { id: good, host: 127.0.0.1, port: \(good.port), path: \"\(fleet.path(0))\" }\n"
        + "  - { id: bad, host: 127.0.0.1, port: \(port ?? bad.port), path: \"\(fleet.path(1))\"\(more) }")
  }

  /// The bad host's database.
  var path: String { fleet.path(1) }

  /// What the report says of the bad host's installation.
  struct Trouble {
    let status: String
    let code: String
    let message: String
    let run: ProgramResult
  }

  /// Migrates, and expects that the good host was, that the bad one was not, and that it all came to an end in time.
  func migrate(within limit: Duration = .seconds(30), location: SourceLocation = #_sourceLocation) throws
    -> Trouble
  {
    let start = ContinuousClock.now
    let started = try Program.start(["migrate", "--yes", "--report", "report.json"], in: fleet.folder.path)
    return try trouble(Program.finish(started), since: start, within: limit, location: location)
  }

  /// What became of a run.
  func trouble(
    _ run: ProgramResult, since start: ContinuousClock.Instant, within limit: Duration,
    location: SourceLocation = #_sourceLocation
  ) throws -> Trouble {
    let took = ContinuousClock.now - start
    #expect(took < limit, "\(took)", sourceLocation: location)
    #expect(run.status == 3, "\(run.output)\(run.errors)", sourceLocation: location)
    let records = try fleet.records()
    #expect(
      records["good"]?["status"] as? String == "migrated", "\(records["good"]?["error"] ?? "")",
      sourceLocation: location)
    #expect(try SmallFleet.versions(fleet.path(0)) == [1, 2, 3], sourceLocation: location)
    let record = try #require(records["bad"], sourceLocation: location)
    let error = record["error"] as? [String: Any]
    return Trouble(
      status: record["status"] as? String ?? "", code: error?["code"] as? String ?? "",
      message: error?["message"] as? String ?? "", run: run)
  }

  /// Expects the database to be what it was before any run.
  func expectUntouched(location: SourceLocation = #_sourceLocation) throws {
    #expect(
      try Content.dump(path) == Content.dump(fleet.template(1)), sourceLocation: location)
  }

  /// Expects that the next run finishes the job.
  func expectFinish(extra: String = "", location: SourceLocation = #_sourceLocation) throws {
    try configure(extra: extra)
    let run = try fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)", sourceLocation: location)
    #expect(try fleet.versions() == [[1, 2, 3], [1, 2, 3]], sourceLocation: location)
    #expect(try Content.integrity(path) == "ok", sourceLocation: location)
  }

  /// Expects the database to be wholly at its old or its new version.
  func expectOldOrNew(location: SourceLocation = #_sourceLocation) throws {
    let versions = try SmallFleet.versions(path)
    #expect(versions == [1] || versions == [1, 2, 3], "\(versions)", sourceLocation: location)
    #expect(try Content.integrity(path) == "ok", sourceLocation: location)
    let hasAge = try Content.value(
      "SELECT count(*) FROM pragma_table_info('parents') WHERE name = 'age'", at: path)
    #expect(hasAge == (versions == [1] ? 0 : 1), sourceLocation: location)
  }

  /// Starts a run and waits until the bad host's agent is in the middle of its migration; gives that agent's process.
  func begin(_ more: String...) throws
    -> (started: (process: Process, output: Pipe, errors: Pipe), agent: pid_t)
  {
    let started = try Program.start(
      ["migrate", "--yes", "--report", "report.json"] + more, in: fleet.folder.path)
    let isBackedUp = waits(15) {
      fleet.files.contains { $0.hasPrefix("db/.flotilla/backups/") && $0.hasSuffix("/bad.sqlite") }
    }
    try #require(isBackedUp, "it was not backed up")
    var writer: pid_t?
    // One that lost its connection may still be there beside the one that works.
    try #require(
      waits(20) {
        writer = Processes.writer(to: path).flatMap { isAgent($0) ? $0 : nil }
        return writer != nil
      },
      """
      no agent writes; versions \((try? SmallFleet.versions(path)) ?? [])
      \(agents.map(Processes.describe).joined(separator: "\n"))
      """)
    return (started, try #require(writer))
  }

  /// Whether a process is an agent on the bad host.
  func isAgent(_ process: pid_t) -> Bool { Processes.words(process)[0].hasPrefix(bad.home) }

  /// The agents on the bad host.
  var agents: [pid_t] {
    Processes.all(naming: bad.home).filter(isAgent)
  }
}
