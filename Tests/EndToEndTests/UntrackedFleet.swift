import Foundation
import SQLite
import TestSupport
import Testing

/// Installations of an application that never recorded its migrations, every other one in WAL mode.
struct UntrackedFleet: FleetFolder {
  let folder: TemporaryFolder
  /// The version that each installation is at, by its number.
  let versions: [Int]

  /// What each version adds. No two versions have the same schema.
  static let migrations = [
    (
      "0001_create_tables.sql",
      """
      CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
      CREATE TABLE items (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), note TEXT);
      CREATE INDEX idx_items_parent ON items (parent);
      """
    ),
    (
      "0002_add_age.sql",
      "ALTER TABLE parents ADD COLUMN age INTEGER;\nCREATE INDEX idx_parents_age ON parents (age);"
    ),
    (
      "0003_add_cascade.sql",
      """
      CREATE TABLE new_items (
        id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id) ON DELETE CASCADE, note TEXT);
      INSERT INTO new_items (id, parent, note) SELECT id, parent, note FROM items ORDER BY id;
      DROP TABLE items;
      ALTER TABLE new_items RENAME TO items;
      CREATE INDEX idx_items_parent ON items (parent);
      """
    ),
    ("0004_add_view.sql", "CREATE VIEW old_parents AS SELECT name FROM parents WHERE age > 60;"),
    (
      "0005_add_tags.sql",
      """
      CREATE TABLE tags (id INTEGER PRIMARY KEY AUTOINCREMENT, tag TEXT UNIQUE);
      CREATE TRIGGER tag_items AFTER INSERT ON items BEGIN INSERT OR IGNORE INTO tags (tag) VALUES (NEW.note); END;
      """
    ),
  ]

  private static let rows = """
    INSERT INTO parents (id, name) VALUES (1, 'one'), (2, 'two'), (3, 'three');
    INSERT INTO items (parent, note)
    WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 200)
    SELECT i % 3 + 1, 'note ' || i FROM c;
    """

  /// Makes an installation at each of these versions, and fleet.yml with `extra` at its end.
  init(_ versions: [Int], extra: String = "") throws {
    folder = try TemporaryFolder()
    self.versions = versions
    for (name, sql) in Self.migrations { try folder.write(sql, to: "migrations/\(name)") }
    try configure(extra)
    try FileManager.default.createDirectory(atPath: folder.file("db"), withIntermediateDirectories: true)
    for (number, version) in versions.enumerated() { try make(number, at: version) }
  }

  func configure(_ extra: String) throws {
    try folder.write(
      "fleet: small\nmigrations: migrations\ninstallations:\n  - { files: db/*.sqlite }\n\(extra)\n",
      to: "fleet.yml")
  }

  /// Makes one installation anew, as its application would have, and runs `more` in it.
  func make(_ number: Int, at version: Int, _ more: String = "") throws {
    for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path(number) + ending) }
    // Without any table it would be an empty file.
    let sql = version == 0 ? ["CREATE TABLE a (b); DROP TABLE a;"] : Self.migrations.prefix(version).map(\.1)
    let mode = number % 2 == 0 ? "DELETE" : "WAL"
    let parts = ["PRAGMA journal_mode=\(mode);", sql[0], version == 0 ? "" : Self.rows]
    try folder.database(
      "db/\(id(number)).sqlite", (parts + sql.dropFirst() + [more]).joined(separator: "\n"))
  }

  func id(_ number: Int) -> String { number < 10 ? "i0\(number)" : "i\(number)" }
  func path(_ number: Int) -> String { folder.file("db/\(id(number)).sqlite") }
  var paths: [String] { versions.indices.map(path) }

  /// The versions that a database records; nil if it has no history.
  static func recorded(_ path: String) throws -> [Int64]? {
    let database = try Connection(path: path, access: .readWrite)
    defer { database.close() }
    guard
      try database.scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'")?.integer == 1
    else { return nil }
    return try database.rows("SELECT version FROM schema_migrations ORDER BY version") { $0.int(0) }
  }

  func recorded() throws -> [[Int64]?] { try paths.map(Self.recorded) }

  /// What an installation that is adopted records.
  static func full(_ version: Int) -> [Int64]? { (1...Int64(version)).map { $0 } }

  /// The schema and all rows of a database, except its history.
  static func content(_ path: String) throws -> [String] {
    try Content.dump(path).filter { !$0.contains("schema_migrations") }
  }
}
