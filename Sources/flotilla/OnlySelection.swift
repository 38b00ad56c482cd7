import Basics
import Fleet

/// What `--only` selects from an inventory.
struct OnlySelection {
  private let text: String
  private let inventory: Inventory
  private let context: FleetContext

  private init(_ text: String, _ inventory: Inventory, _ context: FleetContext) {
    (self.text, self.inventory, self.context) = (text, inventory, context)
  }

  /// The indices of the selected installations; all without a pattern.
  ///
  /// What a run selects is logged, with the run.
  ///
  /// - Throws: `UsageError` if the pattern selects nothing, or if it is not clear what it selects.
  static func indices(_ pattern: String?, of inventory: Inventory, _ context: FleetContext) throws -> [Int] {
    guard let pattern else { return Array(inventory.installations.indices) }
    return try Self(pattern, inventory, context).indices()
  }

  private func indices() throws -> [Int] {
    let pattern = try Pattern(text, recognizesRuns: true)
    let found = inventory.select(pattern, recorded: try recorded(pattern.runSelectors))
    if let unmatched = found.unmatched.first {
      if inventory.installation(id: text) != nil {
        throw UsageError(
          "--only \(text): an id with : or , or a special character at its beginning must be in quotes: "
            + "--only \(Self.quoted(text))")
      }
      let meant = unmatched.suggestion.map { "\"\($0)\"" } ?? RunSelector.suggestion(for: unmatched.name)
      let hint = meant.map { "; did you mean \($0)?" } ?? ""
      throw UsageError("--only: no installation and no group is called \"\(unmatched.name)\"\(hint)")
    }
    guard !found.indices.isEmpty else { throw UsageError("--only \(text) selects no installation") }
    return found.indices
  }

  /// A name in the quotes of a pattern and of a shell.
  private static func quoted(_ name: String) -> String {
    "'\(Pattern.quoted(name).replacing("'", with: "'\\''"))'"
  }

  /// The ids that runs say of the selectors.
  private func recorded(_ selectors: [RunSelector]) throws -> [RunSelector: Set<String>] {
    guard let first = selectors.first else { return [:] }
    if let selector = selectors.first(where: { inventory.rival(of: $0) != nil }),
      let rival = inventory.rival(of: selector)
    {
      throw UsageError(
        "--only \(selector): \(rival.isGroup ? "a group" : "an installation") is called \"\(rival.name)\"; "
          + "write @\(selector) for what a run says, or --only \(Self.quoted(rival.name)) for the name")
    }
    let state = try context.existingState("run")
    guard state.hasJournal else { throw UsageError("--only \(first): there is no run yet") }
    let journal = try Journal(state)
    var recorded: [RunSelector: Set<String>] = [:]
    for selector in selectors where recorded[selector] == nil {
      do {
        let members = try journal.members(of: selector)
        tell(members, selector)
        recorded[selector] = Set(members.installations)
      } catch let error as RunSelectionError {
        throw UsageError("--only \(selector): \(error)")
      }
    }
    return recorded
  }

  private func tell(_ members: RunMembers, _ selector: RunSelector) {
    let gone = members.installations.filter { inventory.installation(id: $0) == nil }
    let kept = members.installations.count - gone.count
    let new =
      selector.source == .lastOfAll
      ? members.known.map { known in inventory.installations.count { !known.contains($0.id) } } ?? 0 : 0
    let newcomers = new == 0 ? "" : "; \(new) of the inventory \(new == 1 ? "was" : "were") not in that run"
    let rest =
      gone.isEmpty
      ? ""
      : "; the inventory no longer has \(gone.sorted().prefix(5).joined(separator: ", "))"
        + (gone.count > 5 ? " and \(gone.count - 5) more" : "")
    context.console.log(
      "flotilla: --only \(selector): \(counted(kept, "installation")) of \(members.name)\(newcomers)\(rest)")
  }
}
