import Foundation
import SQLite
import TestSupport
import Testing

/// Many small installations at version 1, every other one in WAL mode, to be brought to version 3.
struct SmallFleet {
  let folder: TemporaryFolder
  let count: Int

  private static let tables = """
    CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE items (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), note TEXT);
    CREATE INDEX idx_items_parent ON items (parent);
    """

  private static let content = """
    CREATE TABLE schema_migrations (
      version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
    INSERT INTO schema_migrations (version, name) VALUES (1, 'create_tables');
    INSERT INTO parents (id, name) VALUES (1, 'one'), (2, 'two'), (3, 'three');
    INSERT INTO items (parent, note)
    WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ROWS)
    SELECT i % 3 + 1, 'note ' || i FROM c;
    """

  private static let rebuild = """
    CREATE TABLE new_items (
      id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id) ON DELETE CASCADE, note TEXT);
    INSERT INTO new_items (id, parent, note) SELECT id, parent, note FROM items ORDER BY id;
    DROP TABLE items;
    ALTER TABLE new_items RENAME TO items;
    CREATE INDEX idx_items_parent ON items (parent);
    -- @expect foreign key items.parent on delete cascade
    """

  /// Makes the fleet in a folder of its own.
  ///
  /// - Parameters:
  ///   - count: how many installations.
  ///   - rows: rows of each.
  ///   - slow: how many times a migration counts up by one; a million take about a third of a second.
  ///   - extra: more lines of fleet.yml.
  /// - Throws: what keeps a file from being written.
  init(_ count: Int, rows: Int = 200, slow: Int = 0, extra: String = "") throws {
    folder = try TemporaryFolder()
    self.count = count
    let sql = Self.tables + Self.content.replacing("ROWS", with: "\(rows)")
    for mode in ["DELETE", "WAL"] {
      try folder.database("\(mode).template", "PRAGMA journal_mode=\(mode);" + sql)
    }
    try migration("0001_create_tables.sql", Self.tables)
    try migration(
      "0002_add_age.sql",
      "ALTER TABLE parents ADD COLUMN age INTEGER;"
        + (slow > 0 ? Self.delay.replacing("TIMES", with: "\(slow)") : ""))
    try migration("0003_add_cascade.sql", Self.rebuild)
    try configure(extra)
    try reset()
  }

  private static let delay = """

    -- @when query SELECT count(*) > 0 FROM parents
    UPDATE parents SET age = (
      WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < TIMES) SELECT count(*) FROM c);
    """

  /// Writes fleet.yml anew, with `extra` at its end.
  func configure(_ extra: String, installations: String = "  - { files: db/*.sqlite }") throws {
    try folder.write(
      "fleet: small\nmigrations: migrations\ninstallations:\n\(installations)\n\(extra)\n", to: "fleet.yml")
  }

  func migration(_ name: String, _ sql: String) throws { try folder.write(sql, to: "migrations/\(name)") }

  /// Puts every installation back to version 1.
  func reset() throws {
    try? FileManager.default.removeItem(atPath: folder.file("db"))
    try FileManager.default.createDirectory(atPath: folder.file("db"), withIntermediateDirectories: true)
    for number in 0..<count {
      try FileManager.default.copyItem(atPath: template(number), toPath: path(number))
    }
  }

  func template(_ number: Int) -> String { folder.file(number % 2 == 0 ? "DELETE.template" : "WAL.template") }

  func path(_ number: Int) -> String {
    folder.file("db/i\(String(repeating: "0", count: 4 - "\(number)".count))\(number).sqlite")
  }

  var paths: [String] { (0..<count).map(path) }

  func run(_ arguments: String..., environment: [String: String] = [:]) throws -> ProgramResult {
    try Program.run(arguments, in: folder.path, environment: environment)
  }

  func migrate(_ arguments: String...) throws -> ProgramResult {
    try Program.run(["migrate", "--yes", "--report", "report.json"] + arguments, in: folder.path)
  }

  /// The record of each installation in the report that `migrate` wrote, by id.
  func records() throws -> [String: [String: Any]] {
    let report = try folder.report(String(contentsOfFile: folder.file("report.json"), encoding: .utf8))
    let list = try #require(report["installations"] as? [[String: Any]])
    return Dictionary(list.map { ($0["id"] as? String ?? "", $0) }) { $1 }
  }

  /// The versions that a database records.
  static func versions(_ path: String) throws -> [Int64] {
    let database = try Connection(path: path, access: .readWrite)
    defer { database.close() }
    return try database.rows("SELECT version FROM schema_migrations ORDER BY version") { $0.int(0) }
  }

  static func change(_ path: String, _ sql: String) throws {
    let database = try Connection(path: path, access: .readWrite)
    defer { database.close() }
    try database.execute(sql)
  }

  func versions() throws -> [[Int64]] { try paths.map(Self.versions) }

  /// The backups that have their names.
  var backups: [String] {
    files.filter { $0.hasPrefix(".flotilla/backups/") && $0.hasSuffix(".sqlite") }
  }

  var files: [String] { (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? [] }
}
