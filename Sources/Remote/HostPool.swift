internal import Dispatch
public import Fleet
public import Migrations
internal import Synchronization
public import Upgrade
internal import Wire

/// The connections of one run: one a host, made when it is first needed.
public final class HostPool: Sendable {
  /// How often a connection is made anew for one request.
  private static let mostConnections = 3

  private let settings: FleetFile.SSH
  private let transport: any AgentTransport
  private let program: AgentProgram?
  private let setup: Frame
  private let limit: Duration
  private let silence: Duration
  private let longestIdle: Int
  private let hosts = Mutex<[Host: Entry]>([:])
  private let versions = Mutex<Set<String>>([])
  private let budget = MemoryBudget()
  /// The long outcomes that were taken: what sets them apart, and their bytes. Equal ones are kept once, as a cohort.
  private let retained = Mutex<(seen: Set<Int>, bytes: Int)>(([], 0))

  /// What is known of a host. Whoever connects holds its lock, so that others wait for that instead of connecting too.
  private final class Entry: Sendable {
    struct State {
      var connection: HostConnection?
      /// Why it was not reached; it isn't tried again until somebody asks for that.
      var failure: Failure?
    }
    let state = Mutex(State())
    let connecting = DispatchSemaphore(value: 1)
  }

  /// Prepares connections; none is made yet.
  ///
  /// - Parameters:
  ///   - settings: how hosts are reached.
  ///   - program: the agent to send; nil where `settings.agent` names one that is installed.
  ///   - set: the migrations.
  ///   - options: how to treat each installation.
  ///   - longestIdle: how many connections are kept although nothing is asked of them.
  public init(
    _ settings: FleetFile.SSH, _ program: AgentProgram?, _ set: MigrationSet, _ options: UpgradeOptions,
    longestIdle: Int = 128
  ) {
    self.settings = settings
    transport = SSHTransport(settings: settings)
    self.program = program
    var there = options
    there.backupFolder = nil
    setup = Frame(.setup, json: Setup(set, there))
    // The agent keeps to the limit itself; a coordinator that ends it first would not hear how it ended.
    limit = options.longestUpgrade + .seconds(10)
    // An agent that is well beats every few seconds, and ends what takes too long by itself.
    silence = min(max(options.timeout, .seconds(3 * WireProtocol.beat)), .seconds(20))
    self.longestIdle = longestIdle
  }

  /// Who does the work on a host.
  public func worker(for host: Host) -> RemoteWorker { RemoteWorker(hosts: self, host: host) }

  /// Forgets which hosts were not reached, so that they are tried again where that can help.
  public func retry() {
    for entry in hosts.withLock({ Array($0.values) }) {
      entry.state.withLock { if $0.failure?.isLasting == false { $0.failure = nil } }
    }
  }

  /// The versions of SQLite in the agents that were met.
  var sqliteVersions: Set<String> { versions.withLock { $0 } }

  /// Ends all connections.
  public func close() {
    for entry in hosts.withLock({ Array($0.values) }) { entry.state.withLock { $0.connection }?.close() }
  }

  deinit { close() }

  /// Whether there is room for an outcome until the end of the run.
  func retains(_ outcome: Outcome, of bytes: Int) -> Bool {
    guard bytes > MemoryBudget.small else { return true }
    var hasher = Hasher()
    hasher.combine(outcome.drift)
    hasher.combine(outcome.failure)
    let digest = hasher.finalize()
    return retained.withLock { retained in
      if retained.seen.contains(digest) { return true }
      guard retained.bytes + bytes <= MemoryBudget.total else { return false }
      retained.seen.insert(digest)
      retained.bytes += bytes
      return true
    }
  }

  func perform(
    _ request: Request, on host: Host,
    sending: (((([UInt8]) throws -> Void)) throws -> Void)? = nil,
    receiving: Receiver? = nil
  ) throws(Failure) -> Answer {
    for _ in 0..<Self.mostConnections {
      let connection = try connection(to: host)
      let answer = try connection.perform(request, limit: limit, sending: sending, receiving: receiving)
      // One that ended before the request was made is replaced; if that can't be done, the reason is thrown.
      if let answer { return answer }
    }
    throw Failure(
      code: .connectionLost, step: .open, message: "the host ends each connection before it is used")
  }

  private func connection(to host: Host) throws(Failure) -> HostConnection {
    let entry = hosts.withLock { hosts in
      let entry = hosts[host] ?? Entry()
      hosts[host] = entry
      return entry
    }
    entry.connecting.wait()
    defer { entry.connecting.signal() }
    let known = entry.state.withLock { ($0.connection, $0.failure) }
    if let connection = known.0, connection.isOpen { return connection }
    if let failure = known.1 { throw failure }
    if let failure = known.0?.ending, failure.isLasting {
      entry.state.withLock { $0 = Entry.State(connection: nil, failure: failure) }
      throw failure
    }
    closeIdle()
    do throws(Failure) {
      let connection = try HostConnection(
        host, over: transport, settings, program, setup, silence: silence, budget)
      entry.state.withLock { $0.connection = connection }
      if let version = connection.sqlite { versions.withLock { _ = $0.insert(version) } }
      return connection
    } catch {
      entry.state.withLock { $0 = Entry.State(connection: nil, failure: error) }
      throw error
    }
  }

  /// Closes the connections that have waited longest where there are too many, since each is a process here.
  private func closeIdle() {
    let open = hosts.withLock { Array($0.values) }.compactMap { entry in
      entry.state.withLock { $0.connection }
    }.filter(\.isOpen)
    guard open.count >= longestIdle else { return }
    let idle = open.compactMap { connection in connection.idleSince.map { (connection, $0) } }
      .sorted { $0.1 < $1.1 }
    for (connection, _) in idle.prefix(open.count - longestIdle + 1) { connection.close() }
  }
}

extension Failure {
  /// Whether the same would become of another attempt a moment later.
  fileprivate var isLasting: Bool {
    switch code {
    case .hostKey, .hostKeyChanged, .authentication, .become, .agent, .agentFolder, .banner,
      .forcedCommand, .protocolFault:
      true
    default: false
    }
  }
}
