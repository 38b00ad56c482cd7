import Foundation
import TestSupport
import Testing

/// Long histories with what applications' migrations have: rebuilds, triggers, full-text tables, placeholders, pragmas.
@Suite struct LargeHistoryTests {
  private func script(_ arguments: String...) throws -> String {
    try Prerequisite.python.require()
    return try Tool.output(
      of: ["python3", "-B", "\(Repository.root)/Tests/EndToEndTests/Fixtures/large_history.py"] + arguments)
  }

  @Test(arguments: ["diesel", "golang-migrate", "sqlx"])
  func `sixty migrations make of every version what plain SQLite makes of it`(format: String) throws {
    let folder = try TemporaryFolder()
    let allowed = try script(format, "write", folder.file("migrations"))
    _ = try script(format, "databases", folder.file("migrations"), folder.path)
    try folder.write(
      """
      fleet: large
      migrations: { path: migrations, format: \(format), \(allowed.trimmingCharacters(in: .newlines)) }
      installations:
        - { files: db/*.sqlite }

      """, to: "fleet.yml")
    let run = try Program.run("migrate", "--yes", in: folder.path)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("60 migrated"), "\(run.output)")
    _ = try script(format, "compare", folder.path)
    let drift = try Program.run("drift", in: folder.path)
    #expect(
      drift.status == 0 && drift.output.contains("61 as they should be"), "\(drift.output)\(drift.errors)")
  }
}
