import SQLite
import Schema
import TestSupport
import Testing

@Suite struct MutationTests {
  func check(_ change: Change, _ base: String) throws {
    let sql = try #require(change.applied(to: base))
    let expected = try Rich.schema(base)
    let actual = try Rich.schema(sql)
    #expect(expected.fingerprint != actual.fingerprint)
    let found = expected.differences(in: actual)
    #expect(found.map { "\($0.kind) \($0.object)" }.joined(separator: ", ") == change.expected)
    let back = actual.differences(in: expected)
    #expect(
      back.count == found.count
        && back.first?.object.folded == expected.differences(in: actual).first?.object.folded)
  }

  @Test(arguments: [
    Change("table_missing mount_credentials", more: "DROP TABLE mount_credentials"),
    Change(
      "table_unexpected extra",
      more: "CREATE TABLE extra (id PRIMARY KEY, name UNIQUE, b CHECK (b > 0) REFERENCES users)"),
    Change(
      "column_missing refresh_tokens.issued_at", ",\n    issued_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP", ""),
    Change("column_unexpected users.notes", more: "ALTER TABLE users ADD COLUMN notes TEXT"),
    Change("column_type_changed servers.host", "host TEXT,", "host JSON,"),
    Change(
      "column_not_null_changed servers.name", "name TEXT NOT NULL UNIQUE,\n    host",
      "name TEXT UNIQUE,\n    host"),
    Change(
      "column_default_changed servers.is_core", "is_core BOOLEAN DEFAULT FALSE",
      "is_core BOOLEAN DEFAULT TRUE"),
    Change("column_default_changed servers.agent_status", "DEFAULT 'offline'", "DEFAULT 'OFFLINE'"),
    Change(
      "column_default_changed servers.last_seen", "last_seen TIMESTAMP",
      "last_seen TIMESTAMP DEFAULT CURRENT_TIMESTAMP"),
    Change(
      "unique_missing servers (name)", "name TEXT NOT NULL UNIQUE,\n    host", "name TEXT NOT NULL,\n    host"
    ),
    Change(
      "unique_missing services (deployment_id, service_name)", ",\n    UNIQUE (deployment_id, service_name)",
      ""),
    Change(
      "foreign_key_missing services.server_id",
      "server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,\n    host",
      "server_id TEXT NOT NULL,\n    host"),
    Change(
      "foreign_key_changed services.server_id",
      "server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,\n    host",
      "server_id TEXT NOT NULL REFERENCES servers (id),\n    host"),
    Change("foreign_key_changed deployments.group_id", "ON DELETE SET NULL", "ON DELETE SET DEFAULT"),
    Change(
      "foreign_key_changed deployments.app_name", "REFERENCES app_registry (name)",
      "REFERENCES servers (name)"),
    Change(
      "foreign_key_unexpected audit_log.user_id", "user_id TEXT,\n    action",
      "user_id TEXT REFERENCES users (id),\n    action"),
    Change("index_missing idx_services_name", more: "DROP INDEX idx_services_name"),
    Change("index_changed idx_audit_log_user", "audit_log (user_id)", "audit_log (user_id DESC)"),
    Change("index_changed idx_audit_log_action", "audit_log (action)", "audit_log (user_id)"),
    Change(
      "index_changed idx_audit_log_resource", "(resource_type, resource_id)", "(resource_id, resource_type)"),
    Change(
      "index_changed idx_agent_tokens_hash", "CREATE INDEX IF NOT EXISTS idx_agent_tokens_hash",
      "CREATE UNIQUE INDEX idx_agent_tokens_hash"),
    Change(
      "index_unexpected idx_users_admin", more: "CREATE INDEX idx_users_admin ON users (is_system_admin)"),
    Change(
      "table_options_changed used_backup_codes", "id INTEGER PRIMARY KEY AUTOINCREMENT",
      "id INTEGER PRIMARY KEY"),
    Change(
      "primary_key_changed user_groups", "PRIMARY KEY (user_id, group_id)", "PRIMARY KEY (group_id, user_id)"),
    Change("primary_key_changed system_settings", "key TEXT PRIMARY KEY", "key TEXT"),
    Change("view_unexpected admins", more: "CREATE VIEW admins AS SELECT id FROM users"),
    Change("trigger_unexpected tr", more: "CREATE TRIGGER tr AFTER DELETE ON users BEGIN SELECT 1; END"),
    Change(
      "check_unexpected mounts (name != '')", "name TEXT NOT NULL UNIQUE,\n    mount_type",
      "name TEXT NOT NULL UNIQUE CHECK (name <> ''),\n    mount_type"),
  ])
  func `a single change of the Ownprem schema is found and is one difference`(change: Change) throws {
    try check(change, Repository.text("inventory/ownprem/schema.sql"))
  }

  @Test(arguments: [
    Change("table_missing odd name", more: "DROP TABLE \"odd name\""),
    Change("table_options_changed country", ") WITHOUT ROWID", ")"),
    Change("table_options_changed city", ") STRICT", ")"),
    Change("primary_key_changed city", "PRIMARY KEY (country, number)", "PRIMARY KEY (country, number DESC)"),
    Change(
      "primary_key_changed city", "PRIMARY KEY (country, number)",
      "PRIMARY KEY (country COLLATE NOCASE, number)"),
    Change(
      "primary_key_changed city", "PRIMARY KEY (country, number)",
      "PRIMARY KEY (country, number) ON CONFLICT REPLACE"),
    Change("table_options_changed person", "PRIMARY KEY AUTOINCREMENT", "PRIMARY KEY"),
    Change(
      "primary_key_changed person, table_options_changed person", "PRIMARY KEY AUTOINCREMENT",
      "PRIMARY KEY DESC"),
    Change(
      "column_collation_changed country.code", "code TEXT NOT NULL COLLATE NOCASE",
      "code TEXT NOT NULL COLLATE RTRIM"),
    Change("column_default_changed country.area", "DEFAULT 1.5", "DEFAULT 2.5"),
    Change("column_not_null_changed city.number", "NOT NULL ON CONFLICT ROLLBACK", "NOT NULL"),
    Change(
      "column_not_null_changed city.number", "NOT NULL ON CONFLICT ROLLBACK", "NOT NULL ON CONFLICT FAIL"),
    Change("column_default_changed city.name", "DEFAULT 'Nowhere'", "DEFAULT ''"),
    Change("column_default_changed city.name", "DEFAULT 'Nowhere'", "DEFAULT 'nowhere'"),
    Change("column_default_changed city.founded", "DEFAULT (1000 + 500)", "DEFAULT (1000 + 501)"),
    Change("column_type_changed city.founded", "founded INT ", "founded INTEGER "),
    Change("column_generated_changed city.label", "AS (upper(name)) VIRTUAL", "AS (lower(name)) VIRTUAL"),
    Change("column_generated_changed city.label", "AS (upper(name)) VIRTUAL", "AS (upper(name)) STORED"),
    Change("column_generated_changed city.size", "size INTEGER AS (length(name)) STORED", "size INTEGER"),
    Change("column_default_changed person.active", "DEFAULT TRUE", "DEFAULT 0"),
    Change("column_default_changed person.active", "BOOLEAN DEFAULT TRUE", "BOOLEAN"),
    Change("column_type_changed odd name.price", "DECIMAL(10, 2)", "DECIMAL(10, 3)"),
    Change("column_type_changed odd name.a column", "VARCHAR(10)", "VARCHAR(11)"),
    Change("unique_changed country (name)", "UNIQUE ON CONFLICT IGNORE", "UNIQUE"),
    Change("unique_changed country (name)", "UNIQUE ON CONFLICT IGNORE", "UNIQUE ON CONFLICT FAIL"),
    Change("unique_missing city (name, founded)", "UNIQUE (name, founded),", ""),
    Change("check_missing country (length ( code ) = 2)", " CHECK (length(code) = 2)", ""),
    Change("check_missing city (name != 'none')", ",\n  CONSTRAINT named CHECK (name <> 'none')", ""),
    Change("check_changed city (name != 'none')", "'none')", "'NONE')"),
    Change("foreign_key_changed city.country", "ON DELETE RESTRICT ", ""),
    Change("foreign_key_changed city.country", " ON UPDATE CASCADE", ""),
    Change(
      "foreign_key_changed person.boss", "DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE INITIALLY IMMEDIATE"),
    Change("foreign_key_changed person.boss", "DEFERRABLE INITIALLY DEFERRED", ""),
    Change("foreign_key_changed person.(country, number)", "ON DELETE SET NULL\n", "\n"),
    Change(
      "foreign_key_changed person.(country, number)", "city (country, number)", "city (number, country)"),
    Change(
      "foreign_key_missing person.(country, number)",
      ",\n  FOREIGN KEY (country, number) REFERENCES city (country, number) ON DELETE SET NULL", ""),
    Change("index_changed person_mail", "AND active", "AND NOT active"),
    Change("index_changed person_mail", " WHERE mail IS NOT NULL AND active", ""),
    Change("index_changed person_mail", "UNIQUE INDEX", "INDEX"),
    Change("index_changed person_lower", "lower(mail)", "upper(mail)"),
    Change("index_changed person_lower", "lower(mail)", "lower(mail) COLLATE NOCASE"),
    Change("index_changed person_lower", "id DESC", "id"),
    Change("index_changed city_name", "name COLLATE BINARY", "name"),
    Change("index_changed city_name", "founded DESC", "founded"),
    Change("view_changed bosses", "boss IS NULL", "boss IS NOT NULL"),
    Change("view_missing bosses", more: "DROP VIEW bosses"),
    Change("trigger_changed person_gone", "AFTER DELETE", "BEFORE DELETE"),
    Change("trigger_changed person_gone", " WHEN old.active", ""),
    Change("trigger_changed person_gone", "THEN 'none'", "THEN 'None'"),
    Change("trigger_missing bosses_add", more: "DROP TRIGGER bosses_add"),
  ])
  func `a single change of a rich schema is found and is one difference`(change: Change) throws {
    try check(change, Rich.sql)
  }

  @Test func `a check that is another one is missing, and the other unexpected`() throws {
    let change = Change("", "length(code) = 2", "length(code) = 3")
    let actual = try Rich.schema(try #require(change.applied(to: Rich.sql)))
    #expect(
      try Rich.schema(Rich.sql).differences(in: actual).map(\.description) == [
        "check country (length ( code ) = 2) is missing", "check country (length ( code ) = 3) is unexpected",
      ])
  }

  @Test func `what belongs to a missing table or view is not listed again`() throws {
    let change = Change("", more: "DROP VIEW bosses; DROP TABLE person")
    let actual = try Rich.schema(try #require(change.applied(to: Rich.sql)))
    #expect(
      try Rich.schema(Rich.sql).differences(in: actual).map(\.description) == [
        "table person is missing", "view bosses is missing",
      ])
  }
}
