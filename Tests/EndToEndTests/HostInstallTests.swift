import Foundation
import Glibc
import TestSupport
import Testing

/// Hosts on which the agent can't be put, started, or work as it should.
@Suite struct HostInstallTests {

  @Test(
    .needs(.mounts), arguments: ["full", "read-only"])
  func `a home folder that takes no file is told`(state: String) throws {
    let make = state == "full" ? "mount -t tmpfs -o size=64k tmpfs" : "mount -t tmpfs -o ro tmpfs"
    let hosts = try TwoHosts(
      hasAgent: false,
      command: "exec unshare -m sh -c '\(make) \"$HOME\"; exec sh -c \"$SSH_ORIGINAL_COMMAND\"'")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "agent", "\(trouble)")
    #expect(
      trouble.message.contains(state == "full" ? "did not arrive whole" : "can not be made"),
      "\(trouble.message)")
    #expect(
      trouble.message.contains(state == "full" ? "No space left" : "Read-only file system"),
      "\(trouble.message)")
    try hosts.expectUntouched()
  }

  /// Has the bad host mount its home folder noexec, run what it is asked to, and note the files that are left there.
  private func noexec(_ hosts: TwoHosts, _ prepare: String = ":") throws -> String {
    let left = hosts.fleet.folder.file("left")
    let script = hosts.fleet.folder.file("force.sh")
    try hosts.fleet.folder.write(
      """
      #!/bin/sh
      exec unshare -m sh -c 'mount -t tmpfs -o noexec,mode=700 tmpfs "$HOME"; \(prepare)
        sh -c "$SSH_ORIGINAL_COMMAND"; status=$?; find "$HOME" -type f >\(left); exit $status'

      """, to: "force.sh")
    chmod(script, 0o755)
    return left
  }

  @Test(
    .needs(.mounts), arguments: [false, true])
  func `a folder where nothing can be run is told before the agent is sent, and nothing stays there`(
    hasAgent: Bool
  ) throws {
    let hosts = try TwoHosts(command: "exit 1")
    let cache = "$HOME/.cache/flotilla"
    let digest = try #require(hosts.good.agents.first)
    let left = try noexec(
      hosts, hasAgent ? "mkdir -p \(cache); cp \(hosts.agent) \(cache)/\(digest)" : ":")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "agent_folder", "\(trouble)")
    #expect(trouble.message.contains("nothing can be run in \(hosts.bad.home)"), "\(trouble.message)")
    #expect(trouble.run.words.contains("noexec"), "\(trouble.run.output)")
    #expect(trouble.run.words.contains("ssh.agent_folder"), "\(trouble.run.output)")
    #expect(try String(contentsOfFile: left, encoding: .utf8) == "")
    #expect(hosts.bad.logins == 1)
    try hosts.expectUntouched()
  }

  @Test(.needs(.mounts))
  func `an agent goes to the folder that is named`() throws {
    let hosts = try TwoHosts(command: "exit 1")
    _ = try noexec(hosts)
    let folder = hosts.fleet.folder.file("it's agents")
    try hosts.configure(ssh: "agent_folder: \"\(folder)\"")
    let run = try hosts.fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try hosts.fleet.versions() == [[1, 2, 3], [1, 2, 3]])
    let agents = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(agents == hosts.good.agents, "\(agents)")
  }

  @Test func `an agent goes to a folder in the home folder`() throws {
    let hosts = try TwoHosts(hasAgent: false)
    try hosts.configure(ssh: "agent_folder: ~/opt/flotilla")
    let run = try hosts.fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(FileManager.default.fileExists(atPath: "\(hosts.bad.home)/opt/flotilla"))
    #expect(hosts.bad.agents.isEmpty)
  }

  @Test func `a folder where others can put an agent is refused`() throws {
    let hosts = try TwoHosts()
    let folder = hosts.fleet.folder.file("agents")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    chmod(folder, 0o777)
    try hosts.configure(ssh: "agent_folder: \"\(folder)\"")
    let run = try hosts.fleet.run("status")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.words.contains("is not of this user alone"), "\(run.output)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }

  @Test func `an agent that can't be started is removed again`() throws {
    // It is of no use without its right to be run, which this host takes away.
    let hosts = try TwoHosts(
      hasAgent: false, command: "PATH=$HOME/bin:$PATH; export PATH; exec sh -c \"$SSH_ORIGINAL_COMMAND\"")
    let shim = try hosts.bad.folder.write(
      "#!/bin/sh\nchmod 600 \"$2\"; exec /bin/mv \"$@\"\n", to: "home/bin/mv")
    chmod(shim, 0o755)
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "agent", "\(trouble)")
    #expect(trouble.message.contains("can not be run in"), "\(trouble.message)")
    #expect(hosts.bad.agents.isEmpty, "\(hosts.bad.agents)")
  }

  @Test func `a host of another kind of machine is told before anything is sent`() throws {
    let hosts = try TwoHosts(
      hasAgent: false, command: "PATH=$HOME/bin:$PATH; export PATH; exec sh -c \"$SSH_ORIGINAL_COMMAND\"")
    let shim = try hosts.bad.folder.write("#!/bin/sh\necho riscv64\n", to: "home/bin/uname")
    chmod(shim, 0o755)
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "agent", "\(trouble)")
    #expect(trouble.message.contains("the host is riscv64 and the agent is made for"), "\(trouble.message)")
    #expect(hosts.bad.agents.isEmpty)
    try hosts.expectUntouched()
  }

  @Test(arguments: ["missing", "not executable"])
  func `an installed agent that can't be run is told`(state: String) throws {
    let hosts = try TwoHosts()
    // Only the bad host's shell is kept from running it.
    let path = hosts.fleet.folder.file("agent")
    let other = hosts.fleet.folder.file("other")
    if state != "missing" { try hosts.fleet.folder.write("#!/bin/sh\n", to: "other") }
    let run = { (agent: String) in
      try hosts.configure(ssh: "agent: \"\(agent)\"")
      return try hosts.fleet.migrate()
    }
    let failed = try run(other)
    #expect(failed.status == 3, "\(failed.output)\(failed.errors)")
    for id in ["good", "bad"] {
      let record = try #require(try hosts.fleet.records()[id])
      let error = record["error"] as? [String: Any]
      #expect(record["status"] as? String == "unreachable")
      #expect(error?["code"] as? String == "agent", "\(error ?? [:])")
    }
    try hosts.expectUntouched()
    #expect(try run(path).status == 0)
  }

  @Test(.needs(.root, .program("sudo")))
  func `a file that the user on the host may not write is told`() throws {
    let hosts = try TwoHosts()
    try hosts.configure(ssh: "agent: \"\(hosts.agent)\"", bad: ", become: nobody")
    chmod(hosts.path, 0o644)
    chmod(hosts.fleet.folder.file("db"), 0o755)
    let trouble = try hosts.migrate()
    #expect(trouble.status == "failed" && trouble.code == "permission", "\(trouble)")
    try hosts.expectUntouched()
  }

  @Test(.needs(.root, .program("sudo")))
  func `work is done as the user that is named`() throws {
    let hosts = try TwoHosts()
    try hosts.configure(ssh: "agent: \"\(hosts.agent)\"", bad: ", become: nobody")
    let nobody = try #require(getpwnam("nobody")).pointee
    // In a folder of its own, since the other host's agent keeps its backups in the first one to itself.
    let folder = hosts.fleet.folder.file("own")
    let path = folder + "/db.sqlite"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: hosts.path, toPath: path)
    for name in [folder, path] {
      chown(name, nobody.pw_uid, nobody.pw_gid)
      chmod(name, name == folder ? 0o700 : 0o600)
    }
    let file = hosts.fleet.folder.file("fleet.yml")
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try hosts.fleet.folder.write(text.replacing(hosts.path, with: path), to: "fleet.yml")
    let run = try hosts.fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try SmallFleet.versions(path) == [1, 2, 3])
    let backup = try #require(hosts.fleet.files.first { $0.hasSuffix("/bad.sqlite") })
    let attributes = try FileManager.default.attributesOfItem(atPath: hosts.fleet.folder.file(backup))
    #expect(attributes[.ownerAccountName] as? String == "nobody")
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
  }

  @Test(.needs(.root, .program("sudo")))
  func `a user whose home folder can't be written needs an agent that is installed, and is told`() throws {
    let hosts = try TwoHosts()
    try hosts.configure(bad: ", become: nobody")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "agent", "\(trouble)")
    #expect(trouble.message.contains("can not be made"), "\(trouble.message)")
  }

  @Test(.needs(.root, .program("sudo")))
  func `a user that sudo doesn't know is told in sudo's words`() throws {
    let hosts = try TwoHosts()
    try hosts.configure(bad: ", become: who-is-that")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "become", "\(trouble)")
    #expect(trouble.message.contains("who-is-that"), "\(trouble.message)")
    try hosts.expectUntouched()
  }

  @Test(.needs(.mounts))
  func `a disk that is full on the host keeps the old version`() throws {
    let hosts = try TwoHosts(
      command: """
        exec unshare -m sh -c 'mount -t tmpfs -o size=BYTES tmpfs SMALL && cp SMALL.sqlite SMALL/db.sqlite &&
          exec sh -c "$SSH_ORIGINAL_COMMAND"'
        """)
    let small = hosts.fleet.folder.file("small")
    try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: hosts.fleet.template(0), toPath: small + ".sqlite")
    let bytes = try Content.bytes(small + ".sqlite").count
    let script = hosts.fleet.folder.file("force.sh")
    let text = try String(contentsOfFile: script, encoding: .utf8)
      .replacing("BYTES", with: "\(bytes / 1024 + 16)k").replacing("SMALL", with: small)
    try hosts.fleet.folder.write(text, to: "force.sh")
    chmod(script, 0o755)
    let file = hosts.fleet.folder.file("fleet.yml")
    let fleet = try String(contentsOfFile: file, encoding: .utf8)
    try hosts.fleet.folder.write(fleet.replacing(hosts.path, with: small + "/db.sqlite"), to: "fleet.yml")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "failed" && trouble.code == "disk_full", "\(trouble)")
  }
}
