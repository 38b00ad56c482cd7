/// The installations of a fleet, in a fixed order.
public struct Inventory: Sendable {
  /// The installations, in the order of the fleet file; those of one entry sorted by path or name.
  public let installations: [Installation]
  /// What is worth saying and stops nothing.
  public let warnings: [InventoryWarning]

  let index: InventoryIndex

  /// Wraps installations with ids that differ.
  public init(installations: [Installation], warnings: [InventoryWarning] = []) {
    self.installations = installations
    self.warnings = warnings
    index = InventoryIndex(installations)
  }

  /// The names of the groups, sorted.
  public var groups: [String] { index.groups.keys.sorted() }

  /// The installation with this id.
  public func installation(id: String) -> Installation? {
    index.ids[id].map { installations[$0] }
  }
}

extension Inventory {
  /// These installations, and those that only backups tell of, each with the host and the path that it had when it was
  /// backed up last. How such a host is reached is not known.
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

extension FleetFile {
  /// Looks up the installations: matches globs, runs programs that list hosts, and checks the whole.
  /// - Parameter environment: What the programs are given; its `PATH` is where `ansible-inventory` is looked for.
  /// - Returns: All installations, at least one.
  /// - Throws: `InventoryErrors`: an entry that can't be read, an id or a file that is there twice, no installation at
  ///   all.
  public func inventory(environment: [String: String]) throws(InventoryErrors) -> Inventory {
    let (inventory, problems) = try readableInventory(environment: environment)
    if let problems { throw problems }
    return inventory
  }

  /// Looks up the installations of those entries that can be read.
  ///
  /// - Parameter environment: What the programs are given; its `PATH` is where `ansible-inventory` is looked for.
  /// - Returns: The installations, and why it can't be all or there is none; nil where it is all.
  /// - Throws: `InventoryErrors` where two of them have one id or one file: which is meant can't be known then.
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

  /// What is wrong with the waves: names that nothing in the inventory has.
  ///
  /// A rollout is to be refused for them, since a wave whose group doesn't exist would be left out as empty.
  public func waveProblems(in inventory: Inventory) -> [InventoryError] {
    rollout.waves.unmatched(in: inventory).map { _, unmatched in
      InventoryError(
        .unmatched, file: rollout.location.file, line: rollout.location.line,
        "\"rollout.waves\": no installation and no group is called \"\(unmatched.name)\"",
        suggestion: unmatched.suggestion)
    }
  }
}
