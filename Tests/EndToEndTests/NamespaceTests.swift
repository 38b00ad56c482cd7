import Foundation
import Glibc
import TestSupport
import Testing

extension Prerequisite {
  static let networkNamespaces = proof(
    """
    ip netns add flt-try-$$ && ip link add flt-t$$ type veth peer name p netns flt-try-$$; code=$?
    ip netns delete flt-try-$$
    exit $code
    """,
    "the test needs network namespaces: run `scripts/setup iproute2` and `sudo env PATH=\"$PATH\" make test`")
}

/// Three hosts in network namespaces of their own, each at the other end of a link.
@Suite struct NamespaceTests {
  @Test(.needs(.networkNamespaces))
  func `a host whose link goes down in the middle is not reached, and the others are done`() throws {
    let net = try Namespaces(3)
    let fleet = try SmallFleet(3, slow: 15_000_000)
    for table in ["items", "parents"] {
      for number in [0, 1] { try SmallFleet.change(fleet.path(number), "DELETE FROM \(table)") }
    }
    try net.configure(fleet, "rollout: { timeout: 8s, max_failures: 9 }", "connect_timeout: 2s")
    let start = ContinuousClock.now
    let started = try Program.start(["migrate", "--yes", "--report", "report.json"], in: fleet.folder.path)
    #expect(
      waits(30) {
        fleet.files.contains { $0.hasPrefix("db/.flotilla/backups/") && $0.hasSuffix("/h2.sqlite") }
      })
    try net.cut(2)
    let run = try Program.finish(started)
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(ContinuousClock.now - start < .seconds(60))
    let records = try fleet.records()
    #expect(records["h2"]?["status"] as? String == "unreachable", "\(records["h2"] ?? [:])")
    for id in ["h0", "h1"] {
      #expect(records[id]?["status"] as? String == "migrated", "\(records[id] ?? [:])")
    }
    // What the host was in the middle of comes to its end there; nobody can call it off.
    try net.join(2)
    try net.configure(fleet, "rollout: { timeout: 5m, max_failures: 9 }", "connect_timeout: 10s")
    let next = try fleet.migrate()
    #expect(next.status == 0, "\(next.output)\(next.errors)")
    #expect(try fleet.versions() == Array(repeating: [1, 2, 3], count: 3))
    for path in fleet.paths { #expect(try Content.integrity(path) == "ok") }
  }

  @Test(.needs(.networkNamespaces))
  func `hosts at other addresses are worked on at once, and one that is away is told`() throws {
    let net = try Namespaces(3)
    let fleet = try SmallFleet(3)
    try net.configure(fleet, "rollout: { max_failures: 9 }", "connect_timeout: 2s")
    try net.cut(1)
    let run = try fleet.migrate()
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    let records = try fleet.records()
    #expect(records["h1"]?["status"] as? String == "unreachable")
    #expect(try fleet.versions() == [[1, 2, 3], [1], [1, 2, 3]])
    try net.join(1)
    #expect(try fleet.migrate().status == 0)
  }
}

/// Namespaces with an sshd in each; all of it goes with the value.
private final class Namespaces {
  /// Short, since an interface has at most 15 characters.
  private let name = "flt\(UInt32.random(in: 0...9_999_999))"
  private let subnet = Int.random(in: 16...250)
  private let folder: TemporaryFolder
  private let count: Int

  init(_ count: Int) throws {
    folder = try TemporaryFolder()
    self.count = count
    let agent = HostFleet.agent
    try shell(
      """
      set -e
      mkdir -p /run/sshd home/.cache/flotilla
      ln -s \(agent) home/.cache/flotilla/$(sha256sum \(agent) | cut -c1-64)
      ssh-keygen -q -t ed25519 -N '' -C '' -f host_key
      ssh-keygen -q -t ed25519 -N '' -C '' -f user_key
      """)
    for number in 0..<count {
      try folder.write(
        """
        Port 2222
        HostKey \(folder.file("host_key"))
        AuthorizedKeysFile \(folder.file("user_key.pub"))
        PidFile \(folder.file("pid\(number)"))
        StrictModes no
        UsePAM no
        PermitRootLogin yes
        SetEnv HOME=\(folder.file("home"))

        """, to: "config\(number)")
      try shell(
        """
        set -e
        ip netns add \(name)-\(number)
        ip link add v\(number)\(name) type veth peer name inside netns \(name)-\(number)
        ip addr add 10.\(subnet).\(number).1/24 dev v\(number)\(name)
        ip link set v\(number)\(name) up
        ip -n \(name)-\(number) addr add \(address(number))/24 dev inside
        ip -n \(name)-\(number) link set inside up
        ip -n \(name)-\(number) link set lo up
        ip netns exec \(name)-\(number) /usr/sbin/sshd -f config\(number) -E log\(number)
        echo "[\(address(number))]:2222 $(cut -d' ' -f1-2 host_key.pub)" >>known_hosts
        """)
    }
    try folder.write(
      """
      IdentityFile \(folder.file("user_key"))
      IdentitiesOnly yes
      UserKnownHostsFile \(folder.file("known_hosts"))
      GlobalKnownHostsFile /dev/null

      """, to: "ssh_config")
  }

  deinit {
    for number in 0..<count {
      // Of what runs in a namespace, all is of this test.
      _ = try? Program.shell(
        """
        for process in $(ip netns pids \(name)-\(number)); do kill -9 $process; done
        ip link delete v\(number)\(name)
        ip netns delete \(name)-\(number)
        """, in: folder.path)
    }
  }

  private func address(_ number: Int) -> String { "10.\(subnet).\(number).2" }

  private func shell(_ script: String) throws {
    let run = try Program.shell(script, in: folder.path)
    guard run.status == 0 else { throw SupportError("\(script): \(run.errors)") }
  }

  func cut(_ number: Int) throws { try shell("ip link set v\(number)\(name) down") }
  func join(_ number: Int) throws { try shell("ip link set v\(number)\(name) up") }

  func configure(_ fleet: SmallFleet, _ extra: String, _ ssh: String) throws {
    let entries = (0..<count).map {
      "  - { id: h\($0), host: \(address($0)), port: 2222, path: \"\(fleet.path($0))\" }"
    }
    try fleet.configure(
      "ssh: { options: [-F, \(folder.file("ssh_config"))], \(ssh) }\n\(extra)",
      installations: entries.joined(separator: "\n"))
  }
}
