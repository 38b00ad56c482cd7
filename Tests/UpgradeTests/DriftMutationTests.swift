import Schema
import Testing

/// A single change of an installation is found as what it is, and nothing else is reported.
@Suite struct DriftMutationTests {
  private func check(_ change: Alteration) throws {
    #expect(try OwnpremBench(change.apply).findings() == change.findings)
  }

  @Test func `an installation that was migrated has no drift`() throws {
    #expect(try OwnpremBench().findings() == [])
  }

  @Test(arguments: [
    Alteration("column_type_changed servers.host", in: "servers", "host TEXT", "host JSON"),
    Alteration("column_type_changed services.port", in: "services", "port INTEGER", "port INT"),
    Alteration(
      "column_not_null_changed users.password_hash", in: "users", "password_hash TEXT NOT NULL",
      "password_hash TEXT"),
    Alteration(
      "column_not_null_changed users.totp_secret", in: "users", "totp_secret TEXT",
      "totp_secret TEXT NOT NULL"),
    Alteration("column_default_changed servers.is_core", in: "servers", "DEFAULT FALSE", "DEFAULT TRUE"),
    Alteration("column_default_changed servers.agent_status", in: "servers", "'offline'", "'Offline'"),
    Alteration(
      "column_default_changed users.created_at", in: "users",
      "created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
      "created_at TIMESTAMP"),
    Alteration(
      "column_default_changed users.backup_codes", in: "users", "backup_codes TEXT",
      "backup_codes TEXT DEFAULT ''"),
    Alteration(
      "column_collation_changed servers.host", in: "servers", "host TEXT", "host TEXT COLLATE NOCASE"),
    Alteration(
      "column_generated_changed users.totp_secret", in: "users", "totp_secret TEXT",
      "totp_secret TEXT AS (upper(username)) VIRTUAL"),
    Alteration("column_missing servers.metrics", in: "servers", "metrics JSON,", ""),
    Alteration("column_unexpected users.notes", more: "ALTER TABLE users ADD COLUMN notes TEXT;"),
    Alteration(
      "primary_key_changed user_groups", in: "user_groups", "PRIMARY KEY (user_id, group_id)",
      "PRIMARY KEY (group_id, user_id)"),
    Alteration(
      "primary_key_changed system_settings", in: "system_settings", "key TEXT PRIMARY KEY", "key TEXT"),
    Alteration(
      "table_options_changed audit_log", in: "audit_log", "PRIMARY KEY AUTOINCREMENT", "PRIMARY KEY"),
    Alteration(
      "table_options_changed user_groups", in: "user_groups", "PRIMARY KEY (user_id, group_id)\n)",
      "PRIMARY KEY (user_id, group_id)\n) WITHOUT ROWID"),
    // SQLite makes the key of such a table NOT NULL, and that is a change too.
    Alteration(
      "column_not_null_changed system_settings.key", "table_options_changed system_settings",
      more: """
        DROP TABLE system_settings; CREATE TABLE system_settings (key TEXT PRIMARY KEY, value TEXT NOT NULL,
        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP) WITHOUT ROWID;
        """),
    Alteration(
      "foreign_key_changed services.deployment_id", in: "services",
      "REFERENCES deployments (id) ON DELETE CASCADE", "REFERENCES deployments (id)"),
    Alteration(
      "foreign_key_changed deployments.group_id", in: "deployments", "ON DELETE SET NULL", "ON DELETE CASCADE"
    ),
    Alteration(
      "foreign_key_changed secrets.deployment_id", in: "secrets", "ON DELETE CASCADE",
      "ON DELETE CASCADE ON UPDATE CASCADE"),
    Alteration(
      "foreign_key_changed mount_credentials.mount_id", in: "mount_credentials", "REFERENCES mounts",
      "REFERENCES servers"),
    Alteration(
      "foreign_key_changed proxy_routes.deployment_id", in: "proxy_routes", "ON DELETE CASCADE",
      "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"),
    Alteration(
      "foreign_key_missing deployments.app_name", in: "deployments", "REFERENCES app_registry (name)", ""),
    Alteration(
      "foreign_key_unexpected audit_log.user_id", in: "audit_log", "user_id TEXT",
      "user_id TEXT REFERENCES users (id)"),
    Alteration(
      "unique_missing users (username)", in: "users", "username TEXT NOT NULL UNIQUE",
      "username TEXT NOT NULL"),
    Alteration(
      "unique_missing services (deployment_id, service_name)", in: "services",
      ",\n    UNIQUE (deployment_id, service_name)", ""),
    Alteration("unique_unexpected servers (host)", in: "servers", "host TEXT", "host TEXT UNIQUE"),
    Alteration("unique_changed groups (name)", in: "groups", "UNIQUE", "UNIQUE ON CONFLICT IGNORE"),
    Alteration(
      "check_unexpected services (port > 0)", in: "services", "port INTEGER NOT NULL",
      "port INTEGER NOT NULL CHECK (port > 0)"),
    Alteration("index_missing idx_services_name", more: "DROP INDEX idx_services_name;"),
    Alteration("index_changed idx_audit_log_user", in: "idx_audit_log_user", "(user_id)", "(user_id DESC)"),
    Alteration(
      "index_changed idx_audit_log_action", in: "idx_audit_log_action", "(action)",
      "(action) WHERE action <> ''"),
    Alteration(
      "index_changed idx_audit_log_user",
      more: "DROP INDEX idx_audit_log_user; CREATE UNIQUE INDEX idx_audit_log_user ON audit_log (user_id);"),
    Alteration(
      "index_unexpected idx_users_admin", more: "CREATE INDEX idx_users_admin ON users (is_system_admin);"),
    Alteration("table_missing mount_credentials", more: "DROP TABLE mount_credentials;"),
    Alteration(
      "table_unexpected extra", more: "CREATE TABLE extra (id INTEGER PRIMARY KEY, x UNIQUE CHECK (x > 0));"),
    Alteration("view_unexpected admins", more: "CREATE VIEW admins AS SELECT id FROM users;"),
    Alteration("trigger_unexpected tr", more: "CREATE TRIGGER tr AFTER DELETE ON users BEGIN SELECT 1; END;"),
    Alteration("table_unexpected texts", more: "CREATE VIRTUAL TABLE texts USING fts5 (body);"),
    Alteration(
      "column_type_changed schema_migrations.applied_at", in: "schema_migrations", "TIMESTAMP DEFAULT",
      "TEXT DEFAULT"),
    Alteration(
      "migration_renamed 4", more: "UPDATE schema_migrations SET name = 'add_flags' WHERE version = 4;"),
    Alteration("migration_renamed 4", more: "UPDATE schema_migrations SET name = '' WHERE version = 4;"),
    Alteration(
      "history_ahead 10", more: "INSERT INTO schema_migrations (version, name) VALUES (10, 'next');"),
    Alteration(
      "history_ahead 2001", "history_gap 4",
      more:
        "INSERT INTO schema_migrations (version, name) VALUES (2001, 'x'); DELETE FROM schema_migrations WHERE version = 4;"
    ),
    Alteration("history_gap 9", more: "DELETE FROM schema_migrations WHERE version = 9;"),
    Alteration(
      "history_out_of_order 3",
      more: "UPDATE schema_migrations SET applied_at = '2039-01-01 00:00:00' WHERE version = 3;"),
  ])
  func `a single change is found and nothing else`(change: Alteration) throws { try check(change) }

  @Test(arguments: [
    Alteration(
      "recorded_not_present 6", "index_missing idx_refresh_tokens_family",
      more: "DROP INDEX idx_refresh_tokens_family;"),
    Alteration(
      "recorded_not_present 1", "column_missing secrets.rotated_at",
      more: "ALTER TABLE secrets DROP COLUMN rotated_at;"),
    Alteration(
      "recorded_not_present 5", "table_missing used_backup_codes", more: "DROP TABLE used_backup_codes;"),
    Alteration(
      "recorded_not_present 8", "foreign_key_changed services.server_id", in: "services",
      "REFERENCES servers (id) ON DELETE CASCADE", "REFERENCES servers (id)"),
    Alteration(
      "history_gap 3", "present_not_recorded 3", "column_unexpected servers.network_info",
      more: "DELETE FROM schema_migrations WHERE version = 3;"),
    // Without version 5 the indexes of 1001 can't be made, so the comparison is with a history that has no gap.
    Alteration(
      "history_gap 5",
      more: "DELETE FROM schema_migrations WHERE version = 5;"),
    Alteration(
      "history_gap 8", "present_not_recorded 8", "foreign_key_changed services.server_id",
      more: "DELETE FROM schema_migrations WHERE version = 8;"),
  ])
  func `a change that is a migration's is found with a summary of its version`(change: Alteration) throws {
    let differences = try OwnpremBench(change.apply).differences()
    #expect(differences.map { "\($0.kind) \($0.object)" } == change.findings)
    #expect(Set(differences.map(\.version)).count == 1, "\(differences)")
    #expect(differences.allSatisfy { $0.version != nil && $0.severity == .error })
  }

  @Test(arguments: [
    Alteration(harmless: "servers", [("id TEXT PRIMARY KEY", "\"id\" text primary key")]),
    Alteration(
      harmless: "servers", [("name TEXT NOT NULL UNIQUE", "[name] TEXT CONSTRAINT a UNIQUE NOT NULL")]),
    Alteration(harmless: "servers", [("is_core BOOLEAN DEFAULT FALSE", "is_core BOOLEAN DEFAULT 0")]),
    Alteration(harmless: "servers", [("host TEXT", "/* where */ host -- its name\n   TEXT DEFAULT NULL")]),
    Alteration(harmless: "servers", [("host TEXT", "Host  text  COLLATE binary NULL")]),
    Alteration(harmless: "servers", [("TABLE servers (", "TABLE `servers`\t(")]),
    Alteration(
      harmless: "servers",
      [("host TEXT,", ""), ("updated_at TIMESTAMP", "host TEXT,\n updated_at TIMESTAMP")]),
    Alteration(
      harmless: "users",
      [
        ("username TEXT NOT NULL UNIQUE", "username TEXT NOT NULL"),
        (
          "last_login_at TIMESTAMP", "last_login_at TIMESTAMP, UNIQUE (username)"
        ),
      ]),
    Alteration(
      harmless: "users",
      [
        ("id TEXT PRIMARY KEY,", "id TEXT,"),
        ("last_login_at TIMESTAMP", "last_login_at TIMESTAMP, PRIMARY KEY (id)"),
      ]),
    Alteration(
      harmless: "secrets",
      [
        (
          "deployment_id TEXT PRIMARY KEY REFERENCES deployments (id)",
          "deployment_id TEXT PRIMARY KEY REFERENCES deployments"
        )
      ]),
    Alteration(
      harmless: "secrets",
      [
        (" REFERENCES deployments (id) ON DELETE CASCADE", ""),
        (
          "rotated_at TIMESTAMP",
          "rotated_at TIMESTAMP, FOREIGN KEY (deployment_id) REFERENCES Deployments (ID) ON UPDATE NO ACTION ON DELETE CASCADE"
        ),
      ]),
    Alteration(harmless: "secrets", [("ON DELETE CASCADE", "ON DELETE CASCADE NOT DEFERRABLE")]),
    Alteration(harmless: "idx_services_name", [("(service_name)", "(\"service_name\" ASC)")]),
    Alteration(
      harmless: "",
      more:
        "DROP INDEX idx_services_name; create index main.IDX_services_name on Services(service_name collate binary);"
    ),
    Alteration(
      harmless: "",
      more: "ALTER TABLE secrets DROP COLUMN rotated_at; ALTER TABLE secrets ADD COLUMN rotated_at TIMESTAMP;"
    ),
    Alteration(harmless: "", more: "ALTER TABLE mounts RENAME TO x; ALTER TABLE x RENAME TO mounts;"),
    Alteration(
      harmless: "", more: "CREATE TABLE store_more (id INTEGER PRIMARY KEY AUTOINCREMENT, a UNIQUE);"),
    Alteration(
      harmless: "", more: "DROP TABLE IF EXISTS store_registries; DROP TABLE IF EXISTS store_app_cache;"),
    Alteration(harmless: "", more: "INSERT INTO audit_log (action) VALUES ('login'); ANALYZE;"),
    Alteration(harmless: "", more: "PRAGMA user_version = 9; PRAGMA application_id = 7;"),
    Alteration(harmless: "", more: "UPDATE schema_migrations SET applied_at = '2026-01-01 00:00:00';"),
    Alteration(harmless: "", more: "UPDATE schema_migrations SET applied_at = NULL WHERE version = 3;"),
  ])
  func `a rewrite that means the same is not reported`(change: Alteration) throws { try check(change) }
}
