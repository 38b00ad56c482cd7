import ArgumentParser
import Fleet
import FoundationEssentials
import Glibc
import Migrations
import Report
import Upgrade

struct Migrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Backs up, migrates, proves and reports, in waves.")

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Option(help: ArgumentHelp("The highest version to apply.", valueName: "version")) var to: Int64?
  @Flag(help: "Starts without asking.") var yes = false
  @Option(help: ArgumentHelp("How many installations at once.", valueName: "n")) var concurrency: Int?
  @Option(
    help: ArgumentHelp("How many of a wave may fail before the rollout stops: 3 or 5%.", valueName: "n|n%"))
  var maxFailures: String?
  @Flag(name: .customLong("no-backup"), help: "Makes no backups.") var noBackup = false
  @Option(help: ArgumentHelp("Writes the report here as well.", valueName: "file")) var report: String?
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

/// One `flotilla migrate`, from the look at the fleet to the report.
struct MigrateRun {
  private let command: Migrate
  private let session: Session
  private let console: Console
  private let delivery: ReportDelivery?
  private let notification: RunNotification

  init(_ command: Migrate, _ session: Session) throws {
    self.command = command
    self.session = session
    console = session.console
    if let key = session.fleet.unsupported.first(where: { $0.key.hasPrefix("hooks") }) {
      throw Refusal("\(key); migrating without them could harm, so nothing is migrated")
    }
    delivery = command.upload == false ? nil : try ReportDelivery(session)
    notification = try RunNotification(session, isQuiet: command.upload == false)
    if command.upload == true, delivery == nil {
      throw Refusal("--upload: report.url is not set in \(session.fleet.file)")
    }
  }

  private var options: UpgradeOptions {
    var options = session.options
    if command.noBackup { options.check = .none }
    return options
  }

  func run() throws -> Ending {
    try session.state.create()
    let lock = try session.state.lock()
    defer { withExtendedLifetime(lock) {} }
    let journal = try Journal(session.state)
    try journal.recover(session.state, session.inventory)
    let started = Session.now()
    let worker = session.worker(options)
    let run = FleetRun(
      session.inventory, session.selection, worker, journal: journal, interruption: session.interruption)
    try journal.begin(run.id, command: "migrate", fleet: session.fleet.name, at: started)
    var standing = session.scan(run, lanes: session.lanes(command.concurrency), notesPending: false)
    let rollout = try RolloutPlan(
      session, standing, failures: command.maxFailures.flatMap { FailureLimit($0) },
      concurrency: command.concurrency)
    do {
      try agree(to: rollout, standing)
    } catch {
      try journal.discard(run.id)
      throw error
    }
    for file in try journal.noteMigrations(session.set, run: run.id) {
      console.talk(
        "flotilla: \(file) was changed since it was last used; databases that have it keep the old result")
    }
    let start = ContinuousClock.now
    let stop = try work(run, rollout, &standing, journal)
    run.noteRest(standing)
    let header = try session.header(run.id, "migrate", startedAt: started, standing, stop)
    try journal.finish(run.id, result: session.result(stop), header: header, at: Session.now())
    let path = "\(session.state.reports)/\(run.id).json"
    let writer = ReportWriter(journal, run.id, header: header)
    try writer.write(to: path)
    if let copy = command.report { try writer.write(to: copy) }
    tell(standing, stop, ContinuousClock.now - start)
    notification.tell(ofFailures: standing, stop, run.id)
    return try deliver(path, run.id, session.ending(standing))
  }

  /// Shows the plan and asks, unless there is nothing to do or it was agreed to beforehand.
  private func agree(to rollout: RolloutPlan, _ standing: Standing) throws {
    guard rollout.count > 0, session.interruption.signal == nil, !command.yes else { return }
    for line in [session.headline, ""] + session.table.lines(standing, showsPlan: true) + [
      "", rollout.sentence,
    ] {
      console.talk(line)
    }
    if options.check == .none { console.talk("No backups will be made.") }
    guard console.canAsk else {
      throw Refusal("there is no terminal to ask on; to start without being asked: flotilla migrate --yes")
    }
    guard try console.confirms("Migrate?", session.interruption) else { throw Refusal("nothing was changed") }
  }

  private func work(
    _ run: FleetRun, _ rollout: RolloutPlan, _ standing: inout Standing, _ journal: Journal
  ) throws -> RolloutStop? {
    guard rollout.count > 0 else { return session.interruption.signal.map { .interrupted($0) } }
    let folder = try session.state.createBackupFolder(run.id)
    defer { rmdir(folder) }
    let worker = session.worker(options)
    let backups = BackupStore(journal, run.id, folder: folder, keep: session.fleet.backup.keep)
    let progress = Progress(console, "", total: 0, verbose: session.global.verbose)
    defer { progress.end() }
    let stop = run.rollOut(
      rollout.waves, &standing, lanes: rollout.lanes, maxFailures: rollout.maxFailures, progress
    ) { installation in
      backups.keep(worker.upgrade(installation.path, backup: backups.path(installation)), of: installation)
    }
    try journal.check()
    return stop
  }

  private func tell(_ standing: Standing, _ stop: RolloutStop?, _ time: Duration) {
    let summary = RunSummary(standing, names: session.name)
    let attention = summary.attention() + summary.drift()
    if !attention.isEmpty { console.out(lines: attention + [""]) }
    if case .failures(let count, let allowed, let wave) = stop {
      console.out(lines: [
        "Stopped in wave \(wave.number) (\(wave.name)): \(count) failed, \(allowed) may. The rest was not begun."
      ])
    }
    if case .interrupted = stop {
      console.out(lines: ["Interrupted: what had begun was finished, the rest was not begun."])
    }
    let tenths = Int(time.milliseconds / 100)
    console.out(lines: ["\(summary.counts()), in \(tenths / 10).\(tenths % 10) s"])
  }

  private func deliver(_ path: String, _ id: RunID, _ ending: Ending) throws -> Ending {
    guard let delivery else {
      console.out(lines: ["Report  \(path)"])
      return ending
    }
    let (sentence, isDelivered) = try delivery.deliver(path, id: id)
    console.out(lines: ["Report  \(path)", "        \(sentence)"])
    return !isDelivered && ending == .well ? .undelivered : ending
  }
}
