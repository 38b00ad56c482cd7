import ArgumentParser
import Fleet
import FoundationEssentials
import Migrations
import Report
import Upgrade

/// The fleet file, its state folder and the terminal: what a command needs that only shows recorded data.
///
/// It reads neither the inventory nor the migrations, so mistakes in those don't matter to it. ``Session`` adds them.
struct FleetContext {
  let environment: [String: String]
  let console: Console
  let global: GlobalOptions
  let fleet: FleetFile
  let interruption: Interruption
  /// When the command started its work.
  let start = ContinuousClock.now
  /// Nil if the caller handles signals itself.
  private let signals: Signals?

  init(
    _ global: GlobalOptions, _ console: Console, interruption given: Interruption? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws {
    self.environment = environment
    self.console = console
    self.global = global
    fleet = try FleetFile.load(global, environment)
    interruption = given ?? Interruption()
    signals = given == nil ? Signals(interruption, console) : nil
  }

  var state: StateFolder { StateFolder(fleet.state) }

  /// The state folder, which must exist. `missing` names what can't exist without it, such as "run".
  func existingState(_ missing: String) throws -> StateFolder {
    guard state.exists else { throw UsageError("there is no \(missing) yet: \(state.path) does not exist") }
    return state
  }

  /// The installations; warnings are logged.
  ///
  /// - Throws: the mistakes because of which a part of the inventory can't be read.
  func inventory() throws -> Inventory { warning(of: try fleet.inventory(environment: environment)) }

  /// The installations of the readable part of the inventory. The reason is logged if it isn't complete.
  func readableInventory() throws -> (inventory: Inventory, isComplete: Bool) {
    let (readable, problems) = try fleet.readableInventory(environment: environment)
    let inventory = warning(of: readable)
    guard let problems else { return (inventory, true) }
    console.log("flotilla: the inventory can't be read completely:\n\(problems)")
    return (inventory, false)
  }

  /// Records the backups that killed runs left behind. The caller holds the lock on the state folder.
  func recover(
    _ journal: Journal, _ inventory: Inventory, _ history: any HistoryTable
  ) throws(StateError) {
    try journal.recover(state, inventory, history) { console.log("flotilla: \($0)") }
  }

  private func warning(of inventory: Inventory) -> Inventory {
    for warning in inventory.warnings { console.log("flotilla: \(warning)") }
    return inventory
  }
}

extension FleetContext {
  /// Runs `body`, in which nothing has started that must be finished. After a signal, what it throws becomes the exit
  /// status of the signal.
  func endingOnSignal(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      if signals != nil, let signal = interruption.signal { throw ExitCode(128 + signal) }
      throw error
    }
  }
}

extension FleetFile {
  /// Reads the migrations of the fleet.
  func migrationSet() throws -> MigrationSet {
    guard migrations.program == nil else {
      return try withTemporaryFolder { folder in
        try ProgramMigrations.load(
          migrations, ignoring: drift.ignore, in: "\(folder)/program", within: rollout.timeout)
      }
    }
    return try MigrationSet.load(migrations, baseline: baseline, schema: schema)
  }

  /// The table in which the fleet's databases record migrations, even if the migrations can't be used.
  var historyTable: any HistoryTable {
    if let table = migrations.program.flatMap({ ProgramHistoryTable($0, ignoring: drift.ignore) }) {
      return table
    }
    let set = (try? migrationSet()) ?? MigrationSet(unusable: "", in: migrations)
    return set.historyTable
  }

  /// Finds and reads the fleet file, without looking up its installations.
  static func load(
    _ global: GlobalOptions, _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> FleetFile {
    let folder = FileManager.default.currentDirectoryPath
    let path = try locate(option: global.fleet, environment: environment, currentDirectory: folder)
    return try load(path, currentDirectory: folder, environment: environment)
  }
}
