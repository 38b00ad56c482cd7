import Migrations
import Report
import Testing
import Upgrade

@testable import Fleet

/// The lines that a rehearsal prints to paste.
struct RehearsalTableTests {
  private func table(_ undeclared: [[UndeclaredEffects]]) -> RehearsalTable {
    let rehearsals = undeclared.enumerated().map { index, list in
      var outcome = Outcome(
        Failure(code: .rowsLost, step: .prove, message: "m", fault: .migration, files: ["1_a.sql"]))
      outcome.undeclared = list
      return CohortRehearsal(
        cohort: Cohort(Outcome(status: .pending)), indices: [index], tried: (index, outcome))
    }
    return RehearsalTable(rehearsals, atOnce: 1) { "i\($0)" }
  }

  private func effects(_ file: String, _ deletes: [String], _ changes: [String] = []) -> UndeclaredEffects {
    UndeclaredEffects(file: file, effects: ["x is lost"], deletes: deletes, changes: changes)
  }

  @Test func `each line is there once, below its file, in the order of the files`() {
    let table = table([
      [effects("2_b.sql", ["t"])],
      [effects("1_a.sql", ["u"], ["v.w"]), effects("2_b.sql", ["t", "s"])],
    ])
    #expect(
      table.declarations(in: ["1_a.sql", "2_b.sql", "3_c.sql"]) == [
        "1_a.sql", "  -- @deletes u", "  -- @changes v.w", "2_b.sql", "  -- @deletes t, s",
      ])
    #expect(!table.lines().contains { $0.contains("→") })
  }

  @Test func `what a host makes up becomes no line that does anything else`() {
    #expect(table([[effects("../other.sql", ["t"])]]).declarations(in: ["1_a.sql"]) == [])
    let names = ["t\nDROP TABLE users;", "t\u{202E}", "a,b"]
    let forged = table([[effects("1_a.sql", names, ["x\r\ny.z", "t.a\n-- @allow empty"])]])
    #expect(forged.declarations(in: ["1_a.sql"]) == [])
    #expect(forged.lines().contains { $0.contains("→ mend 1_a.sql, or declare there") })
  }
}
