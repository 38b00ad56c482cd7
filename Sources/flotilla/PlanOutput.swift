import Basics
import Fleet
import Upgrade
import Wire

/// `plan --output`: what would be done to which installation, in a file.
struct PlanOutput {
  let path: String

  /// - Throws: `KeptPlanError` if the file can't be written.
  init?(_ path: String?) throws {
    guard let path else { return nil }
    try KeptPlan.check(path)
    self.path = path
  }

  /// The option with which `migrate` does the plan, after a space.
  var argument: String { " --plan \(Session.shown(path).oneLine)" }

  /// Writes the plan, unless the scan was interrupted and the plan would not be whole.
  ///
  /// - Returns: the lines to show.
  func write(_ session: Session, _ recorder: PlanRecorder) throws -> [String] {
    let installations = session.selection.compactMap { recorder.installation(id: session.name($0)) }
    guard session.interruption.signal == nil, installations.count == session.selection.count else {
      return ["Interrupted: \(path) was not written."]
    }
    try KeptPlan(
      fleet: session.fleet.name, createdAt: Session.now(), program: "flotilla \(programVersion)",
      only: session.global.only, target: session.options.target, session.set, installations
    ).write(to: path)
    let left = installations.count { $0.expected == nil }
    let note = left == 0 ? "" : "; \(left) of them would be left alone"
    return ["Plan  \(Session.shown(path)), for \(counted(installations.count, "installation"))\(note)"]
  }
}

extension KeptPlan {
  /// The installations of the inventory that are in the plan and that `--only` selects. What is left out is logged.
  ///
  /// - Parameters:
  ///   - selection: what `--only` selects, as indices of `inventory`.
  ///   - inventory: the inventory with the installations that only the plan knows.
  ///   - context: the fleet file and the terminal.
  /// - Returns: indices of `inventory`.
  /// - Throws: `UsageError` if none is left.
  func selection(of selection: [Int], _ inventory: Inventory, _ context: FleetContext) throws -> [Int] {
    let ids = Set(installations.map(\.id))
    let (chosen, others) = selection.reduce(into: ([Int](), [String]())) { lists, index in
      let id = inventory.installations[index].id
      if ids.contains(id) { lists.0.append(index) } else { lists.1.append(id) }
    }
    guard !chosen.isEmpty else { throw UsageError("--only selects no installation of the plan") }
    let rest =
      others.isEmpty
      ? ""
      : "; not in it and left alone: \(others.prefix(5).joined(separator: ", "))"
        + (others.count > 5 ? " and \(others.count - 5) more" : "")
    context.console.log(
      "flotilla: the plan of \(createdAt), by \(program.oneLine), for \(counted(installations.count, "installation"))\(rest)"
    )
    return chosen
  }
}
