import Foundation
import SQLite
import TestSupport

/// Installations at version 1, whose rows decide what the pending migrations do to them.
struct DataFleet {
  let folder: TemporaryFolder
  let count: Int

  static let tables = """
    CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, active INTEGER DEFAULT 1);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, user INTEGER, total INTEGER, state TEXT);
    CREATE TABLE codes (id INTEGER PRIMARY KEY, code TEXT);
    CREATE TABLE legacy (id INTEGER PRIMARY KEY, note TEXT);
    CREATE TABLE tags (id INTEGER PRIMARY KEY, label TEXT);
    """

  private static let content = """
    CREATE TABLE schema_migrations (
      version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
    INSERT INTO schema_migrations (version, name) VALUES (1, 'create_tables');
    INSERT INTO users (email) VALUES ('ann@example.org'), ('bob@example.org'), (NULL), (NULL);
    INSERT INTO users (email, active) VALUES ('ANN@example.org', 0);
    INSERT INTO orders (user, total, state) VALUES (1, 10, 'open'), (2, 20, 'paid'), (NULL, 5, NULL);
    INSERT INTO codes (code) VALUES ('12'), ('345'), (NULL), ('x1');
    INSERT INTO tags (label) VALUES ('red'), ('green');
    """

  /// Makes the installations, every other one in WAL mode, and no migration but the first.
  init(_ count: Int, content more: String = "") throws {
    self.count = count
    folder = try TemporaryFolder()
    for mode in ["DELETE", "WAL"] {
      try folder.database(
        "\(mode).template", "PRAGMA journal_mode=\(mode);" + Self.tables + Self.content + more)
    }
    try migration("0001_create_tables.sql", Self.tables)
    try configure()
    try FileManager.default.createDirectory(atPath: folder.file("db"), withIntermediateDirectories: true)
    for number in 0..<count {
      let template = folder.file(number % 2 == 0 ? "DELETE.template" : "WAL.template")
      try FileManager.default.copyItem(atPath: template, toPath: path(number))
    }
  }

  func configure(_ extra: String = "", installations: String = "  - { files: db/*.sqlite }") throws {
    try folder.write(
      "fleet: data\nmigrations: migrations\ninstallations:\n\(installations)\n\(extra)\n", to: "fleet.yml")
  }

  func migration(_ name: String, _ sql: String) throws { try folder.write(sql, to: "migrations/\(name)") }

  func id(_ number: Int) -> String { "i\(String(repeating: "0", count: 4 - "\(number)".count))\(number)" }

  func path(_ number: Int) -> String { folder.file("db/\(id(number)).sqlite") }

  func change(_ number: Int, _ sql: String) throws { try SmallFleet.change(path(number), sql) }

  /// What is in its folder, but for the templates.
  var files: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { !$0.hasSuffix(".template") }.sorted()
  }

  func run(_ arguments: String...) throws -> ProgramResult {
    try Program.run(arguments, in: folder.path)
  }

  /// The ids and statuses in the report of a `migrate`.
  func migrate() throws -> (result: ProgramResult, records: [String: [String: Any]]) {
    let result = try run("migrate", "--yes", "--max-failures", "100%", "--report", "report.json")
    let text = try String(contentsOfFile: folder.file("report.json"), encoding: .utf8)
    let report = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    let list = report?["installations"] as? [[String: Any]] ?? []
    return (result, Dictionary(list.map { ($0["id"] as? String ?? "", $0) }) { $1 })
  }
}
