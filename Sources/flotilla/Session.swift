import ArgumentParser
import Basics
import Fleet
import FoundationEssentials
import Glibc
import Migrations
import Remote
import Report
import Schema
import Upgrade
import Wire

/// What a command needs to work on installations: fleet file, installations, migrations, and the terminal.
struct Session {
  let context: FleetContext
  let inventory: Inventory
  let selection: [Int]
  let set: MigrationSet
  let expectedSchema: ExpectedSchema
  let options: UpgradeOptions
  /// The plan that is to be done, and the inventory without the installations that only the plan knows; nil without
  /// one.
  private(set) var kept: (plan: KeptPlan, inventory: Inventory)?

  /// Creates a session for commands that compare installations with the migrations, or apply migrations.
  ///
  /// - Throws: a mistake in the fleet file, the inventory, `--only`, the migrations or `target`.
  init(
    _ global: GlobalOptions, _ console: Console, target: MigrationVersion? = nil, plan: KeptPlan? = nil,
    members: Set<String>? = nil, interruption: Interruption? = nil
  ) throws {
    try self.init(
      FleetContext(global, console, interruption: interruption), target: target, plan: plan, members: members)
  }

  /// The same with a fleet file that was already read. The ids in `members` are selected instead of those of `--only`.
  init(
    _ context: FleetContext, target given: MigrationVersion? = nil, plan: KeptPlan? = nil,
    members: Set<String>? = nil
  ) throws {
    try plan?.check(fleet: context.fleet.name, target: given)
    let target = plan?.target ?? given
    let listed = try context.fleet.inventory(environment: context.environment)
    let inventory = plan.map { listed.adding($0) } ?? listed
    // A mistyped name is reported before the migrations are read.
    var selection =
      try members.map { members in
        inventory.installations.indices.filter { members.contains(inventory.installations[$0].id) }
      } ?? OnlySelection.indices(context.global.only, of: inventory, context)
    if let plan { selection = try plan.selection(of: selection, inventory, context) }
    self.init(context, inventory, selection, try context.fleet.migrationSet(), target: target)
    try plan?.check(set)
    kept = plan.map { ($0, listed) }
    if target != nil, set.program != nil {
      throw UsageError(
        "--to is for migrations that are files: the program of \(context.fleet.name) applies all of its own")
    }
    if let target, set.name(of: target) == nil {
      throw UsageError("--to \(target): there is no migration with that number; the latest is \(set.latest)")
    }
    try context.endingOnSignal {
      try expectedSchema.validate(calledOffBy: context.interruption.cancellation)
      for warning in inventory.warnings { context.console.log("flotilla: \(warning)") }
      try warnOfFreshSchema()
    }
  }

  /// Creates a session for commands that apply nothing. If the migrations can't be used, that is logged and the
  /// command continues without knowing what is pending.
  ///
  /// - Throws: a mistake in `--only`.
  init(applyingNothing context: FleetContext, _ inventory: Inventory) throws {
    let selection = try OnlySelection.indices(context.global.only, of: inventory, context)
    do {
      let session = Self(context, inventory, selection, try context.fleet.migrationSet())
      try context.endingOnSignal {
        try session.expectedSchema.validate(calledOffBy: context.interruption.cancellation)
      }
      self = session
    } catch let error as ExitCode {
      throw error
    } catch {
      context.console.log("flotilla: \(error)")
      context.console.log("flotilla: the migrations can't be used, so it is not known what is pending.")
      self.init(
        context, inventory, selection, MigrationSet(unusable: "\(error)", in: context.fleet.migrations))
    }
  }

  private init(
    _ context: FleetContext, _ inventory: Inventory, _ selection: [Int], _ set: MigrationSet,
    target: MigrationVersion? = nil
  ) {
    self.context = context
    self.inventory = inventory
    self.selection = selection
    self.set = set
    options = Self.options(context.fleet, target: target)
    expectedSchema = ExpectedSchema(set, ignoring: options.ignored)
  }

  var environment: [String: String] { context.environment }
  var console: Console { context.console }
  var global: GlobalOptions { context.global }
  var fleet: FleetFile { context.fleet }
  var state: StateFolder { context.state }
  var interruption: Interruption { context.interruption }
  var start: ContinuousClock.Instant { context.start }

  private func warnOfFreshSchema() throws {
    guard let fresh = try expectedSchema.freshSchema(calledOffBy: interruption.cancellation) else { return }
    let latest = try expectedSchema.schema(of: set.migrations.compactMap(\.version))
    let differences = fresh.differences(in: latest)
    guard let first = differences.first else { return }
    console.log(
      "flotilla: the migrations don't lead to what schema.sql says: \(first)"
        + (differences.count == 1 ? "" : ", and \(differences.count - 1) more"))
  }

  private static func options(_ fleet: FleetFile, target: MigrationVersion?) -> UpgradeOptions {
    var options = UpgradeOptions()
    options.target = target
    options.check = fleet.backup.check
    options.compress = fleet.backup.compress
    options.busyTimeout = fleet.rollout.busyTimeout
    options.timeout = fleet.rollout.timeout
    options.hooks = fleet.hooks
    options.networkFileSystems = fleet.rollout.networkFileSystems
    options.hardLinks = fleet.rollout.hardLinks
    options.backupFolder = StateFolder(fleet.state).backups
    options.ignored = fleet.drift.ignore
    return options
  }

  /// The workers for this machine and for the selected hosts.
  ///
  /// - Throws: `Failure` if there are hosts but no agent to send to them.
  func workers(_ options: UpgradeOptions? = nil) throws(Failure) -> FleetWorkers {
    let options = options ?? self.options
    let local = LocalWorker(set, expectedSchema, options)
    guard selection.contains(where: { !inventory.installations[$0].machine.isLocal }) else {
      return FleetWorkers(local, nil)
    }
    let program = fleet.ssh.agent == nil ? try AgentProgram(beside: executablePath()) : nil
    return FleetWorkers(local, HostPool(fleet.ssh, program, set, options))
  }

  /// - Throws: a mistake in the waves, before any installation is inspected.
  func checkWaves() throws {
    if let problem = fleet.waveProblems(in: inventory).first { throw problem }
  }

  /// The store for a run's backups; `prunes` says whether outdated ones are removed.
  func backups(_ journal: Journal, _ run: RunID, prunes: Bool = true) throws -> BackupStore {
    let console = console
    return try BackupStore(
      journal, run, in: state, keep: prunes ? fleet.backup.keep : nil, fetches: fleet.backup.fetch,
      compress: fleet.backup.compress, within: fleet.rollout.timeout
    ) { console.log("flotilla: \($0)") }
  }

  /// The path of this program, with links resolved.
  private func executablePath() -> String {
    guard let path = realpath("/proc/self/exe", nil) else { return CommandLine.arguments[0] }
    defer { free(path) }
    return String(cString: path)
  }

  func lanes(_ count: Int? = nil) -> Lanes {
    Lanes(count ?? fleet.rollout.concurrency, perHost: fleet.rollout.perHost)
  }

  /// The id of the installation at an index of the inventory.
  func name(_ index: Int) -> String { inventory.installations[index].id }

  /// Inspects every selected installation, with a progress line. A rollout will record those that `isLeft` selects.
  func scan(
    _ run: FleetRun, lanes: Lanes? = nil,
    recorder: PlanRecorder? = nil, leaving isLeft: @escaping @Sendable (Cohort) -> Bool = { _ in false }
  ) -> FleetStatus {
    let progress = Progress(console, "looking", total: selection.count)
    let observer = recorder?.beside(progress) ?? progress
    let fleetStatus = run.scan(lanes: lanes ?? self.lanes(), leaving: isLeft, observer)
    progress.end()
    return fleetStatus
  }

  /// Inspects the installations in a run that leaves no trace.
  func inspect(
    _ options: UpgradeOptions? = nil, recorder: PlanRecorder? = nil
  ) throws -> (run: FleetRun, fleetStatus: FleetStatus) {
    var options = options ?? self.options
    options.recovers = false
    let run = FleetRun(
      inventory, selection, try workers(options), journal: nil, interruption: interruption)
    return (run, scan(run, recorder: recorder))
  }

  var table: CohortTable { CohortTable(set, isVerbose: global.verbose, names: name) }

  /// A path for people: relative if it is in the current folder.
  static func shown(_ path: String) -> String {
    let folder = FileManager.default.currentDirectoryPath + "/"
    return path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path
  }

  /// The first line of every table: `ownprem: 24 installations, 9 migrations`.
  var headline: String { TextLayout.wrap(sentence).joined(separator: "\n") }

  private var sentence: String {
    "\(fleet.name): \(counted(selection.count, "installation")), \(counted(set.migrations.count, set.files.format.noun))"
  }

  /// The current time in ISO 8601, such as `2026-01-28T09:30:00Z`.
  static func now() -> String { Date().formatted(.iso8601) }

  /// The result of a run: `finished`, `stopped` by failures, or `interrupted`.
  func result(_ stop: RolloutStop? = nil) -> String {
    interruption.signal != nil ? "interrupted" : stop == nil ? "finished" : "stopped"
  }

  /// The report of a run without its installations, as JSON. The run ends now.
  func header(
    _ run: RunID, _ command: String, startedAt: String, _ fleetStatus: FleetStatus,
    _ stop: RolloutStop? = nil,
    waves: [Wave] = [], changes: DriftChanges? = nil, rollout: StagedRollout? = nil
  ) throws -> String {
    try ReportHeader(
      fleet: fleet.name, program: "flotilla \(programVersion)",
      run: (run, command, startedAt, Self.now(), result(stop), global.only), set, fleetStatus, waves: waves,
      changes, rollout: rollout, names: name
    ).json()
  }

  /// The exit status of the command for this state of the installations.
  func exitStatus(_ fleetStatus: FleetStatus) -> ExitStatus {
    switch interruption.signal {
    case SIGTERM: return .terminated
    case .some: return .interrupted
    case nil: break
    }
    return fleetStatus.count { $0.status == .failed || $0.status == .unreachable } > 0 ? .someFailed : .well
  }
}
