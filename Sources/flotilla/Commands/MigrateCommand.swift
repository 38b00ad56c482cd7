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
  @Flag(help: "Starts without asking.") var yes = false
  @Option(help: ArgumentHelp("How many installations at once.", valueName: "n")) var concurrency: Int?
  @Option(
    help: ArgumentHelp("How many of a wave may fail before the rollout stops: 3 or 5%.", valueName: "n|n%"))
  var maxFailures: String?
  @Flag(name: .customLong("no-backup"), help: "Makes no backups.") var noBackup = false
  @Option(
    help: ArgumentHelp(
      "Writes the report here as well: \(ReportFormat.usualEndings).", valueName: "file"))
  var report: String?
  @Flag(inversion: .prefixedNo, help: "Uploads the report, or doesn't (default: where report.url is set).")
  var upload: Bool?

  func validate() throws {
    if let concurrency, !(1...1000).contains(concurrency) {
      throw ValidationError("--concurrency takes a number from 1 to 1000")
    }
    if let maxFailures, FailureLimit(maxFailures) == nil {
      throw ValidationError("--max-failures takes a number or a share: 3 or 5%")
    }
  }

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let session = try Session(global.orElse(root.global), console, target: to)
      return try MigrateRun(self, session).run()
    }
  }
}

/// One `flotilla migrate`, from the scan of the fleet to the report.
struct MigrateRun {
  private let command: Migrate
  private let session: Session
  private let console: Console
  private let delivery: ReportDelivery?
  private let notification: RunNotification
  private let books: Bookkeeping

  init(_ command: Migrate, _ session: Session) throws {
    self.command = command
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
    if command.noBackup { options.check = .none }
    return options
  }

  func run() throws -> ExitStatus {
    try session.checkWaves()
    if let copy = command.report {
      _ = try ReportFormat(writing: copy)
      try ReportWriter.check(copy)
    }
    try session.state.create()
    let lock = try session.state.lock()
    defer { withExtendedLifetime(lock) {} }
    let journal = try Journal(session.state)
    try session.context.recover(journal, session.inventory, session.set.historyTable)
    let started = Session.now()
    let workers = try session.workers(options)
    let run = FleetRun(
      session.inventory, session.selection, workers, journal: journal, interruption: session.interruption)
    try journal.begin(run.id, command: "migrate", fleet: session.fleet.name, at: started)
    let plan = try journal.orDiscard(run.id, console) { try prepare(run, journal) }
    var fleetStatus = plan.fleetStatus
    // From here on, databases may be changed and nothing throws: the results are reported whatever else fails.
    let stop = work(run, workers, plan, &fleetStatus, journal)
    notify(fleetStatus, stop, ContinuousClock.now - session.start - plan.waited)
    run.noteRest(fleetStatus) { $0.status == .pending }
    let exitStatus = report(run, journal, fleetStatus, stop, startedAt: started, waves: plan.rollout.waves)
    if let next = RunSummary(fleetStatus, names: session.name).next { console.out(lines: [next]) }
    return books.exitStatus(
      exitStatus, changed: fleetStatus.count { $0.status == .migrated || !$0.isUnchanged } > 0)
  }

  /// What is to be done, with the user's consent.
  private struct Plan {
    let fleetStatus: FleetStatus
    let rollout: RolloutPlan
    /// The store for backups; nil if there is nothing to do.
    let backups: BackupStore?
    /// How long the user took to answer.
    let waited: Duration
  }

  /// Does everything that comes before the first write to a database.
  private func prepare(_ run: FleetRun, _ journal: Journal) throws -> Plan {
    let fleetStatus = session.scan(run, lanes: session.lanes(command.concurrency)) { $0.status == .pending }
    let rollout = try RolloutPlan(
      session, fleetStatus, failures: command.maxFailures.flatMap { FailureLimit($0) },
      concurrency: command.concurrency)
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
    let backups = rollout.count > 0 ? try session.backups(journal, run.id) : nil
    return Plan(fleetStatus: fleetStatus, rollout: rollout, backups: backups, waited: waited)
  }

  /// Shows the plan and asks for consent, unless there is nothing to do or `--yes` was given.
  private func agree(to rollout: RolloutPlan, _ fleetStatus: FleetStatus, _ rehearsal: PlanRehearsal?) throws
  {
    guard rollout.count > 0, session.interruption.signal == nil, !command.yes else { return }
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
    _ run: FleetRun, _ workers: FleetWorkers, _ plan: Plan, _ fleetStatus: inout FleetStatus,
    _ journal: Journal
  ) -> RolloutStop? {
    let rollout = plan.rollout
    guard let backups = plan.backups else { return session.interruption.signal.map { .interrupted($0) } }
    defer { backups.end() }
    let progress = Progress(console, "", total: 0, verbose: session.global.verbose)
    defer { progress.end() }
    let stop = run.rollOut(
      rollout.waves, &fleetStatus, lanes: rollout.lanes, maxFailures: rollout.maxFailures, progress
    ) { installation in
      let worker = workers.worker(for: installation)
      let outcome = worker.upgrade(installation.path, backup: backups.location(installation))
      return backups.recordAndPrune(outcome, of: installation, worker)
    }
    books.attempt { try journal.check() }
    return stop
  }

  private func notify(_ fleetStatus: FleetStatus, _ stop: RolloutStop?, _ time: Duration) {
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
    console.out(lines: TextLayout.wrap("\(summary.counts()), in \(time.inTenths(.down))"))
    if let waiting = summary.waiting { console.out(lines: TextLayout.wrap(waiting)) }
  }

  /// Records the end of the run, writes its report, sends notifications, and uploads the report.
  private func report(
    _ run: FleetRun, _ journal: Journal, _ fleetStatus: FleetStatus, _ stop: RolloutStop?, startedAt: String,
    waves: [Wave]
  ) -> ExitStatus {
    let exitStatus = session.exitStatus(fleetStatus)
    let header = books.attempt {
      try session.header(run.id, "migrate", startedAt: startedAt, fleetStatus, stop, waves: waves)
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
}
