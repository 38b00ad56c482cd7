import Foundation
import TestSupport
import Testing

/// What `plan` says of installations that wouldn't go smoothly.
@Suite struct PreflightTests {
  @Test func `databases that another process has open are told by a plan in one line, and by the report`()
    throws
  {
    let fleet = try SmallFleet(4)
    let holder = try BackgroundTool.holding(fleet.path(0), fleet.path(1))
    let plan = try fleet.run("plan")
    #expect(
      plan.output.contains(
        "\nOpen in other processes: 2 installations (sh); they will wait while each is migrated.\n"),
      "\(plan.output)")
    // They are one cohort with the others.
    #expect(plan.output.contains("  4  version 1"), "\(plan.output)")
    #expect(try !fleet.run("status").output.contains("Open in"))
    #expect(try fleet.migrate().status == 0)
    let records = try fleet.records()
    #expect(records["i0000"]?["open_by"] as? [String] == ["sh (pid \(holder.pid))"])
    #expect(records["i0002"]?["open_by"] as? [String] == [])
    holder.end()
    #expect(try !fleet.run("plan").output.contains("Open in"))
  }

  @Test func `a plan with every detail names the SQLite that would do it`() throws {
    let fleet = try SmallFleet(1)
    let words = try fleet.run("plan", "--verbose").output.split(separator: "\n")
    #expect(words.contains { $0.hasPrefix("SQLite 3.") && $0.hasSuffix(" here.") })
    #expect(try !fleet.run("plan").output.contains("SQLite"))
  }

  @Test(.needs(.mounts))
  func `too little room for a backup or a journal is told before anything is tried`() throws {
    let fleet = try SmallFleet(2, rows: 30_000)
    try fleet.configure(
      "state: small/state",
      installations: "  - { files: db/*.sqlite }\n  - { id: tight, path: small/db.sqlite }")
    let run = try SmallMount.run(
      fleet, size: "1700k",
      """
      cp \(fleet.template(0)) small/db.sqlite || exit 99
      "$FLOTILLA" plan >plan.txt; test $? = 3 || exit 98
      "$FLOTILLA" --only tight plan >tight.txt
      "$FLOTILLA" migrate --yes --report report.json; code=$?
      find small -name '*.sqlite*' ! -name 'state.sqlite*' >left
      cp small/db.sqlite after.sqlite
      "$FLOTILLA" --only 'all:!tight' migrate --yes --no-backup >free.txt || exit 97
      exit $code
      """)
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    let plan = try String(contentsOfFile: fleet.folder.file("plan.txt"), encoding: .utf8)
    let words = plan.split { $0.isWhitespace }.joined(separator: " ")
    #expect(words.contains("kB for the backup, and only"), "\(plan)")
    #expect(words.contains("\(fleet.folder.file("small"))"), "\(plan)")
    #expect(words.contains("Nothing to migrate."), "\(plan)")
    let tight = try String(contentsOfFile: fleet.folder.file("tight.txt"), encoding: .utf8)
    #expect(tight.split { $0.isWhitespace }.joined(separator: " ").contains("for the backup and its journal"))
    for id in ["i0000", "i0001", "tight"] {
      let error = try #require(try fleet.records()[id]?["error"] as? [String: Any])
      #expect(error["code"] as? String == "disk_full", "\(error)")
      #expect(error["step"] as? String == "inspect", "\(error)")
    }
    #expect(try String(contentsOfFile: fleet.folder.file("left"), encoding: .utf8) == "small/db.sqlite\n")
    #expect(try Content.bytes(fleet.folder.file("after.sqlite")) == Content.bytes(fleet.template(0)))
    #expect(try fleet.versions() == [[1, 2, 3], [1, 2, 3]])
  }
}
