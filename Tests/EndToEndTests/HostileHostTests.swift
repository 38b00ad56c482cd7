import Foundation
import TestSupport
import Testing

/// Hosts whose agent speaks the protocol and abuses it: each is given up at once, for good, and the other is worked on.
@Suite(.needs(.python)) struct HostileHostTests {
  private static func command(_ mode: String) -> String {
    "exec /usr/bin/python3 '\(Repository.root)/Tests/EndToEndTests/Fixtures/hostile-agent.py' \(mode)"
  }

  @Test(arguments: [
    ("long-hello", "a \"hello\" message of 67108864 bytes, where 4096 are the most"),
    ("setup", "bytes that are no message of the agent"),
    ("early", "an \"outcome\" message that nobody asked for"),
    ("beats", "signs of life without end"),
    ("data", "a piece of a file that nobody asked for"),
    ("steps", "a \"step\" message that nobody asked for"),
    ("found", "a \"found\" message that nobody asked for"),
    ("long-problem", "a \"problem\" message of 3000"),
    ("code", "a \"problem\" message that can't be read"),
    ("values", "an \"outcome\" message that can't be read"),
    ("text", "an \"outcome\" message that can't be read"),
    ("unasked-backup", "a backup that nobody asked for"),
    ("time", "a time that nothing takes"),
    ("locked", "a time that nothing takes"),
    ("fingerprint", "a fingerprint that is none"),
  ])
  func `a host that breaks the protocol is given up at once, and not tried again`(
    mode: String, words: String
  ) throws {
    let hosts = try TwoHosts(command: Self.command(mode))
    let trouble = try hosts.migrate(within: .seconds(20))
    #expect(trouble.status == "unreachable" && trouble.code == "protocol", "\(trouble)")
    #expect(trouble.message.hasPrefix("the host sent \(words)"), "\(trouble.message)")
    #expect(trouble.run.words.contains("takes the agent's place"), "\(trouble.run.output)")
    #expect(hosts.bad.logins == 1)
    try hosts.expectUntouched()
  }

  @Test func `a second answer to one request ends the connection`() throws {
    let hosts = try TwoHosts(command: Self.command("twice"))
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "protocol", "\(trouble)")
  }

  @Test func `a look tries a host that breaks the protocol once`() throws {
    let hosts = try TwoHosts(command: Self.command("steps"))
    let start = ContinuousClock.now
    let run = try hosts.fleet.run("status")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.words.contains("message that nobody asked for"), "\(run.output)")
    #expect(ContinuousClock.now - start < .seconds(15))
    #expect(hosts.bad.logins == 1)
  }

  @Test func `a long message is told, and not to its end`() throws {
    let hosts = try TwoHosts(command: Self.command("message"))
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "busy", "\(trouble)")
    #expect(
      trouble.message.utf8.count == 4_000 && trouble.message.hasSuffix("x…"), "\(trouble.message.suffix(9))")
    #expect(!trouble.run.output.contains("the end"))
  }

  @Test(arguments: ["path", "bytes", "odd", "digest", "upper"])
  func `a backup that is not the one that was asked for is not taken down`(mode: String) throws {
    let hosts = try TwoHosts(command: Self.command(mode))
    let run = try hosts.fleet.run("backup")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    let list = try hosts.fleet.run("backups")
    #expect(list.output.contains("  good ") && !list.output.contains("  bad "), "\(list.output)")
    #expect(!list.output.contains("/etc/passwd") && !list.output.contains("-5 bytes"), "\(list.output)")
    #expect(hosts.bad.logins == 1)
  }

  @Test func `a file that doesn't end when it should is given up`() throws {
    let hosts = try TwoHosts(command: Self.command("longer"), extra: "backup: { fetch: true }")
    let start = ContinuousClock.now
    let run = try hosts.fleet.run("backup")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.words.contains("more of a file than its"), "\(run.output)")
    #expect(run.words.contains("its backup whole on its host"), "\(run.output)")
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(!hosts.fleet.files.contains { $0.hasSuffix(".part") })
  }

  /// Each connects by itself, since its arguments for ssh are its own.
  private func configure(_ hosts: TwoHosts, _ count: Int) throws {
    let entries = (1...count).map {
      #""h\#($0)": { "ansible_ssh_extra_args": "-o ConnectionAttempts=\#($0)" }"#
    }
    let program = try hosts.fleet.folder.write(
      """
      #!/bin/sh
      cat <<'X'
      { "all": { "vars": { "ansible_host": "127.0.0.1", "ansible_port": \(hosts.bad.port),
                           "flotilla_path": "\(hosts.path)-{{ inventory_hostname }}" } },
        "_meta": { "hostvars": { \(entries.joined(separator: ", ")) } } }
      X

      """, to: "hosts.sh")
    chmod(program, 0o755)
    for number in 1...count {
      try FileManager.default.copyItem(
        atPath: hosts.fleet.template(0), toPath: "\(hosts.path)-h\(number)")
    }
    try hosts.fleet.configure(
      "ssh: { options: [-F, \(hosts.fleet.folder.file("ssh_config"))], connect_timeout: 30s }\n"
        + "rollout: { concurrency: \(count) }", installations: "  - { from: ./hosts.sh }")
  }

  private static let measure = """
    import resource, subprocess, sys
    run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    sys.stdout.flush()
    sys.stdout.buffer.write(run.stdout)
    sys.exit(run.returncode)
    """

  @Test(arguments: [("none", 0), ("values", 3), ("texts", 0), ("unlike", 3), ("long-hello", 3)])
  func `many hostile hosts don't take the coordinator's memory`(mode: String, status: Int32) throws {
    let hosts = try TwoHosts(command: Self.command(mode))
    try configure(hosts, 24)
    try hosts.fleet.folder.write(Self.measure, to: "measure.py")
    let run = try Program.shell(
      "/usr/bin/python3 measure.py \"$FLOTILLA\" status", in: hosts.fleet.folder.path)
    #expect(run.status == status, "\(run.output)\(run.errors)")
    let kilobytes = try #require(run.output.split(separator: "\n").first.flatMap { Int($0) }, "\(run.output)")
    print("24 hosts, \(mode): \(kilobytes / 1024) MB")
    // What ssh takes isn't counted, as each is a process of its own, and the largest one counts.
    #expect(kilobytes < 300 << 10, "\(kilobytes / 1024) MB")
    #expect(hosts.bad.logins == 24)
    if mode == "unlike" { #expect(run.output.contains("more than 64 MB"), "\(run.output)") }
  }
}
private let hasPython = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")
