import Foundation
import TestSupport
import Testing

/// Installations that the application itself left in a bad state.
@Suite struct OwnpremStateTests {
  @Test func `an installation that stopped in the middle of migration 6 is completed`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.fixture("half-migrated", as: "db/half.sqlite")
    try folder.ownpremFleet()
    let tokens = try Content.value("SELECT count(*) FROM refresh_tokens", at: path)
    let run = try Program.run("migrate", "--yes", in: folder.path)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("1 migrated"))
    #expect(try SmallFleet.versions(path).prefix(9) == [1, 2, 3, 4, 5, 6, 7, 8, 9])
    #expect(try Content.value("SELECT count(*) FROM refresh_tokens WHERE family_id = id", at: path) == tokens)
    #expect(try Content.value("SELECT count(issued_at) FROM refresh_tokens", at: path) == tokens)
    #expect(!run.output.contains("drifted"))
  }

  @Test func `an installation without a column that its versions promise is drifted, and no failure`() throws
  {
    let folder = try TemporaryFolder()
    let path = try folder.fixture("drifted-6", as: "db/drifted.sqlite")
    try folder.ownpremFleet()
    for command in ["status", "plan"] {
      let look = try Program.run(command, in: folder.path)
      #expect(look.status == 0, "\(look.output)\(look.errors)")
      #expect(look.output.contains("refresh_tokens.issued_at"), "\(command): \(look.output)")
    }
    let run = try Program.run("migrate", "--yes", "--report", "report.json", in: folder.path)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("1 drifted"))
    #expect(run.output.contains("refresh_tokens.issued_at"))
    let report = try folder.report(String(contentsOfFile: folder.file("report.json"), encoding: .utf8))
    let record = try #require((report["installations"] as? [[String: Any]])?.first)
    #expect(record["error"] is NSNull)
    let drift = try #require(record["drift"] as? [[String: Any]])
    #expect(drift.contains { $0["object"] as? String == "refresh_tokens.issued_at" })
    #expect(try Content.integrity(path) == "ok")
  }
}
