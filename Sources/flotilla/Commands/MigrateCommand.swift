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

struct Migrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Backs up, migrates, proves and reports, in waves.")

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Option(help: ArgumentHelp("The highest version to apply.", valueName: "version")) var to: MigrationVersion?
  @Option(
    help: ArgumentHelp("Does exactly what plan --output wrote to this file.", valueName: "file"))
  var plan: String?
  @Flag(help: "Starts without asking.") var yes = false
  @Option(
    help: ArgumentHelp("How many of a wave may fail before the rollout stops: 3 or 5%.", valueName: "n|n%"))
  var maxFailures: String?
  @Flag(name: .customLong("no-backup"), help: "Makes no backups.") var noBackup = false
  @OptionGroup var running: RolloutOptions
  @Flag(help: "Begins a new rollout although the last one ended at a gate that it did not pass.")
  var anew = false

  func validate() throws {
    if let maxFailures, FailureLimit(maxFailures) == nil {
      throw ValidationError("--max-failures takes a number or a share: 3 or 5%")
    }
  }

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let kept = try plan.map { try KeptPlan(reading: $0) }
      let session = try Session(global.orElse(root.global), console, target: to, plan: kept)
      let settings = MigrateSettings(
        running, yes: yes, maxFailures: maxFailures, isWithoutBackups: noBackup, plan: plan, isAnew: anew)
      return try MigrateRun(settings, session).run()
    }
  }
}

/// The options of the commands that carry a rollout on.
struct RolloutOptions: ParsableArguments {
  @Option(help: ArgumentHelp("How many installations at once.", valueName: "n")) var concurrency: Int?
  @Option(
    help: ArgumentHelp(
      "Writes the report here as well: \(ReportFormat.usualEndings).", valueName: "file"))
  var report: String?
  @Flag(inversion: .prefixedNo, help: "Uploads the report, or doesn't (default: where report.url is set).")
  var upload: Bool?
  @Flag(
    name: .customLong("no-wait"),
    help:
      "Ends with status 8 where a wave bakes or waits for a person; goes on with: flotilla rollout continue.")
  var noWait = false

  func validate() throws {
    if let concurrency, !(1...1000).contains(concurrency) {
      throw ValidationError("--concurrency takes a number from 1 to 1000")
    }
  }
}

/// What a `flotilla migrate`, or what goes on with one, is to do.
struct MigrateSettings {
  let yes: Bool
  let concurrency: Int?
  let maxFailures: String?
  let isWithoutBackups: Bool
  let plan: String?
  let report: String?
  let upload: Bool?
  let doesWait: Bool
  let isAnew: Bool

  init(
    _ options: RolloutOptions, yes: Bool = true, maxFailures: String?, isWithoutBackups: Bool, plan: String?,
    isAnew: Bool = false
  ) {
    (concurrency, report, upload) = (options.concurrency, options.report, options.upload)
    doesWait = !options.noWait
    (self.yes, self.maxFailures, self.isAnew) = (yes, maxFailures, isAnew)
    (self.isWithoutBackups, self.plan) = (isWithoutBackups, plan)
  }
}

/// One `flotilla migrate`, from the scan of the fleet to the report.
struct MigrateRun {
  private let command: MigrateSettings
  private let session: Session
  /// The rollout that this run goes on with; nil if it begins one.
  private let resumed: StagedRollout?
  private let console: Console
  private let delivery: ReportDelivery?
  private let notification: RunNotification
  private let books: Bookkeeping

  init(_ command: MigrateSettings, _ session: Session, resuming resumed: StagedRollout? = nil) throws {
    self.command = command
    self.resumed = resumed
    self.session = session
    console = session.console
    books = Bookkeeping(console)
    delivery = command.upload == false ? nil : try ReportDelivery(session.context)
    notification = try RunNotification(session, isQuiet: command.upload == false)
    if command.upload == true, delivery == nil {
      throw UsageError("--upload: report.url is not set in \(session.fleet.file)")
    }
  }

  private var options: UpgradeOptions {
    var options = session.options
    options.preflight = true
    options.tellsHistory = session.kept != nil
    if command.isWithoutBackups { options.check = .none }
    return options
  }

  func run() throws -> ExitStatus {
    try session.checkWaves()
    if let copy = command.report {
      _ = try ReportFormat(writing: copy)
      try ReportWriter.check(copy)
    }
    try session.state.create()
    let access = try StateAccess(session.state)
    let journal = try Journal(session.state)
    let rolloutLock = try lockRollout(journal)
    defer { withExtendedLifetime(rolloutLock) {} }
    try session.context.recover(journal, session.inventory, session.set.historyTable)
    let started = Session.now()
    let workers = try workers(journal)
    let run = FleetRun(
      session.inventory, session.selection, workers, journal: journal, interruption: session.interruption)
    try journal.begin(run.id, command: "migrate", fleet: session.fleet.name, at: started)
    let plan = try journal.orDiscard(run.id, console) { try prepare(run, journal) }
    var fleetStatus = plan.fleetStatus
    // From here on, databases may be changed and nothing throws: the results are reported whatever else fails.
    let staged = plan.staged.map { rollout in
      StagedRun(
        rollout, session, journal, run, workers, access, notification, doesWait: command.doesWait
      ) { fleetStatus, rollout in
        keep(run, journal, fleetStatus, .waiting, rollout, startedAt: started, waves: plan.rollout.waves)
      }
    }
    let stop = work(run, workers, plan, staged, &fleetStatus, journal)
    notify(fleetStatus, stop, ContinuousClock.now - session.start - plan.waited, staged?.rollout)
    run.noteRest(fleetStatus) { $0.status == .pending }
    for line in staged?.trouble ?? [] { console.log("flotilla: \(line)") }
    let exitStatus = report(
      run, journal, fleetStatus, stop, staged, startedAt: started, waves: plan.rollout.waves)
    let again = "flotilla migrate" + (command.plan.map { " --plan \($0.oneLine)" } ?? "")
    if staged == nil || staged?.rollout.state == .finished,
      let next = RunSummary(fleetStatus, names: session.name).next(again)
    {
      console.out(lines: [next])
    }
    return books.exitStatus(
      exitStatus, changed: fleetStatus.count { $0.status == .migrated || !$0.isUnchanged } > 0)
  }

  /// Refuses to go past a gate that the last rollout did not pass: the wave is migrated, so it would not be a wave again.
  private func checkLastGate(_ journal: Journal) throws {
    guard resumed == nil, !command.isAnew, let last = try journal.latestRollout(), last.hasFailedGate,
      last.digest == session.set.digest.description
    else { return }
    throw UsageError(
      "rollout \(last.id) did not pass its gate: \(last.standing). flotilla rollout undo takes that wave back; flotilla "
        + "migrate --anew begins a rollout of the rest")
  }

  /// Makes sure that there is no other open rollout, and that no other process carries one on.
  private func lockRollout(_ journal: Journal) throws -> StateLock {
    guard let lock = try session.state.lockRollout() else {
      throw UsageError("another flotilla carries the rollout on; flotilla rollout shows it")
    }
    let open = try journal.openRollout()
    if let resumed {
      // It was read before the lock was taken.
      guard let open, open.id == resumed.id, open.runs == resumed.runs, open.state == resumed.state,
        open.wave == resumed.wave
      else {
        throw UsageError("the rollout has changed in the meantime; flotilla rollout shows where it stands")
      }
      return lock
    }
    if let open {
      throw UsageError(
        "rollout \(open.id) has not ended: \(open.standing). To go on with it: flotilla rollout continue; to end it: "
          + "flotilla rollout abort")
    }
    return lock
  }

  /// The workers, which do what a kept plan says if there is one.
  private func workers(_ journal: Journal) throws -> any Workers {
    let workers = try session.workers(options)
    guard let kept = session.kept else { return workers }
    return KeptPlanWorkers(workers, kept.plan, kept.inventory, done: try journal.lastMigrations())
  }

  /// What is to be done, with the user's consent.
  private struct Plan {
    let fleetStatus: FleetStatus
    let rollout: RolloutPlan
    /// The rollout in the journal; nil if no wave has a gate.
    let staged: StagedRollout?
    /// The store for backups; nil if there is nothing to do.
    let backups: BackupStore?
    /// How long the user took to answer.
    let waited: Duration
  }

  /// Does everything that comes before the first write to a database.
  private func prepare(_ run: FleetRun, _ journal: Journal) throws -> Plan {
    let fleetStatus = session.scan(run, lanes: session.lanes(command.concurrency)) { $0.status == .pending }
    if fleetStatus.count(where: { $0.status == .pending }) > 0 { try checkLastGate(journal) }
    let limit = command.maxFailures.flatMap { FailureLimit($0) }
    let resuming = try resumed.map { (rollout: $0, members: try join($0, run, fleetStatus, journal)) }
    let rollout = try RolloutPlan(
      session, fleetStatus, failures: limit, concurrency: command.concurrency,
      resuming: resuming)
    try journal.check()
    let rehearsal =
      rollout.count > 0 ? try PlanRehearsal(forLimitOf: session, options, run, fleetStatus) : nil
    let asked = ContinuousClock.now
    try agree(to: rollout, fleetStatus, rehearsal)
    let waited = ContinuousClock.now - asked
    for file in try journal.noteMigrations(session.set, run: run.id) {
      console.log(
        "flotilla: \(file) was changed since it was last used; databases that have it keep the old result")
    }
    let staged = try stage(rollout, run, journal)
    let backups = rollout.count > 0 || staged != nil ? try session.backups(journal, run.id) : nil
    return Plan(fleetStatus: fleetStatus, rollout: rollout, staged: staged, backups: backups, waited: waited)
  }

  /// The rollout as it begins or goes on in this run; nil if it doesn't have to outlive the process.
  private func stage(_ rollout: RolloutPlan, _ run: FleetRun, _ journal: Journal) throws -> StagedRollout? {
    if var resumed {
      resumed.runs.append(run.id)
      for wave in rollout.waves { resumed.waves[wave.number - 1].installations = wave.indices.count }
      try journal.save(resumed)
      return resumed
    }
    let isStaged = rollout.waves.contains { $0.gate != nil } || session.fleet.rollout.onFailure == .restore
    guard isStaged, rollout.count > 0, session.interruption.signal == nil else { return nil }
    if session.fleet.rollout.onFailure == .restore, options.check == .none {
      throw UsageError("rollout.on_failure: restore takes databases back from backups, so it needs backups")
    }
    let staged = StagedRollout(
      run.id, rollout.waves, only: session.global.only, target: session.options.target,
      digest: session.set.digest.description, maxFailures: rollout.maxFailures.description,
      isWithoutBackups: command.isWithoutBackups, plan: try session.kept.map { try plan($0.plan) },
      onFailure: session.fleet.rollout.onFailure)
    try journal.begin(
      staged, rollout.waves.flatMap { wave in wave.indices.map { (session.name($0), wave.number) } })
    return staged
  }

  /// The plan that the rollout follows, also when it goes on from another folder.
  private func plan(_ plan: KeptPlan) throws -> StagedRollout.Plan {
    let path = command.plan ?? ""
    guard let real = realpath(path, nil) else { throw UsageError("the plan \(path) is gone") }
    defer { free(real) }
    return StagedRollout.Plan(path: String(cString: real), digest: plan.digest)
  }

  /// The members of a rollout that goes on. Pending installations that it doesn't have join the last wave.
  private func join(
    _ resumed: StagedRollout, _ run: FleetRun, _ fleetStatus: FleetStatus, _ journal: Journal
  ) throws -> [String: Int] {
    var members = try journal.members(of: resumed.id)
    guard !members.isEmpty else {
      throw UsageError("the journal has lost the members of rollout \(resumed.id): flotilla rollout abort")
    }
    let present = Set(session.inventory.installations.map(\.id))
    let gone = members.keys.filter { !present.contains($0) }.sorted()
    if !gone.isEmpty {
      console.log(
        "\(counted(gone.count, "installation")) of the rollout not in the inventory any more: "
          + gone.prefix(5).joined(separator: ", ") + (gone.count > 5 ? ", …" : ""))
    }
    let new = session.selection.filter {
      fleetStatus.cohort(at: $0)?.status == .pending && members[session.name($0)] == nil
    }
    guard !new.isEmpty else { return members }
    let list = new.prefix(5).map(session.name).joined(separator: ", ") + (new.count > 5 ? ", …" : "")
    guard !resumed.isLastWave || resumed.state == .rolling else {
      console.log(
        "\(counted(new.count, "installation")) new since the rollout began, for the next migrate: \(list)")
      return members
    }
    console.log(
      "\(counted(new.count, "installation")) new since the rollout began, now in its last wave: \(list)")
    for index in new { members[session.name(index)] = resumed.waves.count }
    try journal.addMembers(new.map { (session.name($0), resumed.waves.count) }, to: resumed.id)
    return members
  }

  /// Shows the plan and asks for consent, unless there is nothing to do or `--yes` was given.
  private func agree(to rollout: RolloutPlan, _ fleetStatus: FleetStatus, _ rehearsal: PlanRehearsal?) throws
  {
    guard rollout.count > 0, session.interruption.signal == nil, !command.yes, resumed == nil else { return }
    for line in [session.headline, ""] + session.table.lines(fleetStatus, showsPlan: true) + [
      "", rollout.sentence,
    ] + rollout.notes + (rehearsal?.report ?? []) {
      console.log(line)
    }
    if options.check == .none { console.log("No backups will be made.") }
    guard console.canAsk else {
      throw UsageError("there is no terminal to ask on; to start without being asked: flotilla migrate --yes")
    }
    guard try console.confirms("Migrate?", session.interruption) else {
      throw UsageError("nothing was changed")
    }
  }

  private func work(
    _ run: FleetRun, _ workers: any Workers, _ plan: Plan, _ staged: StagedRun?,
    _ fleetStatus: inout FleetStatus, _ journal: Journal
  ) -> RolloutStop? {
    let rollout = plan.rollout
    guard let backups = plan.backups else { return session.interruption.signal.map { .interrupted($0) } }
    defer { backups.end() }
    let progress = Progress(console, "", total: 0, verbose: session.global.verbose)
    defer { progress.end() }
    let upgrade = { @Sendable (installation: Installation) in
      let worker = workers.worker(for: installation)
      let outcome = worker.upgrade(installation.path, backup: backups.location(installation))
      return backups.recordAndPrune(outcome, of: installation, worker)
    }
    let stop: RolloutStop?
    if let staged {
      stop = staged.carryOut(
        rollout.waves, &fleetStatus, lanes: rollout.lanes, maxFailures: rollout.maxFailures, progress, upgrade
      )
    } else {
      stop = run.rollOut(
        rollout.waves, &fleetStatus, lanes: rollout.lanes, maxFailures: rollout.maxFailures, progress, upgrade
      )
    }
    books.attempt { try journal.check() }
    return stop
  }

  private func notify(
    _ fleetStatus: FleetStatus, _ stop: RolloutStop?, _ time: Duration, _ staged: StagedRollout?
  ) {
    let summary = RunSummary(fleetStatus, names: session.name)
    let attention = summary.attention() + summary.drift()
    if !attention.isEmpty { console.out(lines: attention + [""]) }
    if case .failures(let count, let allowed, let wave) = stop {
      console.out(
        lines: TextLayout.wrap(
          "Stopped in wave \(wave.number) (\(wave.name)): \(count) failed, \(allowed) may. The rest was not begun."
        ))
    }
    if case .unrecorded = stop, fleetStatus.count(where: { $0.status == .pending }) > 0 {
      console.out(
        lines: TextLayout.wrap(
          "Stopped, since the journal can't be written any more. What had begun was finished, the rest was not begun."
        ))
    }
    if case .interrupted = stop {
      console.out(lines: ["Interrupted: what had begun was finished, the rest was not begun."])
    }
    if let staged { console.out(lines: Self.lines(staged)) }
    console.out(lines: TextLayout.wrap("\(summary.counts()), in \(time.inTenths(.down))"))
    if let waiting = summary.waiting { console.out(lines: TextLayout.wrap(waiting)) }
  }

  /// How a rollout with gates ended, or what it waits for.
  private static func lines(_ staged: StagedRollout) -> [String] {
    let standing = staged.standing
    let lines = TextLayout.wrap("Rollout \(staged.id): \(standing).")
    switch staged.state {
    case .awaiting: return lines + ["  flotilla rollout approve", "  flotilla rollout continue"]
    case .rolling, .baking, .paused, .undoing: return lines + ["  flotilla rollout continue"]
    case .finished, .failed, .undone, .aborted: return lines
    }
  }

  /// Writes the report of a run that has not ended.
  ///
  /// - Returns: its path; nil if it can't be written, which is reported.
  private func keep(
    _ run: FleetRun, _ journal: Journal, _ fleetStatus: FleetStatus, _ stop: RolloutStop?,
    _ staged: StagedRollout?, startedAt: String, waves: [Wave]
  ) -> String? {
    let header = books.attempt {
      try session.header(
        run.id, "migrate", startedAt: startedAt, fleetStatus, stop, waves: waves, rollout: staged)
    }
    guard let header else { return nil }
    return FinishedReport(
      writer: ReportWriter(run, journal, header: header, books), id: run.id, context: session.context,
      books: books
    ).keep()
  }

  /// Records the end of the run, writes its report, sends notifications, and uploads the report.
  private func report(
    _ run: FleetRun, _ journal: Journal, _ fleetStatus: FleetStatus, _ stop: RolloutStop?,
    _ staged: StagedRun?,
    startedAt: String, waves: [Wave]
  ) -> ExitStatus {
    let exitStatus = exitStatus(fleetStatus, stop, staged)
    let header = books.attempt {
      try session.header(
        run.id, "migrate", startedAt: startedAt, fleetStatus, stop, waves: waves, rollout: staged?.rollout)
    }
    guard let header else { return exitStatus }
    books.attempt {
      try journal.finish(run.id, result: session.result(stop), header: header, at: Session.now())
    }
    let report = FinishedReport(
      writer: ReportWriter(run, journal, header: header, books), id: run.id, context: session.context,
      books: books)
    let path = report.keep()
    if let copy = command.report {
      books.attempt { try report.writer.write(as: ReportFormat(writing: copy), to: copy) }
    }
    notification.notify(ofFailures: fleetStatus, stop, run.id)
    guard let delivery else {
      if let path { console.out(lines: ["Report  \(Session.shown(path))"]) }
      return exitStatus
    }
    let (lines, isDelivered) = report.deliver(delivery, keptAt: path)
    console.out(lines: lines)
    return !isDelivered && exitStatus == .well ? .undelivered : exitStatus
  }

  private func exitStatus(_ fleetStatus: FleetStatus, _ stop: RolloutStop?, _ staged: StagedRun?)
    -> ExitStatus
  {
    let exitStatus = session.exitStatus(fleetStatus)
    guard exitStatus == .well else { return exitStatus }
    if staged?.trouble.isEmpty == false { return .someFailed }
    return switch stop {
    case .gate, .aborted, .unrecorded, .failures: .someFailed
    case .waiting: .waiting
    case .interrupted, nil: .well
    }
  }
}
