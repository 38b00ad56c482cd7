import Migrations
import SQLite
import Schema
import TestSupport
import Testing

@Suite struct PlanTests {
  let files: Files
  let set: MigrationSet

  init() throws {
    files = try Files([
      "1_a.sql": "SELECT 1", "2_b.sql": "SELECT 1", "5_c.sql": "SELECT 1", "6_d.sql": "SELECT 1",
    ])
    set = try files.load(baseline: files.folder.write("SELECT 1", to: "baseline.sql"))
  }

  func plan(_ versions: [MigrationVersion: String]?, to target: MigrationVersion? = nil) -> Plan {
    set.plan(for: History(recorded: versions), upTo: target)
  }

  @Test func `a database that knows more is ahead, wherever the unknown version stands`() {
    for version: MigrationVersion in [3, 7, 1000] {
      let plan = plan([1: "a", 2: "b", 5: "c", 6: "d", version: "x"])
      #expect(plan.isAhead && !plan.isCurrent && plan.unknown == [version] && plan.pending.isEmpty)
    }
  }

  @Test(
    arguments: [
      ([1: "a", 2: "b", 5: "c", 6: "d"], []), ([1: "a"], [2, 5, 6]), ([1: "a", 5: "c"], [2, 6]),
      ([6: "d"], [1, 2, 5]),
      ([:], [1, 2, 5, 6]),
    ] as [([MigrationVersion: String], [MigrationVersion])])
  func `what isn't recorded is pending, gaps and all`(
    recorded: [MigrationVersion: String], pending: [MigrationVersion]
  ) {
    let plan = plan(recorded)
    #expect(plan.pending.map(\.version) == pending)
    #expect(plan.baseline == nil && plan.isCurrent == pending.isEmpty && !plan.isAhead)
  }

  @Test func `an untracked database gets the baseline first`() {
    #expect(plan(nil).baseline != nil && plan(nil).pending.count == 4)
    #expect(plan(nil, to: 0).pending.isEmpty && !plan(nil, to: 0).isCurrent)
  }

  @Test func `a target ends the list and takes nothing back`() {
    #expect(plan([1: "a"], to: 5).pending.map(\.version) == [2, 5])
    #expect(plan([1: "a"], to: 4).pending.map(\.version) == [2])
    #expect(plan([1: "a", 2: "b", 5: "c"], to: 1).isCurrent)
  }

  @Test func `another name is told and changes nothing`() {
    let plan = plan([1: "a", 2: "z"])
    #expect(plan.renamed == [2: "z"] && plan.pending.map(\.version) == [5, 6])
  }

  @Test func `history is read as the application wrote it`() throws {
    #expect(try SchemaMigrationsTable().read(database("")).recorded == nil)
    #expect(try SchemaMigrationsTable().read(database("")).version == nil)
    let sql = "CREATE TABLE Schema_Migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL);"
    #expect(try SchemaMigrationsTable().read(database(sql)).version == 0)
    let history = try SchemaMigrationsTable().read(
      database(sql + "INSERT INTO schema_migrations VALUES (7, 'x'), (2, 'b')"))
    #expect(history.versions == [2, 7] && history.version == 7)
  }
}
