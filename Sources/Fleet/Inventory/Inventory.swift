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

extension FleetFile {
  /// Looks up the installations: matches globs, runs programs that list hosts, and checks the whole.
  /// - Parameter environment: What the programs are given; its `PATH` is where `ansible-inventory` is looked for.
  /// - Returns: All installations, at least one.
  /// - Throws: `InventoryErrors`: an entry that can't be read, an id or a file that is there twice, no installation at
  ///   all.
  public func inventory(environment: [String: String]) throws(InventoryErrors) -> Inventory {
    var builder = InventoryBuilder(fleet: self, environment: environment)
    for entry in entries { builder.add(entry) }
    try builder.problems.check()
    builder.checkUnique()
    try builder.problems.check()
    guard !builder.installations.isEmpty else {
      let reasons = builder.warnings.map(\.message).joined(separator: "; ")
      throw InventoryErrors([
        InventoryError(
          .emptyFleet, file: file, line: entries.first?.location.line,
          "the fleet has no installation: \(reasons)")
      ])
    }
    return Inventory(installations: builder.installations, warnings: builder.warnings)
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
