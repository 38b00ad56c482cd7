import ArgumentParser
import Basics
import Fleet
import FoundationEssentials
import Migrations
import Remote
import Report
import Schema
import Synchronization
import Upgrade

struct AdoptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adopt",
    abstract: "Records which versions databases without a history are at, and settles half-done migrations.",
    discussion: """
      Compares the schema of each database that records no migrations with the schema of every version, and shows the \
      result by cohort. Then it asks, and records the migrations up to the version that a database is equal to, \
      without running them. A database whose version can't be told is left alone. Each database is backed up first; \
      what is recorded is proved before it is committed. No hook runs.

      Where another tool's history marks a migration as half done, adopt removes the mark if the schema is still that \
      of the version before, so that migrate runs the migration, and completes it if the schema is already that of \
      the version. All other databases that have a history are left alone.

      For example: flotilla --only hq adopt --version 7
      """)

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Option(
    help: ArgumentHelp(
      "The version, where the schema alone doesn't tell it.",
      valueName: "version"))
  var version: MigrationVersion?
  @Flag(help: "Starts without asking.") var yes = false
  @Option(help: ArgumentHelp("How many installations at once.", valueName: "n")) var concurrency: Int?

  func validate() throws {
    if let concurrency, !(1...1000).contains(concurrency) {
      throw ValidationError("--concurrency takes a number from 1 to 1000")
    }
  }

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let session = try Session(global.orElse(root.global), console)
      guard session.set.program == nil else {
        throw UsageError(
          "adopt is for migrations that are files: a database whose program has recorded nothing is taken over with the "
            + "program's own command, such as manage.py migrate --fake")
      }
      if let version, version != .zero, session.set.name(of: version) == nil {
        throw UsageError(
          "--version \(version): there is no migration with that number; the latest is \(session.set.latest)")
      }
      var options = session.options
      options.adoption = version.map { .upTo($0) } ?? .bySchema
      let run = try ChangeRun(session, "adopt", options)
      let lanes = session.lanes(concurrency)
      let (found, store) = try run.prepare {
        let found = session.scan(run.run, lanes: lanes) { $0.isAdoptable }
        try run.journal.check()
        return (found, try agree(to: found, session, lanes) ? try run.backups() : nil)
      }
      return adopt(found, run, store, lanes)
    }
  }

  /// Shows what would be recorded and asks for consent, unless there is nothing to do or `--yes` was given.
  ///
  /// - Returns: whether there is something to do.
  private func agree(to found: FleetStatus, _ session: Session, _ lanes: Lanes) throws -> Bool {
    let table = AdoptionTable(
      session.set, upTo: version, isVerbose: session.global.verbose, names: session.name)
    let count = found.count(where: \.isAdoptable)
    let sentence = count > 0 ? "\(count) to adopt, \(lanes.count) at once." : "Nothing to adopt."
    session.console.out(lines: [session.headline, ""] + table.lines(found) + ["", sentence])
    guard count > 0, session.interruption.signal == nil else { return false }
    if session.options.check == .none { session.console.log("No backups will be made.") }
    if yes { return true }
    guard session.console.canAsk else {
      throw UsageError("there is no terminal to ask on; to start without being asked: flotilla adopt --yes")
    }
    guard try session.console.confirms("Adopt?", session.interruption) else {
      throw UsageError("nothing was changed")
    }
    return true
  }

  private func adopt(
    _ found: FleetStatus, _ run: ChangeRun, _ store: BackupStore?, _ lanes: Lanes
  ) -> ExitStatus {
    let (session, workers) = (run.session, run.workers)
    let places = BackupPlaces(session, run.run.id)
    let agreed = Dictionary(
      uniqueKeysWithValues: session.selection.compactMap { index -> (String, Agreed)? in
        guard store != nil, let cohort = found.cohort(at: index), let decision = cohort.adoptionDecision,
          let fingerprint = cohort.fingerprint
        else { return nil }
        return (session.name(index), Agreed(decision: decision, fingerprint: fingerprint))
      })
    let counts = Mutex<[MigrationVersion: Int]>([:])
    return run.each(
      lanes: lanes, limit: .percentage(.all),
      on: session.selection.filter { agreed[session.name($0)] != nil }, after: found,
      leaving: { $0.isAdoptable }
    ) { installation in
      guard let store, let agreed = agreed[installation.id] else { return Outcome(status: .skipped) }
      let worker = workers.worker(for: installation)
      let adopted = worker.adopt(
        installation.path, agreed.decision, schema: agreed.fingerprint, backup: store.location(installation))
      let version = adopted.versionAfter ?? .zero
      let outcome = store.recordAndPrune(
        adopted, of: installation, worker, after: "adopted at version \(version)")
      places.add(outcome, of: installation)
      if ![.failed, .unreachable].contains(outcome.status) {
        counts.withLock { $0[version, default: 0] += 1 }
      }
      return outcome
    } describe: { fleetStatus, count in
      guard store != nil else { return [] }
      let list = counts.withLock { $0 }.sorted { $0.key < $1.key }.map { "\($1) at version \($0)" }
      let adopted = "\(counted(count, "installation")) adopted" + (list.isEmpty ? "" : ": ")
      return TextLayout.wrap(adopted + list.joined(separator: ", "))
        + (places.count > 0 ? places.lines() : [])
        + (count > 0 ? [next(fleetStatus)] : [])
    }
  }

  /// What the user agreed to for one installation.
  private struct Agreed {
    let decision: AdoptionDecision
    /// The fingerprint of the schema that was shown.
    let fingerprint: String
  }

  private func next(_ fleetStatus: FleetStatus) -> String {
    "Next: flotilla \(fleetStatus.count { $0.status == .pending } > 0 ? "plan" : "drift")"
  }
}
