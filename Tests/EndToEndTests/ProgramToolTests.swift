import Foundation
import SQLite
import TestSupport
import Testing

/// Fleets made by the programs themselves, at four versions: what Flotilla makes of them satisfies the program, and what
/// the program then applies by itself satisfies Flotilla.
@Suite(.needs(.migrators, .activeRecord)) struct ProgramToolTests {
  private let folder: TemporaryFolder
  private static let environment = ["PYTHONPATH": Repository.packages, "PYTHONDONTWRITEBYTECODE": "1"]

  init() throws { folder = try TemporaryFolder() }

  private func run(_ words: String...) throws -> ProgramResult {
    try Program.run(words, in: folder.path, environment: Self.environment)
  }

  /// Runs a command of the program on the database at a version.
  @discardableResult private func command(_ words: [String], _ version: Int) throws -> String {
    let variables = Self.environment.merging(["DATABASE": path(version)]) { $1 }.map { "\($0)=\($1)" }
    return try Tool.output(of: ["env", "-C", folder.file("app")] + variables + words)
  }

  private func path(_ version: Int) -> String { folder.file("dbs/at\(version).sqlite") }

  private func add(_ step: Int, of tool: ProgramTool) throws {
    let (path, text) = tool.file(step)
    try folder.write(text, to: "app/\(path)")
  }

  @Test(arguments: [ProgramTool.rails, .alembic, .django, .sqliteMigrate])
  func `the program finds nothing to do after Flotilla, and Flotilla none after the program's next step`(
    tool: ProgramTool
  ) throws {
    for (path, text) in tool.support { try folder.write(text, to: "app/\(path)") }
    for step in 1...4 { try add(step, of: tool) }
    try FileManager.default.createDirectory(atPath: folder.file("dbs"), withIntermediateDirectories: true)
    for version in 1...4 {
      try command(tool.upTo(version), version)
      let database = try Connection(path: path(version), access: .readWrite)
      try database.execute("INSERT INTO notes (title) VALUES ('one'), ('two')")
      database.close()
    }
    let words = tool.all.map { "\"\($0)\"" }.joined(separator: ", ")
    try folder.write(
      """
      fleet: apps
      migrations: { path: app, run: [\(words)], env: { DATABASE: "{path}" }, format: \(tool.format) }
      installations: [{ files: dbs/*.sqlite }]
      """, to: "fleet.yml")
    let result = try run("migrate", "--yes")
    #expect(
      result.status == 0 && result.words.contains("3 migrated · 1 current"),
      "\(result.output)\(result.errors)")
    for version in 1...4 {
      let pending = try command(tool.pending, version)
      #expect(tool.isDone(pending), "\(pending)")
      #expect(
        try IndependentReader.rows("SELECT title FROM notes WHERE c4 IS NULL", at: path(version)) == [
          "one", "two",
        ])
    }
    try add(5, of: tool)
    #expect(try run("status").words.contains("pending"))
    for version in 1...4 { try command(tool.all, version) }
    let status = try run("status")
    #expect(
      status.status == 0 && status.words.contains("4 version") && status.words.contains("up to date"),
      "\(status.output)")
    let drift = try run("drift")
    #expect(drift.status == 0, "\(drift.output)\(drift.errors)")
  }
}
