import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing

@testable import Upgrade

/// The SQL that is offered runs, and mends what it says.
@Suite struct RepairTests {
  private func script(_ bench: OwnpremBench) throws -> [String] {
    let worker = try OwnpremBench.worker()
    let versions: [MigrationVersion] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1001]
    return Repair.script(
      for: worker.inspect(bench.path).drift, toward: try worker.inspector.expectedSchema.schema(of: versions))
  }

  private func mend(_ bench: OwnpremBench) throws -> [String] {
    let script = try script(bench)
    try Bench.change(bench.path, script.joined(separator: "\n"))
    return script
  }

  @Test(arguments: [
    "DROP INDEX idx_services_name;", "DROP TABLE mount_credentials;", "DROP TABLE used_backup_codes;",
    "DROP TABLE mounts; DROP TABLE mount_credentials;",
    "ALTER TABLE secrets DROP COLUMN rotated_at;", "ALTER TABLE servers DROP COLUMN is_core;",
    "DROP INDEX idx_deployments_group; ALTER TABLE deployments DROP COLUMN group_id;",
    "ALTER TABLE users DROP COLUMN totp_enabled; DROP INDEX idx_audit_log_resource;",
    "DROP INDEX idx_command_log_deployment; ALTER TABLE command_log DROP COLUMN payload;",
  ])
  func `what was dropped comes back`(sql: String) throws {
    let rows = """
      INSERT INTO servers (id, name) VALUES ('a', 'a');
      INSERT INTO app_registry (name, manifest) VALUES ('app', '{}');
      INSERT INTO deployments (id, server_id, app_name, version, config) VALUES ('d', 'a', 'app', '1', '{}');
      INSERT INTO secrets (deployment_id, data) VALUES ('d', 'x');
      INSERT INTO users (id, username, password_hash) VALUES ('u', 'u', 'u');
      """
    let bench = try OwnpremBench({ "\($0)\n\(rows)\nPRAGMA foreign_keys=OFF; \(sql)" })
    #expect(try bench.findings() != [])
    let script = try mend(bench)
    #expect(try bench.findings() == [], "\(script)")
  }

  @Test func `views and triggers come back in the order in which they run`() throws {
    let sql = """
      CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
      CREATE INDEX i ON t (a);
      CREATE VIEW v AS SELECT id, a FROM t -- all of it
      ;
      CREATE TRIGGER r INSTEAD OF DELETE ON v BEGIN DELETE FROM t WHERE id = old.id; END;
      CREATE TRIGGER s AFTER DELETE ON t BEGIN SELECT ';'; END;
      """
    for dropped in ["DROP VIEW v;", "DROP TRIGGER s;", "DROP VIEW v; DROP TABLE t;", "DROP TRIGGER r;"] {
      let bench = try Bench(more: sql + dropped)
      try bench.migration("0001_create_tables.sql", Bench.first + sql)
      let worker = try bench.worker()
      let toward = try worker.inspector.expectedSchema.schema(of: [1])
      let script = Repair.script(for: worker.inspect(bench.path).drift, toward: toward)
      try bench.change(script.joined(separator: "\n"))
      #expect(worker.inspect(bench.path).drift == [], "\(dropped) \(script)")
    }
  }

  @Test(arguments: [
    ("a INT CHECK (a > 0)", true), ("a INT CHECK (a IS NULL OR a IS NOT NULL)", true),
    ("a INT NOT NULL CHECK (CAST(a AS TEXT) <> '')", false), ("\"default\" INT, a INT", true),
    ("a TEXT DEFAULT 'it''s' COLLATE NOCASE", true),
    ("a INT NOT NULL DEFAULT -5", true), ("a INT REFERENCES parents (id) ON DELETE SET NULL", true),
    ("a TEXT AS (upper(note)) VIRTUAL", true), ("\"a\" VARCHAR (10) -- text\n DEFAULT NULL", true),
    ("a INT NOT NULL", false), ("a INT UNIQUE", false), ("a TEXT AS (upper(note)) STORED", false),
    ("a DEFAULT CURRENT_TIMESTAMP", false), ("a DEFAULT (1 + 1)", false),
    ("a INT DEFAULT 1 REFERENCES parents (id)", false),
  ])
  func `a column is added where SQLite can, and else there is a comment`(column: String, isSafe: Bool) throws
  {
    let bench = try Bench()
    try bench.migration(
      "0001_create_tables.sql",
      Bench.first.replacing("note TEXT)", with: "note TEXT, \(column)\n)")
        + "CREATE INDEX idx_a ON children (note, a);")
    let worker = try bench.worker()
    let script = Repair.script(
      for: worker.inspect(bench.path).drift, toward: try worker.inspector.expectedSchema.schema(of: [1]))
    #expect(script.contains { !$0.hasPrefix("--") } == isSafe, "\(script)")
    #expect(
      script.allSatisfy { $0.hasPrefix("-- version 1 ") || !isSafe || !$0.hasPrefix("--") }, "\(script)")
    try bench.change("PRAGMA foreign_keys=ON;" + script.joined(separator: "\n"))
    #expect(
      (worker.inspect(bench.path).drift == []) == isSafe, "\(worker.inspect(bench.path).drift) \(script)")
    #expect(try Content.value("SELECT count(*) FROM children", at: bench.path) == 4)
  }

  @Test func `what has no safe repair is a comment on one line`() throws {
    let bench = try OwnpremBench({
      $0 + """
        ALTER TABLE users ADD COLUMN role TEXT; CREATE TABLE "odd
        name" (a); DROP INDEX idx_audit_log_user; CREATE INDEX idx_audit_log_user ON audit_log (action);
        DELETE FROM schema_migrations WHERE version = 9;
        """
    })
    let script = try script(bench)
    #expect(script.count == 4 && script.allSatisfy { $0.hasPrefix("-- ") && !$0.contains("\n") }, "\(script)")
    #expect(
      script.contains(
        "-- column users.role is unexpected: no safe repair, taking it away could lose data"))
  }

  @Test func `the installation that the application left half-done gets what can be added`() throws {
    let bench = try OwnpremBench(fixture: "drifted-6")
    let script = try mend(bench)
    #expect(script.contains { $0.hasPrefix("CREATE INDEX idx_refresh_tokens_family ON refresh_tokens") })
    #expect(script.contains { $0.hasPrefix("-- column refresh_tokens.issued_at is missing: no safe repair") })
    #expect(
      try bench.differences().filter { $0.objectKind != nil }.map(\.object) == ["refresh_tokens.issued_at"])
  }
}
