/// The installations of a fleet, in a fixed order.
///
/// ```swift
/// let inventory = try fleet.inventory(environment: environment)
/// let selection = inventory.select(try Pattern("stores:!berlin"))
/// for index in selection.indices {
///   print(inventory.installations[index].place)
/// }
/// ```
///
/// A ``FleetFile`` leads to an inventory, and a ``Pattern`` selects from it. Everywhere else, installations are
/// identified by their index in ``installations``.
public struct Inventory: Sendable {
  /// The installations in the order of the fleet file; those of one entry are sorted by path or name.
  public let installations: [Installation]
  /// Oddities that don't prevent any work.
  public let warnings: [InventoryWarning]

  let index: InventoryIndex

  /// Creates an inventory. The ids of the installations must be unique.
  public init(installations: [Installation], warnings: [InventoryWarning] = []) {
    self.installations = installations
    self.warnings = warnings
    index = InventoryIndex(installations)
  }

  /// The names of the groups, sorted.
  public var groups: [String] { index.groups.keys.sorted() }

  /// The installation with this id, or nil.
  public func installation(id: String) -> Installation? {
    index.ids[id].map { installations[$0] }
  }
}

extension Inventory {
  /// This inventory, extended by installations that are known only from their backups. Each gets the host and the
  /// path of its latest backup. The connection settings of such hosts are unknown.
  public func adding(_ backups: some Sequence<StoredBackup>) -> Inventory {
    var latest: [String: StoredBackup] = [:]
    for backup in backups where index.ids[backup.installation] == nil {
      if let known = latest[backup.installation], known.run > backup.run { continue }
      latest[backup.installation] = backup
    }
    let added = latest.values.sorted { $0.installation < $1.installation }.map { backup in
      Installation(
        id: backup.installation, machine: backup.host.map { .remote(Host($0)) } ?? .local,
        path: backup.database,
        location: InventoryLocation(file: "backups", line: 1))
    }
    return Inventory(installations: installations + added, warnings: warnings)
  }
}

extension Inventory {
  /// This inventory, extended by the installations of a plan that it no longer has. The connection settings of their
  /// hosts are unknown.
  public func adding(_ plan: KeptPlan) -> Inventory {
    let added = plan.installations.filter { index.ids[$0.id] == nil }.map { planned in
      Installation(
        id: planned.id, machine: planned.host.map { .remote(Host($0)) } ?? .local, path: planned.path,
        location: InventoryLocation(file: "the plan", line: 1))
    }
    return Inventory(installations: installations + added, warnings: warnings)
  }
}

extension FleetFile {
  /// Finds the installations: expands globs, runs programs that list hosts, and checks the result.
  ///
  /// - Parameter environment: The environment of those programs; `ansible-inventory` is looked up in its `PATH`.
  /// - Returns: All installations, at least one.
  /// - Throws: `InventoryErrors` if an entry can't be read, an id or a file occurs twice, or the fleet has no
  ///   installation.
  public func inventory(environment: [String: String]) throws(InventoryErrors) -> Inventory {
    let (inventory, problems) = try readableInventory(environment: environment)
    if let problems { throw problems }
    return inventory
  }

  /// Finds the installations of the entries that can be read.
  ///
  /// - Parameter environment: The environment of programs that list hosts; `ansible-inventory` is looked up in its
  ///   `PATH`.
  /// - Returns: The installations, and why some or all are missing; nil if the inventory is complete.
  /// - Throws: `InventoryErrors` if two installations share an id or a file, since it is unclear which one is meant.
  public func readableInventory(
    environment: [String: String]
  ) throws(InventoryErrors) -> (inventory: Inventory, problems: InventoryErrors?) {
    var builder = InventoryBuilder(fleet: self, environment: environment)
    for entry in entries { builder.add(entry) }
    var problems = builder.problems.found
    let sound = builder.installations.filter { InventoryRules.problem(id: $0.id) == nil }
    builder.problems = InventoryProblems()
    builder.checkUnique()
    if let duplicates = builder.problems.found { throw problems ?? duplicates }
    if problems == nil, sound.isEmpty {
      let reasons = builder.warnings.map(\.message).joined(separator: "; ")
      problems = InventoryErrors([
        InventoryError(
          .emptyFleet, file: file, line: entries.first?.location.line,
          "the fleet has no installation: \(reasons)")
      ])
    }
    return (Inventory(installations: sound, warnings: builder.warnings), problems)
  }

  /// The names in `rollout.waves` that match no installation and no group.
  ///
  /// A rollout must be refused if there are any: the wave of a nonexistent group would be skipped as empty.
  public func waveProblems(in inventory: Inventory) -> [InventoryError] {
    rollout.waves.unmatched(in: inventory).map { _, unmatched in
      InventoryError(
        .unmatched, file: rollout.location.file, line: rollout.location.line,
        "\"rollout.waves\": no installation and no group is called \"\(unmatched.name)\"",
        suggestion: unmatched.suggestion)
    }
  }
}
