import Migrations
import Report
import Schema
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

  /// A table of two cohorts: one in WAL mode whose writers wait 10 ms, one outside it whose writers wait 3 s.
  private func table(limit: Duration?) -> RehearsalTable {
    let rehearsals = [10.0, 3000].enumerated().map { index, time in
      var outcome = Outcome(status: .migrated)
      outcome.isWAL = index == 0
      outcome.rehearsedLock = RehearsedLock(bytes: 2_000_000, work: 10, backup: time - 10)
      var found = Outcome(status: .pending)
      found.versionAfter = MigrationVersion(Int64(index))
      return CohortRehearsal(cohort: Cohort(found), indices: [index], tried: (index, outcome))
    }
    return RehearsalTable(rehearsals, limit: limit, atOnce: 1) { "i\($0)" }
  }

  @Test func `what would wait longer than allowed is named, with the time, the limit and what to do`() {
    let lines = table(limit: .seconds(1)).lines().joined(separator: "\n")
    #expect(lines.contains("writers wait about 10 ms\n") && lines.contains("about 3 s, above max_lock"))
    let excesses = table(limit: .seconds(1)).excesses
    #expect(
      excesses.first
        == "version 1: writers of i1 (2 MB, not in WAL mode) would wait about 3 s; rollout.max_lock allows 1 s"
    )
    #expect(excesses.count == 2 && excesses[1].hasPrefix("→ ") && excesses[1].contains("into WAL mode"))
    let both = table(limit: .milliseconds(5)).excesses
    #expect(both.count == 3 && both[0].contains("writers of i0 (2 MB) would wait about 10 ms"), "\(both)")
    #expect(table(limit: .seconds(3)).excesses.isEmpty && table(limit: nil).excesses.isEmpty)
    #expect(!table(limit: nil).lines().joined().contains("max_lock"))
  }
}
