import Foundation
import Glibc
import TestSupport
import Testing

/// Hosts that can't be logged in to: each is told with its reason, and the others are worked on.
@Suite struct HostConnectTests {
  @Test func `a host that refuses is not reached`() throws {
    let hosts = try TwoHosts()
    try hosts.configure(port: SSHServer.freePort())
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "unreachable", "\(trouble)")
    #expect(trouble.message.contains("refused"), "\(trouble.message)")
    try hosts.expectUntouched()
    try hosts.expectFinish()
  }

  @Test func `a host that accepts and never speaks is given up after its time`() throws {
    let hosts = try TwoHosts()
    let silent = try Listener()
    try hosts.configure(ssh: "connect_timeout: 2s", port: silent.port)
    let trouble = try hosts.migrate(within: .seconds(25))
    #expect(trouble.status == "unreachable" && trouble.code == "unreachable", "\(trouble)")
    try hosts.expectUntouched()
    try hosts.expectFinish()
  }

  @Test func `a host that greets and then never speaks is given up after its time`() throws {
    let hosts = try TwoHosts(command: "exec sleep 60", ssh: "connect_timeout: 2s")
    let trouble = try hosts.migrate(within: .seconds(25))
    #expect(trouble.status == "unreachable" && trouble.code == "unreachable", "\(trouble)")
    #expect(trouble.message.contains("did not answer within"), "\(trouble.message)")
    try hosts.expectUntouched()
  }

  @Test func `a name that nobody knows is not reached`() throws {
    let hosts = try TwoHosts()
    try hosts.configure(bad: ", user: root")
    let file = hosts.fleet.folder.file("fleet.yml")
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let place = try #require(text.range(of: "id: bad, host: 127.0.0.1"))
    try hosts.fleet.folder.write(
      text.replacingCharacters(in: place, with: "id: bad, host: nobody.invalid"), to: "fleet.yml")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "unreachable", "\(trouble)")
    #expect(trouble.message.contains("nobody.invalid"), "\(trouble.message)")
  }

  @Test func `a key that was never seen is refused where it has to be known`() throws {
    let hosts = try TwoHosts()
    try hosts.bad.folder.write("", to: "known_hosts")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "host_key", "\(trouble)")
    #expect(hosts.bad.logins == 0)
    try hosts.expectUntouched()
  }

  @Test func `a key that was never seen is taken down under accept-new`() throws {
    let hosts = try TwoHosts(ssh: "host_key: accept-new")
    try hosts.bad.folder.write("", to: "known_hosts")
    let run = try hosts.fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let known = try String(contentsOfFile: hosts.bad.folder.file("known_hosts"), encoding: .utf8)
    #expect(known.contains("[127.0.0.1]:\(hosts.bad.port) "), "\(known)")
    #expect(try hosts.fleet.versions() == [[1, 2, 3], [1, 2, 3]])
  }

  @Test(arguments: ["strict", "accept-new"])
  func `a key that changed is refused`(policy: String) throws {
    let hosts = try TwoHosts(ssh: "host_key: \(policy)")
    try hosts.bad.trust(hosts.bad.folder.file("user_key.pub"))
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "host_key_changed", "\(trouble)")
    // Where the old key is, as ssh says it.
    let place = "\(hosts.bad.folder.file("known_hosts")):1"
    #expect(trouble.message.contains("the known one in \(place)"), "\(trouble.message)")
    #expect(trouble.message.contains("(SHA256:"), "\(trouble.message)")
    #expect(trouble.run.words.contains("this may be an attack"), "\(trouble.run.output)")
    #expect(!trouble.run.output.contains("accept-new"), "\(trouble.run.output)")
    #expect(hosts.bad.logins == 0)
    try hosts.expectUntouched()
  }

  @Test func `the fleet's own options can't switch the look at the host's key off`() throws {
    let hosts = try TwoHosts()
    try hosts.bad.trust(hosts.bad.folder.file("user_key.pub"))
    let file = hosts.fleet.folder.file("fleet.yml")
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try hosts.fleet.folder.write(
      text.replacing("options: [", with: "options: [-o, StrictHostKeyChecking=no, "), to: "fleet.yml")
    #expect(try hosts.migrate().code == "host_key_changed")
    #expect(hosts.bad.logins == 0)
  }

  @Test func `a host that doesn't take the key is told as that`() throws {
    let hosts = try TwoHosts(config: "AuthorizedKeysFile /dev/null")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "authentication", "\(trouble)")
    #expect(trouble.run.output.contains("ssh HOST true must not ask"), "\(trouble.run.output)")
    // Once to look and not again: the same would become of it.
    let attempts = hosts.bad.log.components(separatedBy: "closed by authenticating user").count - 1
    #expect(attempts == 1, "\(hosts.bad.log)")
    try hosts.expectUntouched()
  }

  @Test func `a key that asks for its passphrase asks nobody`() throws {
    let hosts = try TwoHosts()
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/ssh-keygen")
    process.arguments = ["-q", "-p", "-P", "", "-N", "secret", "-f", hosts.bad.folder.file("user_key")]
    try process.run()
    process.waitUntilExit()
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "authentication", "\(trouble)")
  }
}

/// Accepts connections on loopback, since the kernel does, and never says a word.
final class Listener {
  let port: Int
  private let file: Int32

  init() throws {
    port = try SSHServer.freePort()
    file = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard bound, listen(file, 16) == 0 else { throw SupportError("nobody can listen on \(port)") }
  }

  deinit { close(file) }
}
