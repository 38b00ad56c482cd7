import Foundation
import TestSupport
import Testing

/// Commands that apply nothing work where a migration is broken or a part of the inventory can't be read.
@Suite struct BrokenFilesTests {
  /// A fleet that was migrated, and has an unfinished migration since then.
  private func brokenFleet() throws -> SmallFleet {
    let fleet = try SmallFleet(3)
    #expect(try fleet.migrate().status == 0)
    try fleet.migration("0004_unfinished.sql", "CREATE TABLE IF (\n")
    #expect(try fleet.run("status").status == 1)
    return fleet
  }

  @Test func `restore works with a broken migration, and says what is not known`() throws {
    let fleet = try brokenFleet()
    let restored = try fleet.run("restore", "--run", "last", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    #expect(restored.errors.contains("0004_unfinished.sql:1"))
    #expect(restored.errors.contains("it is not known what is pending"))
    #expect(restored.output.contains("3 installations restored") && !restored.output.contains("left alone"))
    #expect(try fleet.versions() == [[1], [1], [1]])
    let report = try fleet.folder.report(try fleet.run("report", "--run", "last").output)
    let migrations = try #require(report["migrations"] as? [String: Any])
    #expect((migrations["problem"] as? String)?.contains("0004_unfinished.sql") == true)
    let records = try #require(report["installations"] as? [[String: Any]])
    for record in records {
      #expect(record["status"] as? String == "skipped" && record["version_after"] as? Int == 1)
      #expect((record["error"] as? [String: Any])?["code"] as? String == "migrations")
    }
  }

  @Test func `a backup is made with a broken migration, and can be restored when it is whole again`() throws {
    let fleet = try brokenFleet()
    let made = try fleet.run("backup")
    #expect(made.status == 0, "\(made.output)\(made.errors)")
    #expect(made.errors.contains("0004_unfinished.sql:1") && made.output.contains("3 backups"))
    for place in 0..<3 { try SmallFleet.change(fleet.path(place), "DELETE FROM items") }
    try FileManager.default.removeItem(atPath: fleet.folder.file("migrations/0004_unfinished.sql"))
    #expect(try fleet.run("restore", "--run", "last", "--yes").status == 0)
    #expect(try IndependentReader.rows("SELECT count(*) FROM items", at: fleet.path(0)) == ["200"])
    #expect(try fleet.versions() == [[1, 2, 3], [1, 2, 3], [1, 2, 3]])
  }

  @Test func `what was recorded is told with a broken migration and without the inventory's program`() throws
  {
    let fleet = try brokenFleet()
    try fleet.configure("", installations: "  - { from: ./gone.sh }")
    for words in [["history"], ["backups"], ["report", "--run", "last"]] {
      let result = try Program.run(words, in: fleet.folder.path)
      #expect(result.status == 0 && !result.output.isEmpty, "\(words): \(result.output)\(result.errors)")
    }
    let listed = try fleet.run("backups", "--only", "i0001")
    #expect(listed.output.split(separator: "\n").count == 1 && listed.errors.contains("gone.sh"))
    #expect(try fleet.run("backups", "--only", "i9999").status == 1)
    try fleet.configure(
      "report: { url: \"http://127.0.0.1:9/\" }",
      installations: "  - { from: ./gone.sh }")
    let flushed = try fleet.run("report", "flush")
    #expect(flushed.status == 0 && flushed.output.contains("nothing waits"), "\(flushed.errors)")
  }

  @Test func `restore puts databases of this machine back without the inventory's program`() throws {
    let fleet = try brokenFleet()
    try fleet.configure("", installations: "  - { from: ./gone.sh }")
    let restored = try fleet.run("restore", "--run", "last", "--only", "i0001", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    #expect(restored.errors.contains("gone.sh") && restored.output.contains("1 installation restored"))
    #expect(try fleet.versions() == [[1, 2, 3], [1], [1, 2, 3]])
    #expect(try fleet.run("restore", "--run", "last", "--only", "elsewhere", "--yes").status == 1)
  }

  @Test func `restore refuses a run with backups on hosts that the readable inventory doesn't have`() throws {
    let fleet = try brokenFleet()
    try SmallFleet.change(
      fleet.folder.file(".flotilla/state.sqlite"),
      "UPDATE backups SET host = 'ship-1' WHERE installation = 'i0002'")
    try fleet.configure("", installations: "  - { from: ./gone.sh }")
    let refused = try fleet.run("restore", "--run", "last", "--yes")
    #expect(refused.status == 1 && refused.errors.contains("reach the hosts of i0002"), "\(refused.errors)")
    #expect(try fleet.versions() == [[1, 2, 3], [1, 2, 3], [1, 2, 3]])
    #expect(try fleet.run("restore", "--run", "last", "--only", "i0000:i0001", "--yes").status == 0)
    #expect(try fleet.versions() == [[1], [1], [1, 2, 3]])
  }

  @Test func `what applies or compares migrations refuses a broken one, and changes nothing`() throws {
    let fleet = try brokenFleet()
    for words in [["migrate", "--yes"], ["plan"], ["drift"], ["report"]] {
      let result = try Program.run(words, in: fleet.folder.path)
      #expect(
        result.status == 1 && result.errors.contains("0004_unfinished.sql:1"), "\(words): \(result.errors)")
    }
    #expect(try fleet.versions() == [[1, 2, 3], [1, 2, 3], [1, 2, 3]])
  }

  @Test func `a migration that was rolled back everywhere can be corrected without a warning`() throws {
    let fleet = try SmallFleet(2)
    #expect(try fleet.migrate().status == 0)
    try fleet.migration("0004_seed.sql", "INSERT INTO items (parent) VALUES (99);")
    #expect(try fleet.migrate("--max-failures", "9").status == 3)
    try fleet.migration("0004_seed.sql", "INSERT INTO items (parent) VALUES (1);")
    let corrected = try fleet.migrate()
    #expect(corrected.status == 0 && !corrected.errors.contains("was changed"), "\(corrected.errors)")
    // Now databases have it.
    try fleet.migration("0004_seed.sql", "INSERT INTO items (parent) VALUES (2);")
    try fleet.migration("0005_more.sql", "INSERT INTO items (parent) VALUES (3);")
    let changed = try fleet.migrate()
    #expect(changed.status == 0 && changed.errors.contains("0004_seed.sql"), "\(changed.errors)")
  }

  @Test func `a changed migration is warned of where a run that may have applied it didn't end`() throws {
    let fleet = try SmallFleet(1)
    try fleet.migration("0004_seed.sql", "INSERT INTO items (parent) VALUES (99);")
    #expect(try fleet.migrate().status == 3)
    try SmallFleet.change(
      fleet.folder.file(".flotilla/state.sqlite"), "UPDATE runs SET finished_at = NULL, result = NULL")
    try fleet.migration("0004_seed.sql", "INSERT INTO items (parent) VALUES (1);")
    #expect(try fleet.migrate().errors.contains("0004_seed.sql"))
  }

  @Test(arguments: ["a.xyz", "report.json.gz"])
  func `a report is not written into a file with the ending of no format`(name: String) throws {
    let fleet = try SmallFleet(1)
    let report = try fleet.run("report", "--output", name)
    #expect(report.status == 1 && report.errors.contains("no report format has this ending"))
    let migrated = try fleet.run("migrate", "--yes", "--report", name)
    #expect(migrated.status == 1 && migrated.errors.contains("no report format has this ending"))
    #expect(try fleet.versions() == [[1]] && !fleet.files.contains(name))
    #expect(try fleet.run("report", "--output", name, "--format", "csv").status == 0)
    #expect(try fleet.run("report", "--output", "plain").status == 0 && fleet.files.contains("plain"))
  }

  @Test func `drift counts as new what it lists as new`() throws {
    let fleet = try SmallFleet(1)
    #expect(try fleet.migrate().status == 0)
    #expect(try fleet.run("drift").status == 0)
    try SmallFleet.change(fleet.path(0), "ALTER TABLE parents DROP COLUMN age")
    try SmallFleet.change(fleet.path(0), "CREATE TABLE extra (id INTEGER)")
    let drift = try fleet.run("drift")
    let listed = drift.output.components(separatedBy: "(new)").count - 1
    #expect(
      drift.status == 4 && listed > 0 && drift.words.contains("(\(listed) new, 0 resolved)"),
      "\(drift.output)")
  }

  @Test func `a wave that is called by a number is one number in the plan`() throws {
    let fleet = try SmallFleet(3)
    try fleet.configure("rollout: { waves: [1, 100%] }")
    let plan = try fleet.run("plan")
    #expect(plan.words.contains("in 2 waves (1, 100% 2)"), "\(plan.output)")
  }

  @Test func `an interval that cron can't keep is told in its own unit`() throws {
    let fleet = try SmallFleet(1)
    let refused = try fleet.run("schedule", "--every", "5h", "--as", "cron")
    #expect(refused.status == 1 && refused.errors.contains("every 5 hours evenly"), "\(refused.errors)")
  }

  @Test func `a backup of a fleet with a broken migration says what else is odd`() throws {
    let fleet = try brokenFleet()
    try fleet.configure("", installations: "  - { files: db/*.sqlite }\n  - { files: none/*.sqlite }")
    let made = try fleet.run("backup")
    #expect(made.status == 0 && made.errors.contains("no database matches none/*.sqlite"), "\(made.errors)")
    let restored = try fleet.run("restore", "--run", "last", "--yes")
    #expect(restored.status == 0)
    #expect(restored.errors.components(separatedBy: "no database matches").count == 2, "it is said once")
  }

  @Test(.needs(.sshd)) func `a host's databases are restored with a broken migration`() throws {
    let host = try HostFleet(2)
    #expect(try host.fleet.migrate().status == 0)
    try host.fleet.migration("0004_unfinished.sql", "CREATE TABLE IF (\n")
    let restored = try host.fleet.run("restore", "--run", "last", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    #expect(restored.output.contains("2 installations restored"))
    #expect(try host.fleet.versions() == [[1], [1]])
  }
}
