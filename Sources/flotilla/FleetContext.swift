import ArgumentParser
import Fleet
import FoundationEssentials
import Migrations
import Report
import Upgrade

/// The fleet file, its state folder and the terminal: all that a command needs which only tells what was recorded.
///
/// It reads neither the inventory nor the migrations, so that a fault in those is none here. ``Session`` adds them.
struct FleetContext {
  let environment: [String: String]
  let console: Console
  let global: GlobalOptions
  let fleet: FleetFile
  let interruption: Interruption
  /// When the command began its work.
  let start = ContinuousClock.now
  /// Nil where the caller listens to signals itself.
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

  /// The state folder, where there is one already; `missing` is what there can't be without it, such as "run".
  func existingState(_ missing: String) throws -> StateFolder {
    guard state.exists else { throw UsageError("there is no \(missing) yet: \(state.path) does not exist") }
    return state
  }

  /// The installations; warnings are logged.
  ///
  /// - Throws: what keeps a part of the inventory from being read.
  func inventory() throws -> Inventory { warning(of: try fleet.inventory(environment: environment)) }

  /// The installations, as far as the inventory can be read. Why it can't be read whole is logged.
  func readableInventory() throws -> (inventory: Inventory, isComplete: Bool) {
    let (readable, problems) = try fleet.readableInventory(environment: environment)
    let inventory = warning(of: readable)
    guard let problems else { return (inventory, true) }
    console.log("flotilla: the inventory can't be read completely:\n\(problems)")
    return (inventory, false)
  }

  private func warning(of inventory: Inventory) -> Inventory {
    for warning in inventory.warnings { console.log("flotilla: \(warning)") }
    return inventory
  }
}

extension FleetContext {
  /// Does `body`, in which nothing has begun yet that has to be finished: what it throws after a signal is no fault.
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
  /// Reads the migrations that it names.
  func migrationSet() throws -> MigrationSet {
    try MigrationSet.load(folder: migrations, baseline: baseline, schema: schema)
  }

  /// Finds and reads the fleet file, without its installations.
  static func load(
    _ global: GlobalOptions, _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> FleetFile {
    let folder = FileManager.default.currentDirectoryPath
    let path = try locate(option: global.fleet, environment: environment, currentDirectory: folder)
    return try load(path, currentDirectory: folder, environment: environment)
  }
}
