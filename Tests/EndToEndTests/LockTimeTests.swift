import Foundation
import TestSupport
import Testing

/// How long the application's writers had to wait: measured, reported and shown.
@Suite struct LockTimeTests {
  private func header(_ fleet: SmallFleet) throws -> [String: Any] {
    try fleet.folder.report(String(contentsOfFile: fleet.folder.file("report.json"), encoding: .utf8))
  }

  @Test func `each installation has the time, and the report the longest and the median`() throws {
    let fleet = try SmallFleet(5, slow: 300_000)
    // Only the last one needs the time for which its lock is held.
    for number in 0..<4 {
      for table in ["items", "parents"] { try SmallFleet.change(fleet.path(number), "DELETE FROM \(table)") }
    }
    let run = try fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    var times: [String: Double] = [:]
    for (id, record) in try fleet.records() {
      let time = try #require(record["locked_ms"] as? Double, "\(id)")
      let parts = try #require(record["milliseconds"] as? [String: Double])
      #expect(Set(parts.keys) == ["backup", "migrate", "total"])
      #expect(time > 0 && time <= parts["total"] ?? 0, "\(id): \(time) of \(parts)")
      times[id] = time
    }
    let (longest, median) = (try #require(times["i0004"]), times.values.sorted()[2])
    let applied = try #require(try fleet.records()["i0004"]?["applied"] as? [[String: Any]])
    #expect(longest >= applied.compactMap { $0["milliseconds"] as? Double }.reduce(0, +))
    let locked = try #require(try header(fleet)["locked"] as? [String: Any])
    #expect(locked["longest_at"] as? String == "i0004" && locked["installations"] as? Int == 5)
    #expect(locked["longest_ms"] as? Double == longest)
    #expect(abs((locked["median_ms"] as? Double ?? 0) - median) < 0.01)
    let line = "Writers waited at most "
    #expect(run.output.contains(line) && run.words.contains("(i0004), and at most "), "\(run.output)")
    #expect(run.words.contains("in half of the 5 installations."), "\(run.output)")
    for (format, text) in [
      ("html", "<bdi>i0004</bdi>), and at most "), ("markdown", "(`i0004`), and at most "),
      ("prometheus", "flotilla_longest_lock_seconds{fleet=\"small\"} "),
      ("csv", "milliseconds,locked_ms,bytes"),
    ] {
      let past = try fleet.run("report", "--run", "last", "--format", format)
      #expect(past.status == 0 && past.output.contains(text), "\(format): \(past.output.prefix(4000))")
    }
  }

  @Test func `what failed has the time, and what was not locked has none`() throws {
    let fleet = try SmallFleet(3)
    try fleet.migration("0004_fail.sql", "-- @require query SELECT count(*) = 3 FROM parents : too many")
    try SmallFleet.change(fleet.path(1), "INSERT INTO parents (name) VALUES ('more')")
    let application = try BackgroundTool.keeping(fleet.path(0), "BEGIN IMMEDIATE")
    defer { application.end() }
    try fleet.configure("rollout: { busy_timeout: 100ms, max_failures: 3 }")
    #expect(try fleet.migrate().status == 3)
    let records = try fleet.records()
    #expect(records["i0000"]?["status"] as? String == "failed" && records["i0000"]?["locked_ms"] == nil)
    #expect(records["i0001"]?["status"] as? String == "failed" && records["i0001"]?["locked_ms"] is Double)
    #expect(records["i0002"]?["status"] as? String == "migrated" && records["i0002"]?["locked_ms"] is Double)
    #expect((try header(fleet)["locked"] as? [String: Any])?["installations"] as? Int == 2)
    #expect(try fleet.run("report", "--format", "json").output.contains("locked") == false)
  }
}
