internal import Dispatch
public import Fleet
public import Migrations
internal import Schema
internal import Synchronization
public import Upgrade
internal import Wire

/// The connections of one run: one per host, opened on first use.
///
/// ```swift
/// let program = try AgentProgram(beside: "/usr/bin/flotilla")
/// let hosts = HostPool(fleet.ssh, program, migrations, UpgradeOptions())
/// defer { hosts.close() }
/// let outcome = hosts.worker(for: Host("shop1.example")).inspect("/var/lib/shop/shop.sqlite")
/// ```
///
/// ``FleetWorkers`` uses a pool for the installations on hosts. A ``RemoteWorker`` sends its requests through the
/// pool, which reaches a ``Host`` over an `AgentTransport`.
public final class HostPool: Sendable {
  /// How many connections are tried for one request.
  private static let mostConnections = 3

  private let settings: FleetFile.SSH
  private let transport: any AgentTransport
  private let program: AgentProgram?
  /// The versions of the migrations.
  let migrations: Set<MigrationVersion>
  /// The names of the migrations' files.
  let files: Set<String>
  private let setup: Frame
  private let limit: Duration
  private let silence: Duration
  private let longestIdle: Int
  private let hosts = Mutex<[Host: Entry]>([:])
  private let versions = Mutex<Set<String>>([])
  private let budget = MemoryBudget()
  /// The long outcomes that were accepted, by hash, and their total size in bytes. Equal ones count once, since a
  /// cohort stores them once.
  private let retained = Mutex<(seen: Set<Int>, bytes: Int)>(([], 0))

  /// The state of a host. Whoever connects holds `connecting`, so that others wait instead of connecting too.
  private final class Entry: Sendable {
    struct State {
      var connection: HostConnection?
      /// Why the host was unreachable. It isn't tried again until `retry` is called.
      var failure: Failure?
    }
    let state = Mutex(State())
    let connecting = DispatchSemaphore(value: 1)
  }

  /// Creates a pool without connecting.
  ///
  /// - Parameters:
  ///   - settings: the SSH settings of the fleet.
  ///   - program: the agent to send; nil if `settings.agent` names an installed one.
  ///   - set: the migrations.
  ///   - options: how to treat each installation.
  ///   - longestIdle: how many connections may be open before idle ones are closed.
  public init(
    _ settings: FleetFile.SSH, _ program: AgentProgram?, _ set: MigrationSet, _ options: UpgradeOptions,
    longestIdle: Int = 128
  ) {
    self.settings = settings
    migrations = Set(set.migrations.compactMap(\.version))
    files = Set(([set.baseline].compactMap(\.self) + set.migrations).map(\.file))
    transport = SSHTransport(settings: settings)
    self.program = program
    var there = options
    there.backupFolder = nil
    setup = Frame(.setup, json: Setup(set, there))
    // The agent enforces the limit itself. If the coordinator closed the connection first, the result would be lost.
    limit = options.longestUpgrade + .seconds(10)
    // A healthy agent sends a heartbeat every few seconds, and ends work that takes too long by itself.
    silence = min(max(options.timeout, .seconds(3 * WireProtocol.beat)), .seconds(20))
    self.longestIdle = longestIdle
  }

  /// The worker for a host.
  public func worker(for host: Host) -> RemoteWorker { RemoteWorker(hosts: self, host: host) }

  /// Forgets which hosts were unreachable, so that they are tried again, unless another attempt can't help.
  public func retry() {
    for entry in hosts.withLock({ Array($0.values) }) {
      entry.state.withLock { if $0.failure?.isLasting == false { $0.failure = nil } }
    }
  }

  /// The SQLite versions of the agents so far.
  var sqliteVersions: Set<String> { versions.withLock { $0 } }

  /// Closes all connections.
  public func close() {
    for entry in hosts.withLock({ Array($0.values) }) { entry.state.withLock { $0.connection }?.close() }
  }

  deinit { close() }

  /// Whether an outcome may be kept in memory until the end of the run.
  func retains(_ outcome: Outcome, of bytes: Int) -> Bool {
    guard bytes > MemoryBudget.small else { return true }
    var hasher = Hasher()
    hasher.combine(outcome.drift)
    hasher.combine(outcome.failure)
    hasher.combine(outcome.adoption)
    hasher.combine(outcome.settlement)
    hasher.combine(outcome.history)
    return retains(hasher.finalize(), of: bytes)
  }

  /// Whether the questions and reasons of these answers may be kept in memory until the end of the run.
  func retains(_ answers: DataAnswers, of bytes: Int) -> Bool {
    guard bytes > MemoryBudget.small else { return true }
    var hasher = Hasher()
    hasher.combine(answers.questions)
    hasher.combine(answers.unasked)
    hasher.combine(answers.failure)
    return retains(hasher.finalize(), of: bytes)
  }

  private func retains(_ digest: Int, of bytes: Int) -> Bool {
    retained.withLock { retained in
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
      // A connection that ended before the request was made is replaced; if that fails, the reason is thrown.
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

  /// Closes the connections that have been idle longest if too many are open, since each is a process on this
  /// machine.
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
  /// Whether another attempt a moment later would fail in the same way.
  fileprivate var isLasting: Bool {
    switch code {
    case .hostKey, .hostKeyChanged, .authentication, .become, .agent, .agentFolder, .banner,
      .forcedCommand, .protocolFault:
      true
    default: false
    }
  }
}
