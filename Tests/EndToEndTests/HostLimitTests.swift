import Foundation
import TestSupport
import Testing

/// How much is done at once on a host, and how often one logs in.
@Suite struct HostLimitTests {
  /// Hooks that note when work on an installation begins and ends, by host. The first wait until more have begun than
  /// one host may have, and give up after 20 seconds.
  private static let hooks = """
    hooks:
      before:
        - sh
        - -c
        - echo "begin $HOME" >>LOG; i=0;
          until [ "$(grep -c ^begin LOG)" -gt MOST ] || [ $i = 200 ]; do i=$((i+1)); sleep 0.1; done; sleep 0.3
      after: [sh, -c, 'echo "end $HOME" >>LOG']
    """

  /// The most that was under way at once, in all and on one host.
  private func peaks(_ log: String) throws -> (all: Int, host: Int) {
    var (now, all, host) = ([Substring: Int](), 0, 0)
    for line in try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1)
      now[words[1], default: 0] += words[0] == "begin" ? 1 : -1
      all = max(all, now.values.reduce(0, +))
      host = max(host, now.values.max() ?? 0)
    }
    return (all, host)
  }

  private func configure(_ hosts: TwoHosts, _ perHost: Int) throws {
    let log = hosts.fleet.folder.file("log")
    let entries = (0..<hosts.fleet.count).map { number in
      let port = number % 2 == 0 ? hosts.good.port : hosts.bad.port
      return "  - { id: i\(number), host: 127.0.0.1, port: \(port), path: \"\(hosts.fleet.path(number))\" }"
    }
    try hosts.fleet.configure(
      "ssh: { options: [-F, \(hosts.fleet.folder.file("ssh_config"))] }\n"
        + "rollout: { concurrency: 8, per_host: \(perHost), waves: [100%] }\n"
        + Self.hooks.replacing("LOG", with: log).replacing("MOST", with: "\(perHost)"),
      installations: entries.joined(separator: "\n"))
  }

  @Test(arguments: [1, 2])
  func `a host is never given more at once than it may, and all hosts are busy`(perHost: Int) throws {
    let hosts = try TwoHosts(count: 8)
    try configure(hosts, perHost)
    let run = try hosts.fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let (all, host) = try peaks(hosts.fleet.folder.file("log"))
    #expect(host <= perHost)
    #expect(all > perHost)
    #expect(hosts.good.logins == 1 && hosts.bad.logins == 1)
  }

  @Test func `one login serves a run, however many installations there are`() throws {
    let host = try HostFleet(24, extra: "rollout: { concurrency: 8, per_host: 4 }")
    #expect(try host.fleet.migrate().status == 0)
    #expect(host.server.logins == 1)
    #expect(try host.fleet.run("status").status == 0)
    #expect(host.server.logins == 2)
  }

  @Test func `a host that hangs takes no lane from the others`() throws {
    let hosts = try TwoHosts()
    let silent = try Listener()
    let entries = (0..<8).map {
      "  - { id: h\($0), host: 127.0.0.1, port: \(silent.port), path: \"/none/\($0).sqlite\" }"
    }
    try hosts.fleet.configure(
      "ssh: { options: [-F, \(hosts.fleet.folder.file("ssh_config"))], connect_timeout: 6s }\n"
        + "rollout: { concurrency: 2, max_failures: 99 }",
      installations: entries.joined(separator: "\n")
        + "\n  - { id: good, host: 127.0.0.1, port: \(hosts.good.port), path: \"\(hosts.fleet.path(0))\" }")
    let start = ContinuousClock.now
    let started = try Program.start(
      ["migrate", "--yes", "--report", "report.json"], in: hosts.fleet.folder.path)
    // Logging in to the good host need not wait for the other.
    #expect(waits(5) { hosts.good.logins == 1 })
    let run = try Program.finish(started)
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    // It is tried twice, and not once for each of its installations.
    #expect(ContinuousClock.now - start < .seconds(40))
    #expect(try hosts.fleet.records().values.count { $0["status"] as? String == "unreachable" } == 8)
    #expect(try SmallFleet.versions(hosts.fleet.path(0)) == [1, 2, 3])
  }

  @Test func `the migrations travel once a connection`() throws {
    // What goes to the host is counted on its way to the agent.
    let hosts = try TwoHosts(
      count: 12, command: "exec sh -c \"tee -a \\\"$HOME/sent\\\" | $SSH_ORIGINAL_COMMAND\"")
    let text = String(repeating: "x", count: 300_000)
    try hosts.fleet.migration("0004_say_much.sql", "CREATE TABLE much (x);\n-- \(text)")
    try configure(hosts, 1)
    let run = try hosts.fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let sent = try Content.bytes(hosts.bad.folder.file("home/sent")).count
    #expect((300_000..<600_000).contains(sent), "\(sent)")
  }
}
