-- Between 13 and 15: the common store tables are there, the old ones still are.
-- Made for tests: every row follows from its number, and some are orphans on purpose.

PRAGMA page_size = 1024;
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
    network_info JSON,
    last_seen TIMESTAMP,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO servers (id, name, is_core, created_at, updated_at)
VALUES ('core', 'core', TRUE, '2026-01-01 00:00:00', '2026-01-01 00:00:00');

INSERT INTO servers (id, name, host, agent_status, metrics, network_info, created_at, updated_at)
SELECT printf('server-%02d', i), 'Rack ' || i || ' ☃', CASE WHEN i % 3 THEN '10.0.0.' || i END,
    CASE i % 2 WHEN 0 THEN 'online' ELSE 'offline' END,
    json_object('cpu', i / 8.0, 'disk', i * 1099511627776), json_object('ip', '10.0.0.' || i),
    datetime('2026-01-01', '+' || i || ' hours'),
    CASE WHEN i <> 4 THEN datetime('2026-01-01', '+' || (i * 2) || ' hours') END
FROM n WHERE i <= 8;

CREATE TABLE app_registry (
    name TEXT PRIMARY KEY,
    manifest JSON NOT NULL,
    system BOOLEAN DEFAULT FALSE,
    mandatory BOOLEAN DEFAULT FALSE,
    singleton BOOLEAN DEFAULT FALSE,
    loaded_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO app_registry (name, manifest, system, mandatory, singleton, loaded_at)
SELECT printf('app-%02d', i), json_object('name', 'app-' || i, 'title', 'Bäckerei ' || i), i = 1, i <= 2,
    i % 5 = 0, datetime('2026-01-01', '+' || i || ' hours')
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
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
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
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    deployment_id TEXT REFERENCES deployments (id) ON DELETE CASCADE,
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
    last_used_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    family_id TEXT,
    issued_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- Nobody knows when every tenth token was created; user-09 is gone.
INSERT INTO refresh_tokens (id, user_id, token_hash, expires_at, created_at, ip_address, user_agent,
    last_used_at, family_id, issued_at)
SELECT printf('token-%02d', i), printf('user-%02d', 1 + (i * 5) % 9), hex('token ' || i),
    datetime('2026-01-01', '+' || (9000 + i) || ' hours'),
    CASE WHEN i % 10 THEN datetime('2026-01-01', '+' || i || ' hours') END,
    CASE WHEN i % 4 THEN '192.168.1.' || i END, 'Browser/' || i,
    CASE WHEN i <> 7 THEN datetime('2026-01-01', '+' || (i * 4) || ' hours') END,
    printf('family-%02d', 1 + i / 3), datetime('2026-01-01', '+' || (i * 2) || ' hours')
FROM n WHERE i <= 25;

CREATE INDEX idx_refresh_tokens_user ON refresh_tokens (user_id);

CREATE INDEX idx_refresh_tokens_family ON refresh_tokens (family_id);

CREATE TABLE used_backup_codes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    used_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (user_id, code_hash)
);
CREATE INDEX idx_used_backup_codes_user ON used_backup_codes (user_id);

INSERT INTO used_backup_codes (user_id, code_hash, used_at)
SELECT printf('user-%02d', 1 + i % 8), hex('code ' || i), datetime('2026-01-01', '+' || i || ' hours')
FROM n WHERE i <= 10;

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

CREATE TABLE mounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    mount_type TEXT NOT NULL,
    source TEXT NOT NULL,
    default_options TEXT,
    description TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE server_mounts (
    id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    mount_id TEXT NOT NULL REFERENCES mounts (id) ON DELETE CASCADE,
    mount_point TEXT NOT NULL,
    options TEXT,
    purpose TEXT,
    auto_mount BOOLEAN DEFAULT TRUE,
    status TEXT DEFAULT 'pending',
    status_message TEXT,
    last_checked TIMESTAMP,
    usage_bytes INTEGER,
    total_bytes INTEGER,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (server_id, mount_point)
);

CREATE TABLE mount_credentials (
    id TEXT PRIMARY KEY,
    mount_id TEXT NOT NULL REFERENCES mounts (id) ON DELETE CASCADE,
    data TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE certificates (
    id TEXT PRIMARY KEY,
    ca_deployment_id TEXT REFERENCES deployments (id) ON DELETE SET NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    subject_cn TEXT NOT NULL,
    subject_sans TEXT,
    cert_pem TEXT NOT NULL,
    key_encrypted TEXT NOT NULL,
    ca_cert_pem TEXT,
    serial_number TEXT NOT NULL UNIQUE,
    not_before TIMESTAMP NOT NULL,
    not_after TIMESTAMP NOT NULL,
    issued_to_server_id TEXT REFERENCES servers (id) ON DELETE SET NULL,
    issued_to_deployment_id TEXT REFERENCES deployments (id) ON DELETE SET NULL,
    revoked_at TIMESTAMP,
    revocation_reason TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE caddy_ha_config (
    id TEXT PRIMARY KEY,
    vip_address TEXT NOT NULL,
    vip_interface TEXT DEFAULT 'eth0',
    vrrp_router_id INTEGER DEFAULT 51,
    vrrp_auth_pass_encrypted TEXT,
    enabled BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE caddy_instances (
    id TEXT PRIMARY KEY,
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    ha_config_id TEXT REFERENCES caddy_ha_config (id) ON DELETE SET NULL,
    vrrp_priority INTEGER DEFAULT 100,
    is_primary BOOLEAN DEFAULT FALSE,
    admin_api_url TEXT,
    last_config_sync TIMESTAMP,
    last_cert_sync TIMESTAMP,
    status TEXT DEFAULT 'pending',
    status_message TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO mounts (id, name, mount_type, source, created_at, updated_at)
SELECT printf('mount-%02d', i), 'share ' || i, CASE i % 2 WHEN 0 THEN 'nfs' ELSE 'cifs' END,
    '10.1.0.' || i || ':/data', '2026-01-01 00:00:00', '2026-01-01 00:00:00'
FROM n WHERE i <= 4;

INSERT INTO server_mounts
    (id, server_id, mount_id, mount_point, usage_bytes, total_bytes, created_at, updated_at)
SELECT printf('server-mount-%02d', i),
    CASE WHEN i % 7 = 0 THEN 'core' ELSE printf('server-%02d', 1 + i % 8) END,
    printf('mount-%02d', 1 + i % 4), '/mnt/' || i, i * 1099511627776, i * 2199023255552,
    '2026-01-01 00:00:00', '2026-01-01 00:00:00'
FROM n WHERE i <= 8;

INSERT INTO mount_credentials (id, mount_id, data, created_at, updated_at)
SELECT printf('credentials-%02d', i), printf('mount-%02d', i), hex('credentials ' || i),
    '2026-01-01 00:00:00', '2026-01-01 00:00:00'
FROM n WHERE i <= 4;

INSERT INTO certificates (id, ca_deployment_id, name, type, subject_cn, cert_pem, key_encrypted,
    serial_number, not_before, not_after, issued_to_server_id, created_at)
SELECT printf('certificate-%02d', i), CASE WHEN i > 1 THEN 'deployment-01' END, 'certificate ' || i,
    CASE i WHEN 1 THEN 'ca' ELSE 'server' END, 'host-' || i, 'PEM ' || i, hex('key ' || i),
    printf('%08x', i), datetime('2026-01-01', '+' || i || ' hours'),
    datetime('2026-01-01', '+' || (9000 + i) || ' hours'),
    CASE WHEN i % 7 = 0 THEN 'core' ELSE printf('server-%02d', 1 + i % 8) END, '2026-01-01 00:00:00'
FROM n WHERE i <= 8;

INSERT INTO caddy_ha_config (id, vip_address, created_at, updated_at)
SELECT printf('ha-%02d', i), '10.0.1.' || i, '2026-01-01 00:00:00', '2026-01-01 00:00:00'
FROM n WHERE i <= 2;

INSERT INTO caddy_instances (id, deployment_id, ha_config_id, is_primary, created_at, updated_at)
SELECT printf('caddy-%02d', i), printf('deployment-%02d', i), CASE WHEN i < 4 THEN 'ha-01' END, i = 1,
    '2026-01-01 00:00:00', '2026-01-01 00:00:00'
FROM n WHERE i <= 4;

-- The tables of each app store, from before they were made one.

CREATE TABLE app_cache (
    id TEXT PRIMARY KEY, registry TEXT NOT NULL, data JSON NOT NULL, updated_at TIMESTAMP
);
CREATE INDEX idx_app_cache_registry ON app_cache (registry);
INSERT INTO app_cache SELECT 'app-' || i, 'registry-1', json_object('n', i), NULL FROM n WHERE i <= 20;

CREATE TABLE start9_app_cache (
    id TEXT PRIMARY KEY, registry TEXT NOT NULL, data JSON NOT NULL, updated_at TIMESTAMP
);
CREATE INDEX idx_start9_app_cache_registry ON start9_app_cache (registry);
INSERT INTO start9_app_cache SELECT 'app-' || i, 'registry-1', json_object('n', i), NULL FROM n WHERE i <= 20;

CREATE TABLE casaos_app_cache (
    id TEXT PRIMARY KEY, registry TEXT NOT NULL, data JSON NOT NULL, updated_at TIMESTAMP
);
CREATE INDEX idx_casaos_app_cache_registry ON casaos_app_cache (registry);
INSERT INTO casaos_app_cache SELECT 'app-' || i, 'registry-1', json_object('n', i), NULL FROM n WHERE i <= 20;

CREATE TABLE runtipi_app_cache (
    id TEXT PRIMARY KEY, registry TEXT NOT NULL, data JSON NOT NULL, updated_at TIMESTAMP
);
CREATE INDEX idx_runtipi_app_cache_registry ON runtipi_app_cache (registry);
INSERT INTO runtipi_app_cache
SELECT 'app-' || i, 'registry-1', json_object('n', i), NULL FROM n WHERE i <= 20;

CREATE TABLE umbrel_registries (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL UNIQUE, enabled BOOLEAN DEFAULT TRUE
);
INSERT INTO umbrel_registries (id, name, url)
SELECT 'registry-' || i, 'Registry ' || i, 'https://store.example/' || i FROM n WHERE i <= 3;

CREATE TABLE app_sources (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL UNIQUE, enabled BOOLEAN DEFAULT TRUE
);
INSERT INTO app_sources (id, name, url)
SELECT 'registry-' || i, 'Registry ' || i, 'https://store.example/' || i FROM n WHERE i <= 3;

CREATE TABLE start9_registries (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL UNIQUE, enabled BOOLEAN DEFAULT TRUE
);
INSERT INTO start9_registries (id, name, url)
SELECT 'registry-' || i, 'Registry ' || i, 'https://store.example/' || i FROM n WHERE i <= 3;

CREATE TABLE casaos_registries (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL UNIQUE, enabled BOOLEAN DEFAULT TRUE
);
INSERT INTO casaos_registries (id, name, url)
SELECT 'registry-' || i, 'Registry ' || i, 'https://store.example/' || i FROM n WHERE i <= 3;

CREATE TABLE runtipi_registries (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL UNIQUE, enabled BOOLEAN DEFAULT TRUE
);
INSERT INTO runtipi_registries (id, name, url)
SELECT 'registry-' || i, 'Registry ' || i, 'https://store.example/' || i FROM n WHERE i <= 3;

-- Made by the application when its store was first opened.
CREATE TABLE store_registries (
    id TEXT PRIMARY KEY, store TEXT NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL, enabled BOOLEAN DEFAULT TRUE
);
CREATE TABLE store_app_cache (
    store TEXT NOT NULL, id TEXT NOT NULL, data JSON NOT NULL, PRIMARY KEY (store, id)
);
INSERT INTO store_registries (id, store, name, url)
SELECT 'registry-' || i, 'umbrel', 'Registry ' || i, 'https://store.example/' || i FROM n WHERE i <= 3;
INSERT INTO store_app_cache SELECT 'umbrel', 'app-' || i, json_object('n', i) FROM n WHERE i <= 20;

CREATE INDEX idx_services_name ON services (service_name);
CREATE INDEX idx_audit_log_timestamp ON audit_log (timestamp);
CREATE INDEX idx_audit_log_user ON audit_log (user_id);
CREATE INDEX idx_deployments_group ON deployments (group_id);
CREATE INDEX idx_service_routes_service ON service_routes (service_id);
CREATE INDEX idx_deployments_status ON deployments (status);
CREATE INDEX idx_command_log_status ON command_log (status);
CREATE INDEX idx_audit_log_action ON audit_log (action);
CREATE INDEX idx_caddy_instances_deployment ON caddy_instances (deployment_id);
CREATE INDEX idx_caddy_instances_ha ON caddy_instances (ha_config_id);
CREATE INDEX idx_certificates_ca ON certificates (ca_deployment_id);
CREATE INDEX idx_certificates_server ON certificates (issued_to_server_id);
CREATE INDEX idx_certificates_expiry ON certificates (not_after);
CREATE INDEX idx_certificates_serial ON certificates (serial_number);
CREATE INDEX idx_server_mounts_server ON server_mounts (server_id);
CREATE INDEX idx_server_mounts_mount ON server_mounts (mount_id);
CREATE INDEX idx_deployments_server ON deployments (server_id);
CREATE INDEX idx_services_deployment ON services (deployment_id);
CREATE INDEX idx_command_log_server ON command_log (server_id);
CREATE INDEX idx_command_log_deployment ON command_log (deployment_id);
CREATE INDEX idx_deployments_app ON deployments (app_name);
CREATE INDEX idx_audit_log_resource ON audit_log (resource_type, resource_id);
CREATE INDEX idx_proxy_routes_deployment ON proxy_routes (deployment_id);

CREATE TABLE schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO schema_migrations (version, name, applied_at) VALUES
    (1, 'add_rotated_at_to_secrets', '2026-02-01 00:00:01'),
    (2, 'add_name_expires_to_agent_tokens', '2026-02-01 00:00:02'),
    (3, 'add_network_info_to_servers', '2026-02-01 00:00:03'),
    (4, 'add_flags_to_app_registry', '2026-02-01 00:00:04'),
    (5, 'add_used_backup_codes_table', '2026-02-01 00:00:05'),
    (6, 'add_family_id_to_refresh_tokens', '2026-02-01 00:00:06'),
    (7, 'add_fk_to_command_log', '2026-02-01 00:00:07'),
    (8, 'add_cascade_to_services_server_id', '2026-02-01 00:00:08');

DROP TABLE temp.n;
COMMIT;
