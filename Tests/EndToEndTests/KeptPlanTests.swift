import Foundation
import SQLite
import TestSupport
import Testing

/// `plan --output` and `migrate --plan`: planning and doing, by two people.
@Suite struct KeptPlanTests {
  private func plan(_ fleet: SmallFleet, _ arguments: String...) throws -> [String: Any] {
    let run = try Program.run(["plan", "--output", "plan.json"] + arguments, in: fleet.folder.path)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(Content.bytes(fleet.folder.file("plan.json"))))
        as? [String: Any])
  }

  private func refuses(
    _ fleet: SmallFleet, _ arguments: [String] = [], _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try fleet.paths.map(Content.bytes)
    let run = try Program.run(["migrate", "--yes", "--plan", "plan.json"] + arguments, in: fleet.folder.path)
    #expect(run.status == 1, "\(run.output)", sourceLocation: sourceLocation)
    for word in words {
      #expect(run.errors.contains(word), "\(run.errors)", sourceLocation: sourceLocation)
    }
    #expect(try fleet.paths.map(Content.bytes) == before, sourceLocation: sourceLocation)
    #expect(!fleet.files.contains(".flotilla/state.sqlite"), sourceLocation: sourceLocation)
  }

  @Test func `what one person has planned is what another one does`() throws {
    let fleet = try SmallFleet(4)
    // The one who plans has a copy of the inventory, and a state folder of their own.
    try FileManager.default.createDirectory(
      atPath: fleet.folder.file("planner"), withIntermediateDirectories: true)
    try fleet.folder.write(
      """
      fleet: small
      migrations: \(fleet.folder.file("migrations"))
      installations: [{ files: "\(fleet.folder.path)/db/*.sqlite" }]

      """, to: "planner/fleet.yml")
    let made = try Program.run("plan", "-o", "plan.json", "--to", "2", in: fleet.folder.file("planner"))
    #expect(made.status == 0, "\(made.errors)")
    #expect(
      made.output.contains("Plan  plan.json, for 4 installations\nNext: flotilla migrate --plan plan.json"))
    let path = fleet.folder.file("planner/plan.json")
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    if try Prerequisite.reportReaders.isMet() { try ReportReader.expectApproval("check.py", "plan", path) }
    #expect(!fleet.files.contains { $0.hasPrefix("planner/.flotilla") || $0.hasSuffix(".part") })
    // One is added later. It is nobody's plan.
    try FileManager.default.copyItem(atPath: fleet.path(0), toPath: fleet.folder.file("db/new.sqlite"))
    let run = try fleet.migrate("--plan", "planner/plan.json")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("for 4 installations; not in it and left alone: new"), "\(run.errors)")
    #expect(try fleet.versions() == Array(repeating: [1, 2], count: 4))
    #expect(try SmallFleet.versions(fleet.folder.file("db/new.sqlite")) == [1])
    #expect(try fleet.records().count == 4)
  }

  @Test func `a plan has all that the doing depends on`() throws {
    let fleet = try SmallFleet(2)
    try fleet.migration("0004_drop.sql", "-- @deletes items\nDROP TABLE items;")
    let plan = try plan(fleet, "--only", "i0001")
    #expect(plan["fleet"] as? String == "small" && plan["only"] as? String == "i0001")
    #expect(plan["target"] is NSNull)
    let files = try #require((plan["migrations"] as? [String: Any])?["files"] as? [[String: String]])
    #expect(
      files.map { $0["name"] } == [
        "0001_create_tables.sql", "0002_add_age.sql", "0003_add_cascade.sql", "0004_drop.sql",
      ])
    let one = try #require((plan["installations"] as? [[String: Any]])?.first)
    #expect(
      one["id"] as? String == "i0001" && one["path"] as? String == fleet.path(1) && one["host"] is NSNull)
    #expect(one["pending"] as? [Int] == [2, 3, 4] && one["may_delete"] as? [String] == ["items"])
    let history = try #require(one["history"] as? [[String: Any]])
    #expect(history.count == 1 && history[0]["version"] as? Int == 1)
    #expect(history[0]["name"] as? String == "create_tables")
    #expect((one["fingerprint"] as? String)?.hasPrefix("sha256:") == true)
  }

  @Test func `only narrows the plan, and what is done stays done`() throws {
    let fleet = try SmallFleet(4)
    _ = try plan(fleet, "--only", "!i0003")
    #expect(try fleet.migrate("--plan", "plan.json", "--only", "i0001:i0003").status == 0)
    #expect(try fleet.versions().map(\.count) == [1, 3, 1, 1])
    let none = try fleet.migrate("--plan", "plan.json", "--only", "i0003")
    #expect(none.status == 1 && none.errors.contains("--only selects no installation of the plan"))
    // The journal knows that the first run has done what the plan says for i0001.
    let rest = try fleet.migrate("--plan", "plan.json")
    #expect(
      rest.status == 0 && rest.output.contains("2 migrated · 1 current"), "\(rest.output)\(rest.errors)")
    let again = try fleet.migrate("--plan", "plan.json")
    #expect(again.status == 0 && again.output.contains("3 current"), "\(again.output)")
    try SmallFleet.change(fleet.path(1), "CREATE TABLE other (id INTEGER)")
    let changed = try fleet.migrate("--plan", "plan.json")
    #expect(changed.status == 3 && changed.output.contains("2 current · 1 failed"), "\(changed.output)")
  }

  @Test func `a rehearsal goes with a plan that is kept`() throws {
    let fleet = try SmallFleet(2)
    let run = try fleet.run("plan", "--output", "plan.json", "--rehearse", "--check")
    #expect(run.status == 5, "\(run.output)\(run.errors)")
    #expect(run.output.hasSuffix("Next: flotilla migrate --plan plan.json\n"), "\(run.output)")
    try fleet.configure("rollout: { max_lock: 10s }")
    #expect(try fleet.migrate("--plan", "plan.json").status == 0)
    #expect(try fleet.versions() == [[1, 2, 3], [1, 2, 3]])
  }

  @Test func `nothing pending is nothing to do`() throws {
    let fleet = try SmallFleet(2)
    #expect(try fleet.migrate().status == 0)
    _ = try plan(fleet)
    let before = try fleet.paths.map(Content.bytes)
    let run = try fleet.migrate("--plan", "plan.json")
    #expect(run.status == 0 && run.output.contains("2 current"), "\(run.output)\(run.errors)")
    #expect(try fleet.paths.map(Content.bytes) == before)
  }

  @Test(arguments: [
    ("0002_add_age.sql was changed", "echo '-- more' >> migrations/0002_add_age.sql"),
    // The application's own migration that is applied everywhere counts, too.
    ("0001_create_tables.sql was changed", "echo >> migrations/0001_create_tables.sql"),
    ("0004_more.sql is new", "echo 'SELECT 1;' > migrations/0004_more.sql"),
    ("0003_add_cascade.sql is gone", "rm migrations/0003_add_cascade.sql"),
  ])
  func `another migration file ends the command before anything is touched`(_ word: String, _ script: String)
    throws
  {
    let fleet = try SmallFleet(2)
    _ = try plan(fleet)
    #expect(try Program.shell(script, in: fleet.folder.path).status == 0)
    try refuses(
      fleet, [], "the migrations are no longer those of the plan: \(word)", "flotilla plan --output")
  }

  @Test func `a plan for another fleet or another target is refused`() throws {
    let fleet = try SmallFleet(2)
    _ = try plan(fleet, "--to", "2")
    try refuses(fleet, ["--to", "3"], "--to 3: the plan was made with --to 2")
    let text = try String(contentsOfFile: fleet.folder.file("fleet.yml"), encoding: .utf8)
    try fleet.folder.write(text.replacing("fleet: small", with: "fleet: other"), to: "fleet.yml")
    try refuses(fleet, [], "the plan is for the fleet small, and this is other")
    try fleet.folder.write(text, to: "fleet.yml")
    #expect(try fleet.migrate("--plan", "plan.json", "--to", "2").status == 0)
    #expect(try fleet.versions() == [[1, 2], [1, 2]])
  }

  @Test func `a file that is no whole plan of this version is refused`() throws {
    let fleet = try SmallFleet(2)
    try refuses(fleet, [], "the plan plan.json can't be read: No such file or directory")
    _ = try plan(fleet)
    let text = try String(contentsOfFile: fleet.folder.file("plan.json"), encoding: .utf8)
    for length in stride(from: 0, to: text.utf8.count - 2, by: 97) {
      try fleet.folder.write(String(decoding: text.utf8.prefix(length), as: UTF8.self), to: "plan.json")
      try refuses(fleet, [], "plan.json is not a plan, or not a whole one")
    }
    for (old, new, word) in [
      (
        "flotilla.plan/1", "flotilla.plan/2",
        "is a plan in the format flotilla.plan/2, and this version reads flotilla.plan/1"
      ),
      ("flotilla.plan/1", "flotilla.report/1", "is not a plan"),
      ("i0001\"", "i0000\"", "i0000 is in it twice"), ("\"sha256:", "\"md5:", "the migrations are no longer"),
      ("\"status\" : \"pending\"", "\"status\" : \"migrated\"", "doesn't say in which state i0000 was"),
      ("\"pending\" : [", "\"pending\" : [{}, ", "not a valid plan"),
    ] {
      try #require(text.contains(old))
      try fleet.folder.write(text.replacing(old, with: new), to: "plan.json")
      try refuses(fleet, [], word)
    }
    try fleet.folder.write("[1]", to: "plan.json")
    try refuses(fleet, [], "is not a plan")
  }

  @Test func `a deletion that fleet yml declares after the plan is no part of it`() throws {
    let fleet = try SmallFleet(2)
    try fleet.migration("0004_trim.sql", "DELETE FROM items WHERE id > 5;")
    try fleet.configure("", installations: "  - { files: db/*.sqlite }")
    _ = try plan(fleet)
    let text = try String(contentsOfFile: fleet.folder.file("fleet.yml"), encoding: .utf8)
    try fleet.folder.write(
      text.replacing(
        "migrations: migrations", with: "migrations: { path: migrations, deletes: { 4: [items] } }"),
      to: "fleet.yml")
    let run = try fleet.migrate("--plan", "plan.json")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(
      run.words.contains("its migrations may delete rows of other tables"), "\(run.output)\(run.errors)")
    #expect(run.output.contains("Next, once that is mended: flotilla migrate --plan plan.json"))
    #expect(try fleet.versions() == [[1], [1]])
  }

  @Test func `a plan that can't be written is told before anything is looked at`() throws {
    let fleet = try SmallFleet(1)
    for (path, word) in [("gone/plan.json", "No such file"), ("migrations", "something other than a file")] {
      let run = try fleet.run("plan", "--output", path)
      #expect(
        run.status == 1 && run.errors.contains("the plan \(path) can't be written: \(word)"), "\(run.errors)")
      #expect(run.output.isEmpty)
    }
  }
}
