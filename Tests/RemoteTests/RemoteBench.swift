import Foundation
import Migrations
import Remote
import SQLite
import Schema
import TestSupport
import Testing
import Upgrade

@testable import Fleet

/// Who does the work.
enum Place: String, CaseIterable, Sendable, CustomTestStringConvertible {
  /// This process.
  case local
  /// An agent, through a real sshd.
  case ssh

  var testDescription: String { rawValue }
}

/// One database at version 1, with migrations and options of its own, and a worker here or on a host.
final class RemoteBench {
  let folder: TemporaryFolder
  let path: String
  let place: Place
  var options = UpgradeOptions()
  /// Where the migrations are, where they aren't this bench's own.
  var inventory: String?
  private var pool: HostPool?
  private var server: SSHServer?
  private var known: (any Worker)?

  /// The folder that the test bundle is in.
  static let buildFolder: String = {
    var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    for _ in 0..<4 where !FileManager.default.isExecutableFile(atPath: folder.path + "/flotilla-agent") {
      folder.deleteLastPathComponent()
    }
    return folder.path
  }()

  static let first = """
    CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), note TEXT);
    CREATE INDEX idx_children_parent ON children (parent);
    """
  static let rest = """
    CREATE TABLE schema_migrations (
      version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
    INSERT INTO schema_migrations (version, name) VALUES (1, 'create_tables');
    INSERT INTO parents (id, name) VALUES (1, 'one'), (2, 'two'), (3, 'three');
    INSERT INTO children (id, parent, note) VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c'), (4, NULL, 'd');
    """
  /// A second migration that is well.
  static let second = """
    CREATE TABLE new_children (
      id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id) ON DELETE CASCADE, note TEXT);
    INSERT INTO new_children (id, parent, note) SELECT id, parent, note FROM children ORDER BY id;
    DROP TABLE children;
    ALTER TABLE new_children RENAME TO children;
    CREATE INDEX idx_children_parent ON children (parent);
    """

  /// Makes the database; `second` is the migration to version 2.
  init(_ place: Place, settings: String = "", second: String = second) throws {
    self.place = place
    folder = try TemporaryFolder()
    path = try folder.database("db.sqlite", settings + Self.first + Self.rest)
    try folder.write(Self.first, to: "migrations/0001_create_tables.sql")
    try folder.write(second, to: "migrations/0002_change.sql")
  }

  deinit { pool?.close() }

  var backupPath: String { folder.file("backups/run/db.sqlite") }

  /// The worker; made at its first use.
  func worker() throws -> any Worker {
    if let known { return known }
    let set: MigrationSet
    if let inventory {
      set = try MigrationSet.load(
        folder: inventory + "/migrations", baseline: inventory + "/baseline.sql",
        schema: inventory + "/schema.sql")
    } else {
      set = try MigrationSet.load(folder: folder.file("migrations"), baseline: nil)
    }
    let worker: any Worker
    switch place {
    case .local: worker = LocalWorker(set, ExpectedSchema(set, ignoring: options.ignored), options)
    case .ssh:
      let server = try SSHServer(agent: Self.buildFolder + "/flotilla-agent")
      self.server = server
      var settings = FleetFile.SSH()
      settings.options = ["-F", server.folder.file("ssh_config")]
      let hosts = HostPool(
        settings, try AgentProgram(beside: Self.buildFolder + "/flotilla"), set, options)
      pool = hosts
      worker = hosts.worker(for: Host("127.0.0.1", port: server.port))
    }
    known = worker
    return worker
  }

  func upgrade() throws -> Outcome { try worker().upgrade(path, backup: backupPath) }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.file(name)) }

  /// What is left of backups, with their folders.
  var left: [String] {
    ((try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []).filter {
      $0.hasPrefix("backups")
    }
  }

  func versions() throws -> [Int64] {
    let database = try Connection(path: path, access: .readOnly)
    defer { database.close() }
    return try database.rows("SELECT version FROM schema_migrations ORDER BY version") { $0.int(0) }
  }
}

extension Outcome {
  /// All its fields as JSON, without what differs from one run to the next: times, and the folder of the bench.
  func comparable(_ bench: RemoteBench) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(self), as: UTF8.self)
    return text.replacing(bench.folder.path, with: "FOLDER")
      .replacing(/"(milliseconds|backup|migrate|total)" : [0-9.e-]+/) { "\"\($0.1)\" : TIME" }
  }
}
