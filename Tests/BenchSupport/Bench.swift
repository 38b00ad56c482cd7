internal import Foundation
package import Migrations
internal import SQLite
internal import Schema
package import TestSupport
package import Upgrade

/// One installation at version 1, with migrations and options of its own.
package final class Bench {
  package let folder: TemporaryFolder
  package let path: String
  package var options = UpgradeOptions()
  package var control = WorkControl()
  package var baseline: String?
  /// The folder of an inventory whose migrations are used instead of its own.
  package var inventory: String?

  /// What version 1 is; `parents` and `children` refer to each other by a foreign key.
  package static let first = """
    CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), note TEXT);
    CREATE INDEX idx_children_parent ON children (parent);
    """

  package static let recorded = """
    CREATE TABLE schema_migrations (
      version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
    INSERT INTO schema_migrations (version, name) VALUES (1, 'create_tables');
    """

  package static let rows = """
    INSERT INTO parents (id, name) VALUES (1, 'one'), (2, 'two'), (3, 'three');
    INSERT INTO children (id, parent, note) VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c'), (4, NULL, 'd');
    """

  /// Gives `children` a cascade, by the usual rebuild.
  package static let rebuild = """
    CREATE TABLE new_children (
      id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id) ON DELETE CASCADE, note TEXT);
    INSERT INTO new_children (id, parent, note) SELECT id, parent, note FROM children ORDER BY id;
    DROP TABLE children;
    ALTER TABLE new_children RENAME TO children;
    CREATE INDEX idx_children_parent ON children (parent);
    """

  /// Makes a database: settings, then version 1 with its rows, then `more`.
  package convenience init(settings: String = "", more: String = "") throws {
    try self.init(sql: "\(settings)\n\(Self.first)\n\(Self.recorded)\n\(Self.rows)\n\(more)")
    try migration("0001_create_tables.sql", Self.first)
  }

  /// Makes a database and no migration.
  package init(sql: String) throws {
    folder = try TemporaryFolder()
    path = try folder.database("db.sqlite", sql)
    try FileManager.default.createDirectory(
      atPath: folder.file("migrations"), withIntermediateDirectories: true)
  }

  package func migration(_ name: String, _ sql: String) throws {
    try folder.write(sql, to: "migrations/\(name)")
  }

  package var backupPath: String { folder.file("backup.sqlite") }

  /// The migrations: its own, or those of `inventory`.
  package func migrations() throws -> MigrationSet {
    guard let inventory else {
      return try MigrationSet.load(folder: folder.file("migrations"), baseline: baseline)
    }
    return try MigrationSet.load(
      folder: inventory + "/migrations", baseline: inventory + "/baseline.sql",
      schema: inventory + "/schema.sql")
  }

  package func worker() throws -> LocalWorker {
    let set = try migrations()
    return LocalWorker(set, ExpectedSchema(set, ignoring: options.ignored), options, control: control)
  }

  package func upgrade() throws -> Outcome { try worker().upgrade(path, backup: backupPath) }

  package func change(_ sql: String) throws { try Self.change(path, sql) }

  package static func change(_ path: String, _ sql: String) throws {
    let database = try Connection(path: path, access: .readWrite)
    try database.allowingVacuum { try database.executeScript(sql) }
    database.close()
  }

  package func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.file(name)) }

  package func versions() throws -> [Int64] {
    let database = try Connection(path: path, access: .readOnly)
    defer { database.close() }
    return try database.rows("SELECT version FROM schema_migrations ORDER BY version") { $0.int(0) }
  }
}
