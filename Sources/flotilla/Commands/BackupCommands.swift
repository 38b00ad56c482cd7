import ArgumentParser
import Basics
import Fleet
import FoundationEssentials
import Glibc
import Migrations
import Remote
import Report
import Synchronization
import Upgrade

struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Backs up without migrating.")

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Option(help: ArgumentHelp("How many installations at once.", valueName: "n")) var concurrency: Int?

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let context = try FleetContext(global.orElse(root.global), console)
      let session = try Session(applyingNothing: context, context.inventory())
      let run = try ChangeRun(session, "backup")
      let (store, workers) = (try run.backups(), run.workers)
      let places = BackupPlaces(session, run.run.id)
      return run.each(lanes: session.lanes(concurrency), limit: .percentage(.all)) { installation in
        let worker = workers.worker(for: installation)
        let made = worker.backUp(installation.path, to: store.location(installation))
        let outcome = store.recordAndPrune(made, of: installation, worker)
        places.add(outcome, of: installation)
        return outcome
      } describe: { _, _ in
        places.lines()
      }
    }
  }
}

struct Backups: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Lists the backups there are.")

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let context = try FleetContext(global.orElse(root.global), console)
      let journal = try Journal(context.existingState("backup"))
      let inventory = try context.readableInventory().inventory
      do throws(StateError) {
        try recover(journal, context, inventory)
      } catch {
        console.log("flotilla: \(error). Backups that a run has made and not noted yet are missing here.")
      }
      let backups = try selected(of: context.state.backups(notedIn: journal), inventory, context)
      let width = backups.map(\.installation.count).max() ?? 0
      let lines = backups.map { backup in
        let name = backup.installation + String(repeating: " ", count: width - backup.installation.count)
        let version = backup.version.map { "version \($0)" } ?? "untracked"
        let taken = backup.record.compressedBytes.map { ", \($0) compressed" } ?? ""
        return
          "\(backup.run)  \(name)  \(version)  \(backup.record.bytes) bytes\(taken)  \(backup.where.oneLine)"
      }
      console.out(lines: lines.isEmpty ? ["There are no backups."] : lines)
      if backups.contains(where: { $0.record.compressedBytes != nil }) {
        console.log("A file that ends in .zst is unpacked by: zstd -d FILE")
      }
      return .well
    }
  }

  /// The backups that a pattern selects. Without a pattern all backups, even those of installations that the
  /// inventory no longer has.
  private func selected(
    of backups: [StoredBackup], _ inventory: Inventory, _ context: FleetContext
  ) throws -> [StoredBackup] {
    guard let only = context.global.only else { return backups }
    let inventory = inventory.adding(backups)
    let selection = try OnlySelection.indices(only, of: inventory, context)
    let ids = Set(selection.map { inventory.installations[$0].id })
    return backups.filter { ids.contains($0.installation) }
  }
}

/// Records the backups that killed runs left behind. It locks the state folder for a moment.
private func recover(
  _ journal: Journal, _ context: FleetContext, _ inventory: Inventory
) throws(StateError) {
  let lock = try context.state.lock()
  defer { withExtendedLifetime(lock) {} }
  try context.recover(journal, inventory, context.fleet.historyTable)
}

struct RestoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Writes backups back into the live files, after backing up what is there.")

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Option(
    name: [.customLong("run")],
    help: ArgumentHelp("The run that made the backups, or 'last'.", valueName: "id"))
  var past: String
  @Flag(help: "Starts without asking.") var yes = false

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let context = try FleetContext(global.orElse(root.global), console)
      let state = try context.existingState("backup")
      var (inventory, isComplete) = try context.readableInventory()
      if !isComplete {
        // The backups also say where the databases of this machine are.
        inventory = inventory.adding(try state.backups(notedIn: Journal(state)).filter { $0.host == nil })
      }
      let session = try Session(applyingNothing: context, inventory)
      let run = try ChangeRun(session, "restore")
      let found = try run.prepare {
        let found = try choose(run.journal, session, isComplete: isComplete)
        try confirm(found, session)
        return found
      }
      // With pruning, the backup that is being restored would be the first to be removed.
      let (store, workers) = (try run.backups(prunes: false), run.workers)
      let unsaved = Mutex<[String]>([])
      let places = BackupPlaces(session, run.run.id)
      return run.each(
        lanes: session.lanes(), limit: .percentage(.all),
        on: session.selection.filter { found[session.name($0)] != nil }
      ) { installation in
        guard let backup = found[installation.id] else { return Outcome(status: .skipped) }
        let worker = workers.worker(for: installation)
        let outcome = store.restore(installation, from: backup, worker)
        if outcome.backup == nil, ![.failed, .unreachable].contains(outcome.status) {
          unsaved.withLock { $0.append(installation.id) }
        }
        let kept = store.recordAndPrune(outcome, of: installation, worker)
        places.add(kept, of: installation)
        return kept
      } describe: { _, count in
        let unsaved = unsaved.withLock { $0.sorted() }
        return ["\(counted(count, "installation")) restored from run \(past)"]
          + (places.count > 0 ? ["What was there before:"] + places.lines().map { "  \($0)" } : [])
          + unsaved.map { "\($0) was damaged: there is no backup of what was there before" }
      }
    }
  }

  private func choose(
    _ journal: Journal, _ session: Session, isComplete: Bool
  ) throws -> [String: StoredBackup] {
    let ids = Set(session.selection.map { session.inventory.installations[$0].id })
    let all = try session.state.backups(notedIn: journal)
    let backups = all.filter { ids.contains($0.installation) }
    let isAll = session.global.only == nil
    let latest = (isAll && !isComplete ? all : backups).map(\.run).max()
    let chosen = past == "last" ? latest?.description : past
    let found = backups.filter { $0.run.description == chosen }
    if !isComplete, isAll {
      let missing = all.filter { $0.run.description == chosen && !ids.contains($0.installation) }
      guard missing.isEmpty else {
        throw UsageError(
          "how to reach the hosts of \(missing.map(\.installation).sorted().joined(separator: ", ")) is in a part of the "
            + "inventory that can't be read; nothing was restored. Correct that, or name the others with --only"
        )
      }
    }
    guard !found.isEmpty else {
      throw UsageError(
        "run \(past) made no backup of the selected installations; flotilla backups lists them")
    }
    // If an id now belongs to another database, that database must not get the content of the old one.
    for backup in found {
      guard let place = session.inventory.installation(id: backup.installation)?.place,
        place != backup.place
      else { continue }
      throw UsageError(
        "the backup of \(backup.installation) was made of \(backup.place), and the inventory now says \(place); "
          + "nothing was restored. If it is the same database, name the old path for the time of the restore")
    }
    return Dictionary(found.map { ($0.installation, $0) }) { first, _ in first }
  }

  private func confirm(_ found: [String: StoredBackup], _ session: Session) throws {
    if yes { return }
    for backup in found.values.sorted(by: { $0.installation < $1.installation }) {
      let version = backup.version.map { "version \($0)" } ?? "untracked"
      session.console.log("  \(backup.installation)  back to \(version)  \(backup.where.oneLine)")
    }
    guard session.console.canAsk else { throw UsageError("there is no terminal to ask on; add --yes") }
    let count = counted(found.count, "backup")
    guard
      try session.console.confirms(
        "Write \(count) over the live content, writes since then included?", session.interruption)
    else { throw UsageError("nothing was changed") }
  }
}
