internal import SQLite

/// Leaves out the statements of another tool's file that only arrange transactions and foreign keys.
///
/// An upgrade runs in one transaction with foreign keys off, and checks them before and after. Each statement that is
/// left out gets a note.
struct ForeignStatements {
  /// The steps without those statements; steps that become empty are left out.
  private(set) var steps: [Migration.Step] = []
  /// A note for each statement that was left out.
  private(set) var notes: [Migration.Note] = []
  private var isInTransaction = false

  private static let pragmas: Set = ["foreign_keys", "defer_foreign_keys", "legacy_alter_table"]

  init(_ steps: [Migration.Step]) {
    for step in steps {
      let kept = step.statements.filter { statement in
        guard let reason = reason(to: statement) else { return true }
        notes.append(.init(line: statement.line, message: reason))
        return false
      }
      guard !kept.isEmpty else { continue }
      self.steps.append(.init(when: step.when, unless: step.unless, statements: kept, line: step.line))
    }
  }

  /// Why a statement is left out; nil if it is not.
  private mutating func reason(to statement: ScriptStatement) -> String? {
    let tokens = statement.tokens.filter { !$0.isSymbol(";") }
    guard let first = tokens.first else { return nil }
    if first.isKeyword("pragma"), let name = StatementRules.pragmaName(tokens), Self.pragmas.contains(name) {
      return
        "PRAGMA \(name) is left out: foreign keys are off while migrations run, and checked before and after"
    }
    let isBegin = first.isKeyword("begin")
    let isEnd = first.isKeyword("commit") || first.isKeyword("end")
    guard isBegin || isEnd, tokens.count <= 3, isBegin != isInTransaction else { return nil }
    isInTransaction = isBegin
    return "\(first.text.uppercased()) is left out: all pending migrations run in one transaction"
  }
}
