internal import SQLite

/// Leaves out the statements of another tool's file that only arrange transactions and foreign keys.
///
/// An upgrade runs in one transaction with foreign keys off, and checks them before and after. Each statement that is
/// left out gets a note.
struct ForeignStatements {
  /// The steps without those statements; steps that become empty are left out.
  private(set) var steps: [Migration.Step] = []
  /// A note for each statement that was left out, or has an effect on the statements after it.
  private(set) var notes: [Migration.Note] = []

  private static let pragmas: Set = ["foreign_keys", "defer_foreign_keys"]

  init(_ steps: [Migration.Step]) {
    let transactions = Self.transactions(in: steps.flatMap(\.statements))
    var place = -1
    for step in steps {
      let kept = step.statements.filter { statement in
        place += 1
        if StatementRules.changesRenaming(statement) {
          notes.append(
            .init(line: statement.line, message: "PRAGMA legacy_alter_table holds until the end of this file")
          )
        }
        let isInTheWay = transactions.contains(place)
        guard let reason = Self.reason(to: statement, isTransaction: isInTheWay) else { return true }
        notes.append(.init(line: statement.line, message: reason))
        return false
      }
      guard !kept.isEmpty else { continue }
      self.steps.append(.init(when: step.when, unless: step.unless, statements: kept, line: step.line))
    }
  }

  /// Why a statement is left out; nil if it is not.
  private static func reason(to statement: ScriptStatement, isTransaction: Bool) -> String? {
    guard let first = statement.tokens.first else { return nil }
    if first.isKeyword("pragma"), let name = StatementRules.pragmaName(statement.tokens),
      pragmas.contains(name)
    {
      return
        "PRAGMA \(name) is left out: foreign keys are off while migrations run, and checked before and after"
    }
    guard isTransaction else { return nil }
    return "\(first.text.uppercased()) is left out: all pending migrations run in one transaction"
  }

  /// The places of the statements that begin a transaction and commit it. A transaction that is not committed, or is
  /// rolled back, is not among them.
  private static func transactions(in statements: [ScriptStatement]) -> Set<Int> {
    var found: Set<Int> = []
    var begin: Int?
    for (place, statement) in statements.enumerated() where statement.tokens.count <= 3 {
      guard let first = statement.tokens.first else { continue }
      if first.isKeyword("begin"), begin == nil { begin = place }
      guard first.isKeyword("commit") || first.isKeyword("end"), let start = begin else { continue }
      found.formUnion([start, place])
      begin = nil
    }
    return found
  }
}
