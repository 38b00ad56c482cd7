import Foundation
import SQLite
import TestSupport
import Testing

/// What a wave has to show before the next one begins.
@Suite struct GateTests {
  /// Six installations: a wave of two with a gate, one of two, and the rest.
  private func fleet(_ gate: String, _ more: String = "", second: String = "2") throws -> SmallFleet {
    try SmallFleet(6, extra: "rollout: { waves: [{ 2, \(gate) }, \(second), 100%]\(more) }")
  }

  /// How many installations are at the newest version, and how many at the old one.
  private func counts(_ fleet: SmallFleet) throws -> [Int] {
    let versions = try fleet.versions()
    return [versions.count { $0 == [1, 2, 3] }, versions.count { $0 == [1] }]
  }

  @Test func `a wave waits for an approval, and the next one for that`() throws {
    let fleet = try fleet("approve: true")
    let run = try fleet.migrate("--no-wait")
    #expect(run.status == 8, "\(run.output)\(run.errors)")
    #expect(run.words.contains("wave 1 of 3 (2) waits for an approval"), "\(run.output)")
    #expect(run.output.contains("flotilla rollout approve"))
    #expect(try counts(fleet) == [2, 4])

    let second = try fleet.migrate()
    #expect(second.status == 1)
    #expect(
      second.errors.contains("has not ended: wave 1 of 3 (2) waits for an approval"), "\(second.errors)")
    #expect(second.errors.contains("flotilla rollout continue"))

    // Without an approval it stays where it is.
    #expect(try fleet.run("rollout", "continue", "--no-wait").status == 8)
    #expect(try counts(fleet) == [2, 4])

    let approved = try fleet.run("rollout", "approve", "--by", "<ada>", "--because", "the shop is well")
    #expect(approved.status == 0, "\(approved.errors)")
    let last = try fleet.run("rollout", "continue", "--no-wait", "--report", "report.json")
    #expect(last.status == 0, "\(last.output)\(last.errors)")
    #expect(try counts(fleet) == [6, 0])
    let shown = try fleet.run("rollout").output
    #expect(shown.contains("all 3 waves are done"))
    #expect(shown.contains("approved by <ada>, because: the shop is well"))
    let report = try fleet.folder.report(
      String(contentsOfFile: fleet.folder.file("report.json"), encoding: .utf8))
    let rollout = try #require(report["rollout"] as? [String: Any])
    let waves = try #require(rollout["waves"] as? [[String: Any]])
    #expect((waves[0]["approval"] as? [String: Any])?["by"] as? String == "<ada>")
    #expect(rollout["state"] as? String == "finished")
    #expect(try fleet.run("rollout", "approve").errors.contains("no rollout is open"))
    let page = try fleet.run("report", "--run", "last", "--format", "html").output
    #expect(page.contains("approved by &lt;ada&gt;, because: the shop is well"), "\(page)")
    #expect(page.contains("All waves were run"))
  }

  @Test func `a migrate that waits goes on when another process approves`() throws {
    let fleet = try fleet("approve: true")
    let started = try Program.start(["migrate", "--yes"], in: fleet.folder.path)
    #expect(waits(60) { (try? fleet.run("rollout").output.contains("waits for an approval")) == true })
    #expect(try fleet.run("rollout").output.contains("A process carries it on."))
    let other = try fleet.run("rollout", "continue")
    #expect(other.status == 1 && other.errors.contains("another flotilla carries rollout"), "\(other.errors)")
    // Other commands can use the fleet meanwhile.
    #expect(try fleet.run("drift").status == 0)
    #expect(try fleet.run("rollout", "approve").status == 0)
    let run = try Program.finish(started)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try counts(fleet) == [6, 0])
  }

  @Test func `a bad check ends the rollout, and only a bad one`() throws {
    let fleet = try fleet("check: [sh, -c, 'echo not well; exit $(cat status)']")
    let check = { (status: String) in _ = try fleet.folder.write(status, to: "status") }
    try check("1")
    let run = try fleet.migrate()
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(
      run.words.contains(
        "it ended in wave 1 of 3 (2): 1 check bad, 0 may be: sh ended with status 1: not well"))
    #expect(try counts(fleet) == [2, 4])
    #expect(try fleet.run("rollout", "continue").errors.contains("no rollout is open"))

    // What is neither good nor bad never lets the next wave begin.
    for status in ["2", "127"] {
      try check(status)
      let refused = try fleet.migrate("--no-wait")
      #expect(refused.status == 1 && refused.errors.contains("did not pass its gate"), "\(refused.errors)")
      let paused = try fleet.migrate("--no-wait", "--anew")
      #expect(paused.status == 8, "\(paused.output)\(paused.errors)")
      #expect(
        paused.words.contains("is paused: a check is inconclusive: sh ended with status \(status): not well"))
      #expect(try fleet.run("rollout", "abort").status == 0)
    }
    #expect(try fleet.run("rollout").output.contains("was aborted"))
    // The waves of each rollout are those of what was still pending.
    #expect(try counts(fleet) == [6, 0])
  }

  @Test func `a check that can't be started or takes too long pauses the rollout`() throws {
    let fleet = try fleet("bake: 250ms, every: 250ms, check: [sh, check]")
    _ = try fleet.folder.write("sleep 60", to: "check")
    var run = try fleet.migrate("--no-wait")
    #expect(run.status == 8)
    // Wait for the end of the bake.
    let isPaused = try waits(30) {
      run = try fleet.run("rollout", "continue", "--no-wait")
      return run.output.contains("paused")
    }
    #expect(isPaused, "\(run.output)")
    #expect(run.words.contains("sh took longer than 250ms"), "\(run.output)")
    try fleet.folder.write("exit 0", to: "check")
    let last = try fleet.run("rollout", "continue")
    #expect(last.status == 0, "\(last.output)\(last.errors)")
    #expect(try counts(fleet) == [6, 0])
  }

  @Test func `the check knows the wave, and runs at each interval and at the end`() throws {
    let script = """
      echo "$FLOTILLA_WAVE|$FLOTILLA_WAVE_NUMBER|$(echo $FLOTILLA_INSTALLATIONS)|$(test -s "$FLOTILLA_REPORT" && echo there)" >>seen
      """
    let fleet = try fleet("bake: 2s, every: 500ms, check: [sh, check]")
    try fleet.folder.write(script, to: "check")
    let run = try fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let seen = try String(contentsOfFile: fleet.folder.file("seen"), encoding: .utf8).split(separator: "\n")
    #expect(Set(seen) == ["2|1|i0000 i0001|there"])
    // At the beginning and at the end at least; a slow machine misses some in between.
    #expect((2...5).contains(seen.count), "\(seen.count)")
    #expect(try fleet.run("rollout").output.contains("checks: \(seen.count) good, 0 bad"))
  }

  @Test func `a wave that fails its gate is taken back, and what was written since is kept`() throws {
    let fleet = try fleet("check: [sh, check]", ", on_failure: restore")
    try fleet.folder.write(
      "sqlite3 db/i0001.sqlite \"INSERT INTO parents (name) VALUES ('since')\"; exit 1", to: "check")
    let before = try fleet.paths.map(Content.dump)
    let run = try fleet.migrate()
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.words.contains("2 installations taken back"), "\(run.output)")
    #expect(run.words.contains("it was taken back: 1 check bad"), "\(run.output)")
    #expect(run.output.contains("6 pending"), "\(run.output)")
    let records = try fleet.records()
    #expect(records.values.allSatisfy { $0["status"] as? String == "pending" })
    #expect(records["i0000"]?["version_after"] as? Int == 1)
    #expect(try fleet.paths.map(Content.dump) == before)
    let saved = fleet.backups.filter { $0.hasSuffix("/i0001.sqlite") }.map(fleet.folder.file)
    let kept = try saved.map {
      try Content.value("SELECT count(*) FROM parents WHERE name = 'since'", at: $0)
    }
    #expect(kept.compactMap { $0 }.sorted() == [0, 1], "\(saved)")
    #expect(try fleet.run("rollout").output.contains("2 taken back"))
  }

  @Test func `a wave that fails its limit is taken back too, and earlier ones when asked`() throws {
    let fleet = try fleet("approve: true", ", on_failure: restore")
    try fleet.migration(
      "0004_require_name.sql", "-- @require query SELECT name <> 'bad' FROM parents : bad\nSELECT 1;")
    try SmallFleet.change(fleet.path(3), "UPDATE parents SET name = 'bad'")
    let before = try fleet.paths.map(Content.dump)
    #expect(try fleet.migrate("--no-wait").status == 8)
    #expect(try fleet.run("rollout", "approve").status == 0)
    let run = try fleet.run("rollout", "continue")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    let now = try fleet.paths.map(Content.dump)
    #expect(now[0] != before[0] && now[1] != before[1], "an earlier wave stays")
    #expect(Array(now[2...]) == Array(before[2...]))
    #expect(run.output.contains("1 failed  i0003"), "\(run.output)")
    let undone = try fleet.run("rollout", "undo", "--waves", "all", "--yes")
    #expect(undone.status == 0, "\(undone.output)\(undone.errors)")
    #expect(try fleet.paths.map(Content.dump) == before)
  }

  @Test func `a wave on a host is looked at for drift and taken back there`() throws {
    let host = try HostFleet(
      2,
      extra:
        "rollout: { waves: [{ i0, drift: true, approve: true }, { 100%, check: [sh, check] }], on_failure: restore }"
    )
    try host.fleet.folder.write("exit 1", to: "check")
    let before = try host.fleet.paths.map(Content.dump)
    #expect(try host.fleet.migrate("--no-wait").status == 8)
    #expect(try SmallFleet.versions(host.fleet.path(0)) == [1, 2, 3])
    #expect(try host.fleet.run("rollout", "approve").status == 0)
    let run = try host.fleet.run("rollout", "continue")
    #expect(run.status == 3 && run.words.contains("1 installation taken back"), "\(run.output)\(run.errors)")
    #expect(try Content.dump(host.fleet.path(1)) == before[1])
    let undone = try host.fleet.run("rollout", "undo", "--waves", "1", "--yes")
    #expect(undone.status == 0, "\(undone.output)\(undone.errors)")
    #expect(try host.fleet.paths.map(Content.dump) == before)
  }

  @Test func `what was migrated again since is not taken back`() throws {
    let fleet = try fleet("approve: true")
    #expect(try fleet.migrate("--no-wait").status == 8)
    #expect(try fleet.run("rollout", "abort").status == 0)
    try fleet.migration("0004_later.sql", "CREATE TABLE later (a);")
    #expect(try fleet.run("migrate", "--yes", "--only", "i0000", "--no-wait").status == 8)
    // The latest rollout is that of i0000 alone.
    #expect(try fleet.run("rollout", "abort").status == 0)
    try fleet.migration("0005_more.sql", "CREATE TABLE more (a);")
    try fleet.configure("rollout: { waves: [100%] }")
    #expect(try fleet.run("migrate", "--yes", "--only", "i0000").status == 0)
    let before = try fleet.paths.map(Content.dump)
    let undone = try fleet.run("rollout", "undo", "--waves", "all", "--yes")
    #expect(undone.status == 3, "\(undone.output)\(undone.errors)")
    #expect(undone.words.contains("not taken back: i0000: it was migrated again since"), "\(undone.output)")
    #expect(try fleet.paths.map(Content.dump) == before)
  }

  @Test func `undo takes back what is pending again, or was migrated to an earlier version`() throws {
    let fleet = try fleet("approve: true")
    let before = try fleet.paths.map(Content.dump)
    #expect(try fleet.migrate("--no-wait", "--to", "2").status == 8)
    #expect(try fleet.run("rollout", "approve").status == 0)
    #expect(try fleet.run("rollout", "continue").status == 0)
    #expect(try fleet.versions().allSatisfy { $0 == [1, 2] })
    let undone = try fleet.run("rollout", "undo", "--waves", "all", "--yes")
    #expect(undone.status == 0, "\(undone.output)\(undone.errors)")
    #expect(undone.words.contains("6 installations taken back"), "\(undone.output)")
    #expect(try fleet.paths.map(Content.dump) == before)
    let again = try fleet.run("rollout", "undo", "--waves", "all", "--yes")
    #expect(again.words.contains("0 installations taken back"), "\(again.output)")
    #expect(try fleet.run("rollout").words.contains("2 taken back"))
  }

  @Test func `a wave whose members can't be read is not passed over`() throws {
    let fleet = try fleet("approve: true")
    #expect(try fleet.migrate("--no-wait").status == 8)
    #expect(try fleet.run("rollout", "approve").status == 0)
    let sound = try [2, 3].map { try Content.bytes(fleet.path($0)) }
    for number in [2, 3] { try fleet.folder.write("no database", to: "db/i000\(number).sqlite") }
    let run = try fleet.run("rollout", "continue")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(
      run.errors.contains("Wave 2 can't go on: 2 of its installations can't be read, 0 may be."),
      "\(run.errors)")
    #expect(try SmallFleet.versions(fleet.path(4)) == [1])
    for (bytes, number) in zip(sound, [2, 3]) {
      try Data(bytes).write(to: URL(filePath: fleet.path(number)))
    }
    #expect(try fleet.run("rollout", "continue").status == 0)
    #expect(try counts(fleet) == [6, 0])
  }

  @Test func `a bad check counts although the process was interrupted then`() throws {
    let fleet = try fleet("check: [sh, check]")
    try fleet.folder.write("kill -INT $PPID; sleep 1; exit 1", to: "check")
    let run = try fleet.migrate()
    #expect(
      run.status != 0 && run.words.contains("it ended in wave 1 of 3 (2): 1 check bad"), "\(run.output)")
    #expect(try counts(fleet) == [2, 4])
  }

  @Test func `an abort during a check is obeyed before anything else`() throws {
    for status in [0, 1] {
      let fleet = try fleet("check: [sh, check]", ", on_failure: restore")
      try fleet.folder.write("\(Program.path) rollout abort || exit 3; exit \(status)", to: "check")
      let run = try fleet.migrate()
      #expect(run.status == 3, "\(run.output)\(run.errors)")
      #expect(run.words.contains("it was aborted in wave 1 of 3 (2)"), "\(run.output)")
      #expect(try counts(fleet) == [2, 4], "what is done stays")
    }
  }

  @Test func `a wave that can't be taken back yet waits for that`() throws {
    let fleet = try fleet("check: [sh, check]", ", on_failure: restore")
    let before = try fleet.paths.map(Content.dump)
    // A file in the place of a run's folder of backups stops every run.
    let obstacle = ".flotilla/backups/01ARZ3NDEKTSV4RRFFQ69G5FAV"
    try fleet.folder.write("touch \(obstacle); exit 1", to: "check")
    let run = try fleet.migrate()
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.errors.contains(obstacle), "\(run.errors)")
    #expect(!run.words.contains("the journal can't be written"), "\(run.output)")
    #expect(run.words.contains("is being taken back: 1 check bad"), "\(run.output)")
    #expect(run.output.contains("flotilla rollout continue"), "\(run.output)")
    try FileManager.default.removeItem(atPath: fleet.folder.file(obstacle))
    let next = try fleet.run("rollout", "continue")
    #expect(
      next.status == 3 && next.words.contains("2 installations taken back"), "\(next.output)\(next.errors)")
    #expect(try fleet.paths.map(Content.dump) == before)
  }

  @Test func `backups that an open rollout may need are kept`() throws {
    let fleet = try SmallFleet(
      2, extra: "rollout: { waves: [{ 100%, check: [sh, check] }], on_failure: restore }\nbackup: { keep: 1 }"
    )
    try fleet.folder.write("\(Program.path) backup >/dev/null || exit 3; exit 1", to: "check")
    let before = try fleet.paths.map(Content.dump)
    let run = try fleet.migrate()
    #expect(run.status == 3 && run.words.contains("2 installations taken back"), "\(run.output)\(run.errors)")
    #expect(try fleet.paths.map(Content.dump) == before)
    try fleet.configure("rollout: { on_failure: restore }\nbackup: { check: none }")
    let refused = try fleet.migrate()
    #expect(refused.status == 1 && refused.errors.contains("so it needs backups"), "\(refused.errors)")
  }

  @Test func `what can't be taken back is named`() throws {
    let fleet = try fleet("check: [sh, check]", ", on_failure: restore")
    try fleet.folder.write("rm .flotilla/backups/*/i0001.sqlite; exit 1", to: "check")
    let before = try Content.dump(fleet.path(0))
    let run = try fleet.migrate()
    #expect(run.status == 3)
    #expect(
      run.words.contains("not taken back: i0001: the rollout's backup of it is not there"), "\(run.output)")
    #expect(try Content.dump(fleet.path(0)) == before)
    #expect(try SmallFleet.versions(fleet.path(1)) == [1, 2, 3])
    #expect(try fleet.run("rollout").words.contains("not taken back: i0001"))
  }

  @Test func `drift at the end of the bake ends the rollout`() throws {
    let fleet = try fleet("drift: true, check: [sh, check]")
    try fleet.folder.write("sqlite3 db/i0000.sqlite 'DROP TABLE items'", to: "check")
    let run = try fleet.migrate()
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.words.contains("it ended in wave 1 of 3 (2): drift in i0000"), "\(run.output)")
    #expect(try counts(fleet) == [2, 4])
  }

  @Test func `an abort ends a rollout that waits, and one that works`() throws {
    let fleet = try fleet("bake: 1h")
    let started = try Program.start(["migrate", "--yes"], in: fleet.folder.path)
    #expect(waits(60) { (try? fleet.run("rollout").output.contains("bakes")) == true })
    #expect(try fleet.run("rollout", "abort", "--by", "bob", "--because", "rain").status == 0)
    let run = try Program.finish(started)
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.words.contains("it was aborted in wave 1 of 3 (2): by bob, because: rain"), "\(run.output)")
    #expect(try counts(fleet) == [2, 4])

    let slow = try SmallFleet(
      3, slow: 8_000_000, extra: "rollout: { waves: [{ 100%, approve: true }], concurrency: 1 }")
    let other = try Program.start(["migrate", "--yes"], in: slow.folder.path)
    #expect(waits(60) { (try? slow.run("rollout").output.contains("is being migrated")) == true })
    #expect(try slow.run("rollout", "abort").status == 0)
    #expect(try Program.finish(other).status == 3)
    #expect(try slow.versions().contains([1]), "the rest was not begun")
  }

  @Test func `a rollout that follows a plan goes on with that plan`() throws {
    let fleet = try fleet("approve: true")
    #expect(try fleet.run("plan", "--output", "kept.json").status == 0)
    #expect(try fleet.migrate("--no-wait", "--plan", "kept.json").status == 8)
    #expect(try fleet.run("rollout", "approve").status == 0)
    try SmallFleet.change(fleet.path(3), "CREATE TABLE other (a)")
    let text = try String(contentsOfFile: fleet.folder.file("kept.json"), encoding: .utf8)
    try fleet.folder.write(text.replacing("i0004", with: "i0044"), to: "kept.json")
    let refused = try fleet.run("rollout", "continue")
    #expect(
      refused.status == 1 && refused.errors.contains("was changed since the rollout began"),
      "\(refused.errors)")
    try fleet.folder.write(text, to: "kept.json")
    let run = try fleet.run("rollout", "continue", "--report", "report.json")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    let error = try fleet.records()["i0003"]?["error"] as? [String: Any]
    #expect(error?["code"] as? String == "changed")
    #expect(try SmallFleet.versions(fleet.path(3)) == [1])
  }

  @Test func `a selection by what a run has recorded stays the same`() throws {
    let fleet = try fleet("approve: true")
    try SmallFleet.change(fleet.path(0), "PRAGMA user_version = 1")
    #expect(try fleet.run("migrate", "--yes", "--only", "i0005", "--no-wait").status == 8)
    #expect(try fleet.run("rollout", "approve").status == 0)
    #expect(try fleet.run("rollout", "continue").status == 0)
    try fleet.migration("0004_later.sql", "CREATE TABLE later (a);")
    let begun = try fleet.run("migrate", "--yes", "--only", "wave:1", "--no-wait")
    #expect(begun.status == 8, "\(begun.output)\(begun.errors)")
    #expect(try fleet.run("rollout", "approve").status == 0)
    let run = try fleet.run("rollout", "continue")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try fleet.versions().map(\.count) == [1, 1, 1, 1, 1, 4])
  }

  @Test func `a rollout goes on with its own members and migrations`() throws {
    let fleet = try fleet("approve: true")
    #expect(try fleet.migrate("--no-wait").status == 8)
    #expect(try fleet.run("rollout", "approve").status == 0)
    try FileManager.default.copyItem(atPath: fleet.template(0), toPath: fleet.folder.file("db/a-new.sqlite"))
    try FileManager.default.removeItem(atPath: fleet.path(2))

    let changed = try fleet.run("rollout", "continue", "--only", "i0001")
    #expect(changed.status == 1 && changed.errors.contains("--only can't change"), "\(changed.errors)")
    try fleet.migration("0004_later.sql", "CREATE TABLE later (a);")
    let later = try fleet.run("rollout", "continue")
    #expect(later.status == 1 && later.errors.contains("the migrations are not those"), "\(later.errors)")
    #expect(try SmallFleet.versions(fleet.path(3)) == [1])

    try FileManager.default.removeItem(atPath: fleet.folder.file("migrations/0004_later.sql"))
    let run = try fleet.run("rollout", "continue", "--report", "report.json")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(
      run.errors.contains("1 installation of the rollout not in the inventory any more: i0002"),
      "\(run.errors)")
    #expect(run.errors.contains("1 installation new since the rollout began, now in its last wave: a-new"))
    let records = try fleet.records()
    #expect(records["a-new"]?["wave"] as? Int == 3 && records["i0003"]?["wave"] as? Int == 2)
  }
}
