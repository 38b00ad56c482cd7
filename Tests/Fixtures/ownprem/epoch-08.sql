-- Settings, and what is now migrations 1 and 2, came by schema.sql.
-- Made for tests: every row follows from its number, and some are orphans on purpose.

PRAGMA page_size = 2048;
PRAGMA journal_mode = WAL;
PRAGMA foreign_keys = OFF;
BEGIN;

-- The numbers that rows are made from; a temporary table is no part of the file.
CREATE TEMP TABLE n AS
WITH RECURSIVE counter (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counter WHERE i < 300) SELECT i FROM counter;

CREATE TABLE servers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    host TEXT,
    is_core BOOLEAN DEFAULT FALSE,
    agent_status TEXT DEFAULT 'offline',
    auth_token TEXT,
    metrics JSON,
    last_seen TIMESTAMP,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO servers (id, name, is_core, created_at, updated_at)
VALUES ('core', 'core', TRUE, '2026-01-01 00:00:00', '2026-01-01 00:00:00');

INSERT INTO servers (id, name, host, agent_status, metrics, created_at, updated_at)
SELECT printf('server-%02d', i), 'Rack ' || i || ' ☃', CASE WHEN i % 3 THEN '10.0.0.' || i END,
    CASE i % 2 WHEN 0 THEN 'online' ELSE 'offline' END,
    json_object('cpu', i / 8.0, 'disk', i * 1099511627776),
    datetime('2026-01-01', '+' || i || ' hours'),
    CASE WHEN i <> 4 THEN datetime('2026-01-01', '+' || (i * 2) || ' hours') END
FROM n WHERE i <= 8;

CREATE TABLE app_registry (
    name TEXT PRIMARY KEY,
    manifest JSON NOT NULL,
    loaded_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO app_registry (name, manifest, loaded_at)
SELECT printf('app-%02d', i), json_object('name', 'app-' || i, 'title', 'Bäckerei ' || i),
    datetime('2026-01-01', '+' || i || ' hours')
FROM n WHERE i <= 12;

CREATE TABLE deployments (
    id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    app_name TEXT NOT NULL REFERENCES app_registry (name),
    group_id TEXT REFERENCES groups (id) ON DELETE SET NULL,
    version TEXT NOT NULL,
    config JSON NOT NULL,
    status TEXT DEFAULT 'pending',
    status_message TEXT,
    tor_addresses JSON,
    installed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (server_id, app_name)
);

-- A third of the groups named here is missing.
INSERT INTO deployments (id, server_id, app_name, group_id, version, config, status, status_message,
    installed_at, updated_at)
SELECT printf('deployment-%02d', i),
    CASE WHEN i % 9 = 0 THEN 'core' ELSE printf('server-%02d', i % 9) END,
    printf('app-%02d', 1 + (i / 9) % 12),
    CASE i % 4 WHEN 0 THEN 'default' WHEN 1 THEN 'group-02' WHEN 2 THEN 'group-gone' END,
    '1.' || i || '.0', json_object('port', 8000 + i, 'note', ''),
    CASE i % 3 WHEN 0 THEN 'running' WHEN 1 THEN 'stopped' ELSE 'error' END,
    CASE WHEN i % 3 = 2 THEN 'exit ' || i END, datetime('2026-01-01', '+' || (i * 3) || ' hours'),
    datetime('2026-01-01', '+' || (i * 5) || ' hours')
FROM n WHERE i <= 36;

CREATE TABLE secrets (
    deployment_id TEXT PRIMARY KEY REFERENCES deployments (id) ON DELETE CASCADE,
    data TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    rotated_at TIMESTAMP
);

INSERT INTO secrets (deployment_id, data, created_at, rotated_at, updated_at)
SELECT printf('deployment-%02d', i * 2), hex('secret ' || i),
    CASE WHEN i % 6 THEN datetime('2026-01-01', '+' || i || ' hours') END,
    CASE WHEN i % 2 THEN datetime('2026-01-01', '+' || (i * 9) || ' hours') END, '2026-01-01 00:00:00'
FROM n WHERE i <= 15;

CREATE TABLE services (
    id TEXT PRIMARY KEY,
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    service_name TEXT NOT NULL,
    server_id TEXT NOT NULL REFERENCES servers (id),
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    tor_address TEXT,
    status TEXT DEFAULT 'available',
    UNIQUE (deployment_id, service_name)
);

-- Services 5, 15, 25 and 35 are on a server that is gone; service 8 has no deployment.
INSERT INTO services (id, deployment_id, service_name, server_id, host, port, tor_address, status)
SELECT printf('service-%02d', i),
    CASE WHEN i = 8 THEN 'deployment-gone' ELSE printf('deployment-%02d', 1 + i % 36) END,
    CASE i % 2 WHEN 0 THEN 'web' ELSE 'rpc' END || (i / 36),
    CASE WHEN i % 10 = 5 THEN 'server-gone' WHEN i % 7 = 0 THEN 'core'
        ELSE printf('server-%02d', 1 + i % 8) END,
    '10.0.0.' || i, 9000 + i, CASE WHEN i % 4 = 0 THEN 'v3-' || i || '.onion' END,
    CASE WHEN i % 11 THEN 'available' END
FROM n WHERE i <= 40;

CREATE TABLE service_routes (
    id TEXT PRIMARY KEY,
    service_id TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    route_type TEXT NOT NULL,
    external_path TEXT,
    external_port INTEGER,
    upstream_host TEXT NOT NULL,
    upstream_port INTEGER NOT NULL,
    active BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (external_path),
    UNIQUE (external_port)
);

-- Routes 57 to 60 had no service to begin with.
INSERT INTO service_routes (id, service_id, route_type, external_path, external_port, upstream_host,
    upstream_port, active, created_at)
SELECT printf('route-%02d', i),
    CASE WHEN i > 56 THEN 'service-gone' ELSE printf('service-%02d', 1 + (i - 1) % 40) END,
    CASE i % 2 WHEN 0 THEN 'http' ELSE 'tcp' END, CASE WHEN i % 2 = 0 THEN '/services/' || i END,
    CASE WHEN i % 2 = 1 THEN 50000 + i END, '127.0.0.1', 9000 + i, i % 3 > 0,
    datetime('2026-01-01', '+' || i || ' hours')
FROM n WHERE i <= 60;

CREATE TABLE proxy_routes (
    id TEXT PRIMARY KEY,
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    path TEXT NOT NULL UNIQUE,
    upstream TEXT NOT NULL,
    active BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO proxy_routes (id, deployment_id, path, upstream, active, created_at)
SELECT printf('proxy-%02d', i), printf('deployment-%02d', i * 3), '/apps/' || i,
    'http://127.0.0.1:' || (8000 + i), i <> 3, '2026-01-01 00:00:00'
FROM n WHERE i <= 8;

CREATE TABLE command_log (
    id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL,
    deployment_id TEXT,
    action TEXT NOT NULL,
    payload JSON,
    status TEXT,
    result_message TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    completed_at TIMESTAMP
);

-- One command in 23 ran on a server that is gone, one in 19 for a deployment that is gone, one in 6 for none.
INSERT INTO command_log (id, server_id, deployment_id, action, payload, status, result_message, created_at,
    completed_at)
SELECT printf('command-%03d', i),
    CASE WHEN i % 23 = 0 THEN 'server-gone' WHEN i % 7 = 0 THEN 'core'
        ELSE printf('server-%02d', 1 + i % 8) END,
    CASE WHEN i % 19 = 0 THEN 'deployment-gone' WHEN i % 6 THEN printf('deployment-%02d',
    1 + (i * 7) % 36) END,
    CASE i % 3 WHEN 0 THEN 'install' WHEN 1 THEN 'restart' ELSE 'backup' END, json_object('n', i),
    CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN 'error' ELSE 'success' END,
    CASE i % 4 WHEN 1 THEN 'échec ' || i WHEN 2 THEN '' END,
    datetime('2026-01-01', '+' || i || ' hours'),
    CASE WHEN i % 4 THEN datetime('2026-01-01', '+' || (i + 1) || ' hours') END
FROM n WHERE i <= 300;

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    is_system_admin BOOLEAN DEFAULT FALSE,
    totp_secret TEXT,
    totp_enabled BOOLEAN DEFAULT FALSE,
    backup_codes TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    last_login_at TIMESTAMP
);

INSERT INTO users (id, username, password_hash, is_system_admin, totp_secret, totp_enabled, created_at,
    updated_at)
SELECT printf('user-%02d', i), CASE i WHEN 1 THEN 'admin' ELSE 'user ' || i END, '$argon2id$' || i,
    i <= 2, CASE WHEN i % 3 = 0 THEN 'totp-' || i END, i % 3 = 0,
    datetime('2026-01-01', '+' || i || ' hours'), '2026-01-01 00:00:00'
FROM n WHERE i <= 8;

CREATE TABLE refresh_tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    expires_at TIMESTAMP NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    ip_address TEXT,
    user_agent TEXT,
    last_used_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- Nobody knows when every tenth token was created; user-09 is gone.
INSERT INTO refresh_tokens
    (id, user_id, token_hash, expires_at, created_at, ip_address, user_agent, last_used_at)
SELECT printf('token-%02d', i), printf('user-%02d', 1 + (i * 5) % 9), hex('token ' || i),
    datetime('2026-01-01', '+' || (9000 + i) || ' hours'),
    CASE WHEN i % 10 THEN datetime('2026-01-01', '+' || i || ' hours') END,
    CASE WHEN i % 4 THEN '192.168.1.' || i END, 'Browser/' || i,
    CASE WHEN i <> 7 THEN datetime('2026-01-01', '+' || (i * 4) || ' hours') END
FROM n WHERE i <= 25;

CREATE INDEX idx_refresh_tokens_user ON refresh_tokens (user_id);

CREATE TABLE groups (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT,
    totp_required BOOLEAN DEFAULT FALSE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO groups (id, name, description, created_at, updated_at)
VALUES ('default', 'Default', 'Default group for all users and apps', '2026-01-01 00:00:00',
    '2026-01-01 00:00:00');
INSERT INTO groups (id, name, totp_required, created_at, updated_at)
SELECT printf('group-%02d', i), 'Team ' || i, i % 2, '2026-01-01 00:00:00', '2026-01-01 00:00:00'
FROM n WHERE i <= 4;

CREATE TABLE user_groups (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    role TEXT NOT NULL DEFAULT 'viewer',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (user_id, group_id)
);

CREATE INDEX idx_user_groups_user ON user_groups (user_id);
CREATE INDEX idx_user_groups_group ON user_groups (group_id);

INSERT INTO user_groups (user_id, group_id, role, created_at)
SELECT printf('user-%02d', i), CASE WHEN i % 2 THEN 'default' ELSE printf('group-%02d', 1 + i % 4) END,
    CASE WHEN i <= 2 THEN 'admin' ELSE 'viewer' END, '2026-01-01 00:00:00'
FROM n WHERE i <= 8;

CREATE TABLE agent_tokens (
    id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    name TEXT,
    expires_at TIMESTAMP,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    last_used_at TIMESTAMP
);

CREATE INDEX idx_agent_tokens_server ON agent_tokens (server_id);
CREATE INDEX idx_agent_tokens_hash ON agent_tokens (token_hash);
CREATE INDEX idx_agent_tokens_expires ON agent_tokens (expires_at);

INSERT INTO agent_tokens (id, server_id, token_hash, name, created_at)
SELECT printf('agent-%02d', i), CASE WHEN i % 7 = 0 THEN 'core' ELSE printf('server-%02d', 1 + i % 8) END,
    hex('agent ' || i), 'agent ' || i, datetime('2026-01-01', '+' || i || ' hours')
FROM n WHERE i <= 8;

CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    user_id TEXT,
    action TEXT NOT NULL,
    resource_type TEXT,
    resource_id TEXT,
    ip_address TEXT,
    details JSON
);

INSERT INTO audit_log (timestamp, user_id, action, resource_type, resource_id, details)
SELECT datetime('2026-01-01', '+' || i || ' hours'), printf('user-%02d', 1 + (i * 5) % 9),
    CASE i % 3 WHEN 0 THEN 'login' WHEN 1 THEN 'deploy' ELSE 'logout' END,
    CASE WHEN i % 3 = 1 THEN 'server' END,
    CASE WHEN i % 3 = 1 THEN CASE WHEN i % 7 = 0 THEN 'core' ELSE printf('server-%02d', 1 + i % 8) END END,
    json_object('n', i)
FROM n WHERE i <= 300;

-- Old entries were pruned, so the highest number ever given is above those that are left.
DELETE FROM audit_log WHERE id > 290;

CREATE TABLE system_settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO system_settings (key, value, created_at, updated_at)
SELECT 'setting.' || i, json_array(i, ''), '2026-01-01 00:00:00', '2026-01-01 00:00:00'
FROM n WHERE i <= 6;

CREATE INDEX idx_services_name ON services (service_name);
CREATE INDEX idx_audit_log_timestamp ON audit_log (timestamp);
CREATE INDEX idx_audit_log_user ON audit_log (user_id);
CREATE INDEX idx_deployments_group ON deployments (group_id);
CREATE INDEX idx_service_routes_service ON service_routes (service_id);
CREATE INDEX idx_deployments_status ON deployments (status);
CREATE INDEX idx_command_log_status ON command_log (status);
CREATE INDEX idx_audit_log_action ON audit_log (action);

DROP TABLE temp.n;
COMMIT;
