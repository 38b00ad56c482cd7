internal import Foundation

/// A real sshd on loopback with keys of its own, to whose "host" this machine's files belong. It ends with the value,
/// and by itself after ten minutes.
public final class SSHServer: @unchecked Sendable {  // Its process is started before anybody else sees it.
  /// Keys, configuration, log, and the home folder of whoever logs in.
  public let folder: TemporaryFolder
  /// Where it listens.
  public private(set) var port = 0
  private var process: pid_t = 0

  /// Starts one and waits until it answers.
  ///
  /// - Parameters:
  ///   - agent: the agent that its home folder has already; nil for none.
  ///   - more: lines of sshd_config, before all others.
  /// - Throws: what keeps it from starting.
  public init(agent: String? = nil, more: String = "") throws {
    try Prerequisite.sshd.require()
    folder = try TemporaryFolder()
    for key in ["host_key", "user_key"] {
      try Tool.output(of: ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder.file(key)])
    }
    // sshd started by root wants this folder to be there.
    try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    try folder.write(
      """
      IdentityFile \(folder.file("user_key"))
      IdentitiesOnly yes
      UserKnownHostsFile \(folder.file("known_hosts"))
      GlobalKnownHostsFile /dev/null

      """, to: "ssh_config")
    if let agent { try install(agent) }
    // Somebody else may take a free port before this server does, and would then answer in its place.
    for _ in 0..<10 {
      port = try Self.freePort()
      try folder.write(configuration(more), to: "sshd_config")
      try trust(folder.file("host_key.pub"))
      if try start() { return }
    }
    throw SupportError("sshd did not start: \(log)")
  }

  deinit { stop() }

  /// The home folder of whoever logs in.
  public var home: String { folder.file("home") }
  /// What goes after `ssh: ` in fleet.yml, with `more` keys.
  public func settings(_ more: String = "") -> String {
    "{ options: [-F, \(folder.file("ssh_config"))]\(more.isEmpty ? "" : ", \(more)") }"
  }
  /// The agents in the home folder.
  public var agents: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: "\(home)/.cache/flotilla").sorted()) ?? []
  }
  /// What it has logged.
  public var log: String { (try? String(contentsOfFile: folder.file("log"), encoding: .utf8)) ?? "" }
  /// How many have logged in.
  public var logins: Int { log.components(separatedBy: "Accepted publickey").count - 1 }

  /// Takes a public key for this host's from now on.
  public func trust(_ key: String) throws {
    let words = try String(contentsOfFile: key, encoding: .utf8).split(separator: " ").prefix(2)
    try folder.write("[127.0.0.1]:\(port) \(words.joined(separator: " "))\n", to: "known_hosts")
  }

  /// Puts an agent where a coordinator looks for it.
  public func install(_ agent: String) throws {
    let digest = try Tool.output(of: ["sha256sum", agent]).prefix(64)
    let cache = "\(home)/.cache/flotilla"
    try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: "\(cache)/\(digest)", withDestinationPath: agent)
  }

  /// Lets nobody else in; who is in stays.
  public func stop() {
    guard process > 0 else { return }
    kill(process, SIGTERM)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    process = 0
  }

  private func configuration(_ more: String) -> String {
    """
    \(more)
    Port \(port)
    ListenAddress 127.0.0.1
    HostKey \(folder.file("host_key"))
    AuthorizedKeysFile \(folder.file("user_key.pub"))
    PidFile none
    StrictModes no
    UsePAM no
    PermitRootLogin yes
    PasswordAuthentication no
    KbdInteractiveAuthentication no
    MaxStartups 200
    SetEnv HOME=\(home)

    """
  }

  /// - Returns: whether the server listens; it has ended if not.
  private func start() throws -> Bool {
    // What another test reads from would stay open as long as this process has it too.
    let script = """
      for f in /proc/self/fd/*; do n=${f##*/}; [ "$n" -le 2 ] || eval "exec $n>&-"; done
      exec timeout 600 /usr/sbin/sshd -D -f "$1" -E "$2"
      """
    let words = ["bash", "-c", script, "sshd", folder.file("sshd_config"), folder.file("log")]
    let pointers = words.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    // A test's thread has signals blocked, and what it starts would have them blocked too.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let code = posix_spawn(&process, "/bin/bash", &actions, &attributes, pointers + [nil], environ)
    guard code == 0 else { throw SupportError("sshd can't be started: \(code)") }
    for _ in 0..<500 {
      if log.contains("Server listening on 127.0.0.1 port \(port).") { return true }
      var status: Int32 = 0
      if waitpid(process, &status, WNOHANG) == process {
        process = 0
        return false
      }
      usleep(20_000)
    }
    stop()
    return false
  }

  // MARK: Ports

  private static func address(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  /// A port on which nobody listens at the moment.
  public static func freePort() throws -> Int {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(file) }
    var address = address(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
      }
    }
    guard bound else { throw SupportError("no port is free") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
