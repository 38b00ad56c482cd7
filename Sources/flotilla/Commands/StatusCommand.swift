public import ArgumentParser
import Basics
import Fleet
import FoundationEssentials
import Report
import SQLite
public import Schema
import Upgrade

extension MigrationVersion: ExpressibleByArgument {}

enum TableFormat: String, ExpressibleByArgument, CaseIterable {
  case table, json
}

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Shows which versions the fleet is on, by cohort.")

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Option(help: "table or json") var format = TableFormat.table

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let session = try Session(global.orElse(root.global), console)
      if format == .json { return try LiveReport(session, command: "status").print() }
      let (_, fleetStatus) = try session.inspect()
      console.out(lines: [session.headline, ""] + session.table.lines(fleetStatus, showsPlan: false))
      let isPending = fleetStatus.count { $0.status == .pending } > 0
      let isDrifted = fleetStatus.count { $0.isDrifted && $0.status != .skipped } > 0
      if isPending || isDrifted {
        console.out(lines: ["", "Next: flotilla \(isPending ? "plan" : "drift")"])
      }
      return session.exitStatus(fleetStatus)
    }
  }
}

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Shows what would be applied where; changes nothing.",
    discussion: """
      With --rehearse the plan is tried as well: of each cohort with something pending, the largest database on this \
      machine is copied into the state folder and the copy upgraded and proved, as migrate would; of a cohort that is \
      on hosts alone, the largest is copied there. It tells what would fail and why, how many rows would go, and how \
      long it takes and how long the application's writers have to wait. The databases are only read, no hook runs, and the copies are removed. What is true of one of a \
      cohort is true of all as far as the schema goes; their data can differ. Ends with status 3 where a rehearsal \
      failed, and with 7 where writers would have to wait longer than rollout.max_lock.

      With --output the plan is written to a file, and flotilla migrate --plan FILE does exactly that.

      With --data every installation with something pending is asked, here and on hosts, whether its rows fit the \
      migrations: duplicates for a new unique index, NULLs, orphans, values of the wrong type, rows that would be lost, \
      and so on. The questions are derived from the statements and shown. They only read, under a reader's lock and \
      within rollout.timeout. Ends with status 3 where a migration will fail, and where not everything could be asked.

      For example: flotilla --only canary plan --data --rehearse
      """)

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Option(help: ArgumentHelp("The highest version to apply.", valueName: "version")) var to: MigrationVersion?
  @Flag(help: "Ends with status 5 when migrations are pending.") var check = false
  @Flag(help: "Upgrades a copy of one installation of each cohort, to tell what would become of it.")
  var rehearse = false
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Writes the plan to this file, for migrate --plan.", valueName: "file"))
  var output: String?
  @Flag(help: "Asks every installation whether its rows fit what is pending.") var data = false

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let session = try Session(global.orElse(root.global), console, target: to)
      try session.checkWaves()
      var options = session.options
      options.preflight = true
      options.tellsHistory = output != nil
      let (kept, recorder) = (try PlanOutput(output), PlanRecorder())
      let (run, fleetStatus) = try session.inspect(options, recorder: kept == nil ? nil : recorder)
      let rollout = try RolloutPlan(session, fleetStatus, failures: nil, concurrency: nil)
      console.out(
        lines: [session.headline, ""] + session.table.lines(fleetStatus, showsPlan: true) + [
          "", rollout.sentence,
        ] + rollout.notes)
      if session.global.verbose {
        let there = run.sqliteOnHosts.sorted().joined(separator: ", ")
        console.out(lines: ["SQLite \(libraryVersion) here\(there.isEmpty ? "" : ", \(there) on hosts")."])
      }
      if let kept { console.out(lines: try kept.write(session, recorder)) }
      guard rollout.count > 0 else { return session.exitStatus(fleetStatus) }
      let questions = data ? PlanData(session, run, fleetStatus) : nil
      console.out(lines: questions?.lines ?? [])
      let rehearsal = rehearse ? try PlanRehearsal(locking: session, run, fleetStatus) : nil
      let migrate = "flotilla migrate\(kept?.argument ?? "")"
      console.out(
        lines: ending(questions, rehearsal, next: migrate, isInterrupted: session.interruption.signal != nil))
      let exitStatus = session.exitStatus(fleetStatus)
      if exitStatus == .well, questions?.exitStatus == .someFailed { return .someFailed }
      if exitStatus == .well, let rehearsal, rehearsal.exitStatus != .well { return rehearsal.exitStatus }
      return check && exitStatus == .well ? .pending : exitStatus
    }
  }

  /// The last lines: those of the rehearsal, and what to do next.
  /// The last lines: what the rehearsal found, and what to do next. `migrate` is the command for that.
  private func ending(
    _ questions: PlanData?, _ rehearsal: PlanRehearsal?, next migrate: String, isInterrupted: Bool
  ) -> [String] {
    let next = questions?.next(migrate) ?? "Next: \(migrate)"
    guard let rehearsal else { return isInterrupted ? [] : [next] }
    let lines = rehearsal.lines(migrate)
    guard rehearsal.exitStatus == .well, questions != nil, !isInterrupted else { return lines }
    return lines.dropLast() + [next]
  }
}

/// What is to be migrated, and in which waves.
struct RolloutPlan {
  let waves: [Wave]
  let maxFailures: FailureLimit
  let lanes: Lanes
  private let hooks: Hooks
  private let openElsewhere: (count: Int, programs: Set<String>)

  /// - Throws: a mistake in the waves.
  init(
    _ session: Session, _ fleetStatus: FleetStatus, failures: FailureLimit?, concurrency: Int?,
    resuming resumed: (rollout: StagedRollout, members: [String: Int])? = nil
  ) throws {
    try session.checkWaves()
    if let (rollout, members) = resumed {
      let indices = Dictionary(grouping: session.inventory.installations.indices) {
        members[session.name($0)]
      }
      waves = rollout.waves.map {
        Wave(number: $0.number, name: $0.name, indices: indices[$0.number] ?? [], gate: $0.gate)
      }
    } else {
      let pending = session.selection.filter { fleetStatus.cohort(at: $0)?.status == .pending }
      waves = session.fleet.rollout.waves.plan(pending, of: session.inventory)
    }
    maxFailures = failures ?? session.fleet.rollout.maxFailures
    lanes = session.lanes(concurrency)
    hooks = session.options.hooks
    openElsewhere = fleetStatus.openElsewhere
  }

  var count: Int { waves.map(\.indices.count).reduce(0, +) }

  /// `20 to migrate, in 3 waves (canary 2, 10% 3, 100% 15), 8 at once.`
  var sentence: String {
    guard count > 0 else { return "Nothing to migrate." }
    // The name of a wave that is a count is already a number.
    let list = waves.map { Int($0.name) == nil ? "\($0.name) \($0.indices.count)" : "\($0.indices.count)" }
      .joined(separator: ", ")
    let parts = waves.count == 1 ? "in one wave" : "in \(waves.count) waves (\(list))"
    return TextLayout.wrap("\(count) to migrate, \(parts), \(lanes.count) at once.").joined(separator: "\n")
  }

  /// Notes to show before the rollout.
  var notes: [String] {
    guard count > 0 else { return [] }
    let gates = waves.compactMap { wave in wave.gate.map { "\(wave.name) \($0)" } }
    return (gates.isEmpty ? [] : ["After its migration, \(gates.joined(separator: "; "))."])
      + (hooks.isEmpty ? [] : ["Hooks: \(hooks)"]) + [openNote].compactMap { $0 }
  }

  /// `Open in other processes: 14 installations (ownprem-server); they will wait while each is migrated.`
  private var openNote: String? {
    let (count, programs) = openElsewhere
    guard count > 0 else { return nil }
    let names = programs.sorted()
    let rest = names.count - 3
    let list = names.prefix(3).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    return "Open in other processes: \(counted(count, "installation")) (\(list)); "
      + "they will wait while each is migrated."
  }
}
