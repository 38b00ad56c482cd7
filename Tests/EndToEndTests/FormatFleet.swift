import Foundation
import SQLite
import TestSupport
import Testing

/// A fleet whose databases a migration tool made, each at another version.
struct FormatFleet: FleetFolder {
  let tool: MigrationTool
  let folder: TemporaryFolder

  /// How many migrations of the folder Flotilla applies.
  static let count = 4

  init(_ tool: MigrationTool) throws {
    self.tool = tool
    folder = try TemporaryFolder()
    try write(Array(Script.all.prefix(Self.count)), to: "migrations")
    try FileManager.default.createDirectory(atPath: folder.file("db"), withIntermediateDirectories: true)
    try configure()
  }

  /// Writes fleet.yml anew.
  func configure(format: String? = nil, settings: String? = nil, extra: String = "") throws {
    let settings = settings ?? (tool.settings.isEmpty ? "" : ", " + tool.settings)
    try folder.write(
      """
      fleet: other
      migrations: { path: migrations, format: \(format ?? tool.format)\(settings) }
      installations:
        - { files: db/*.sqlite }
      \(extra)

      """, to: "fleet.yml")
  }

  var migrations: String { folder.file("migrations") }

  func path(_ version: Int) -> String { folder.file("db/at\(version).sqlite") }

  /// Lays out a folder.
  func write(_ scripts: [Script], to name: String) throws {
    for (file, text) in tool.files(scripts) { try folder.write(text, to: "\(name)/\(file)") }
    try tool.finish(folder.file(name))
  }

  /// Makes a database as the tool leaves it after so many migrations, and fills it as the application does.
  func make(_ version: Int) throws {
    let scripts = "at-\(version)"
    try write(Array(Script.all.prefix(max(version, 1))), to: scripts)
    try tool.up(path(version), folder.file(scripts), count: version)
    try SmallFleet.change(path(version), version > 0 ? Self.users : "SELECT 1")
    if version > 1 { try SmallFleet.change(path(version), Self.posts) }
  }

  private static let users = """
    INSERT INTO users (id, name) WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 50)
    SELECT i, 'user ' || i FROM c
    """
  private static let posts = """
    INSERT INTO posts (id, author, title) SELECT id * 2, id, 'post of ' || name FROM users
    """

  /// What the application has written: users and posts.
  func content(_ version: Int) throws -> [String] {
    let database = try Connection(path: path(version), access: .readWrite)
    defer { database.close() }
    let tables = try database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'") { $0.text(0) ?? "" }
    var rows: [String] = []
    if tables.contains("users") {
      rows += try database.rows("SELECT 'user', id, name FROM users ORDER BY id") {
        "user \($0.int(1)) \($0.text(2) ?? "")"
      }
    }
    guard tables.contains("posts") else { return rows }
    return try rows
      + database.rows("SELECT id, author, title FROM posts ORDER BY id") {
        "post \($0.int(0)) \($0.int(1)) \($0.text(2) ?? "")"
      }
  }

  /// The names of the tables.
  func tables(_ version: Int) throws -> Set<String> {
    let database = try Connection(path: path(version), access: .readWrite)
    defer { database.close() }
    return Set(try database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'") { $0.text(0) ?? "" })
  }

  /// The failure of the database at that version in the report that `migrate` wrote.
  func failure(_ version: Int) throws -> (code: String, message: String) {
    let report = try folder.report(String(contentsOfFile: folder.file("report.json"), encoding: .utf8))
    let list = try #require(report["installations"] as? [[String: Any]])
    let record = try #require(list.first { ($0["id"] as? String)?.hasPrefix("at\(version)") == true })
    let failure = record["error"] as? [String: Any] ?? [:]
    return (failure["code"] as? String ?? "none: \(record)", failure["message"] as? String ?? "")
  }

  /// The differences in the report that `drift --format json` printed.
  func differences(in run: ProgramResult) throws -> [(kind: String, severity: String, actual: String)] {
    let report = try folder.report(run.output)
    let list = try #require(report["installations"] as? [[String: Any]])
    return list.flatMap { $0["drift"] as? [[String: Any]] ?? [] }.map { difference in
      let text = { (key: String) in difference[key] as? String ?? "" }
      return (text("kind"), text("severity"), text("actual"))
    }
  }

  /// The backups that have their names.
  var backups: [String] {
    let files = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasPrefix(".flotilla/backups/") && $0.hasSuffix(".sqlite") }
  }
}
