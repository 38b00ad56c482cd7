-- Bring an installation that has no migrations recorded to the state that migration 1 starts from.
--
-- Until migration 1 the application changed its schema by editing schema.sql, which leaves a table that is already
-- there as it was. So each early change may be done or not done, in any mixture, and each step here looks for itself.
-- Run on an empty database, this file and the migrations up to v give the schema that version v should have.
--
-- The two seed rows are left to the application, which adds them at every start.
-- @require query SELECT count(*) = 4 FROM sqlite_schema WHERE type = 'table' AND name IN ('app_registry', 'deployments', 'servers', 'services') : this is not a database of Ownprem: tables that it had from its first day are missing
-- @changes servers.id

-- Every table that came by schema.sql alone, as it was before migration 1: a column, a foreign key or an index that
-- a migration brings is not here.

CREATE TABLE IF NOT EXISTS servers (
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

CREATE TABLE IF NOT EXISTS app_registry (
    name TEXT PRIMARY KEY,
    manifest JSON NOT NULL,
    loaded_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS deployments (
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

CREATE TABLE IF NOT EXISTS secrets (
    deployment_id TEXT PRIMARY KEY REFERENCES deployments (id) ON DELETE CASCADE,
    data TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS command_log (
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

CREATE TABLE IF NOT EXISTS services (
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

CREATE TABLE IF NOT EXISTS service_routes (
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

CREATE TABLE IF NOT EXISTS proxy_routes (
    id TEXT PRIMARY KEY,
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    path TEXT NOT NULL UNIQUE,
    upstream TEXT NOT NULL,
    active BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS caddy_ha_config (
    id TEXT PRIMARY KEY,
    vip_address TEXT NOT NULL,
    vip_interface TEXT DEFAULT 'eth0',
    vrrp_router_id INTEGER DEFAULT 51,
    vrrp_auth_pass_encrypted TEXT,
    enabled BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS caddy_instances (
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

CREATE TABLE IF NOT EXISTS certificates (
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

CREATE TABLE IF NOT EXISTS mounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    mount_type TEXT NOT NULL,
    source TEXT NOT NULL,
    default_options TEXT,
    description TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS server_mounts (
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

CREATE TABLE IF NOT EXISTS mount_credentials (
    id TEXT PRIMARY KEY,
    mount_id TEXT NOT NULL REFERENCES mounts (id) ON DELETE CASCADE,
    data TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS users (
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

CREATE TABLE IF NOT EXISTS groups (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT,
    totp_required BOOLEAN DEFAULT FALSE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS user_groups (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    role TEXT NOT NULL DEFAULT 'viewer',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (user_id, group_id)
);

CREATE TABLE IF NOT EXISTS refresh_tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    expires_at TIMESTAMP NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    ip_address TEXT,
    user_agent TEXT,
    last_used_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS agent_tokens (
    id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    last_used_at TIMESTAMP
);

-- No foreign keys on purpose: the log outlives what it tells of.
CREATE TABLE IF NOT EXISTS audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    user_id TEXT,
    action TEXT NOT NULL,
    resource_type TEXT,
    resource_id TEXT,
    ip_address TEXT,
    details JSON
);

CREATE TABLE IF NOT EXISTS system_settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- servers.is_foundry became is_core.

-- @when column servers.is_foundry
-- @unless column servers.is_core
ALTER TABLE servers RENAME COLUMN is_foundry TO is_core;

-- @unless column servers.is_core
ALTER TABLE servers ADD COLUMN is_core BOOLEAN DEFAULT FALSE;

-- Both are there: the new column counts as soon as it marks any server.
-- @when column servers.is_foundry
UPDATE servers SET is_core = is_foundry WHERE NOT EXISTS (SELECT 1 FROM servers WHERE is_core);
ALTER TABLE servers DROP COLUMN is_foundry;

-- Server foundry became core. Nothing cascades while foreign keys are off, so every reference is updated by hand.
-- The audit log keeps the name that was written then.

-- @when query SELECT EXISTS (SELECT 1 FROM servers WHERE id = 'foundry')
-- @unless query SELECT EXISTS (SELECT 1 FROM servers WHERE id = 'core')
UPDATE deployments SET server_id = 'core' WHERE server_id = 'foundry';
UPDATE services SET server_id = 'core' WHERE server_id = 'foundry';
UPDATE command_log SET server_id = 'core' WHERE server_id = 'foundry';
UPDATE agent_tokens SET server_id = 'core' WHERE server_id = 'foundry';
UPDATE server_mounts SET server_id = 'core' WHERE server_id = 'foundry';
UPDATE certificates SET issued_to_server_id = 'core' WHERE issued_to_server_id = 'foundry';
UPDATE servers SET id = 'core' WHERE id = 'foundry';
-- A name is unique, and one that somebody chose stays.
UPDATE servers SET name = 'core'
WHERE id = 'core' AND name = 'foundry' AND NOT EXISTS (SELECT 1 FROM servers WHERE name = 'core');

-- users.role became is_system_admin.

-- @unless column users.is_system_admin
ALTER TABLE users ADD COLUMN is_system_admin BOOLEAN DEFAULT FALSE;

-- Where the new column already names an administrator, the old one gives nobody the right back.
-- @when column users.role
UPDATE users SET is_system_admin = TRUE
WHERE role = 'admin' AND NOT EXISTS (SELECT 1 FROM users WHERE is_system_admin);
ALTER TABLE users DROP COLUMN role;

-- The second factor.

-- @unless column users.totp_secret
ALTER TABLE users ADD COLUMN totp_secret TEXT;

-- @unless column users.totp_enabled
ALTER TABLE users ADD COLUMN totp_enabled BOOLEAN DEFAULT FALSE;

-- @unless column users.backup_codes
ALTER TABLE users ADD COLUMN backup_codes TEXT;

-- Where a session comes from, and when it was last seen.

-- @unless column refresh_tokens.ip_address
ALTER TABLE refresh_tokens ADD COLUMN ip_address TEXT;

-- @unless column refresh_tokens.user_agent
ALTER TABLE refresh_tokens ADD COLUMN user_agent TEXT;

-- A column whose default is CURRENT_TIMESTAMP can't be added to a table that has rows, so the table is rebuilt.
-- A token was last seen, as far as anybody knows, when it was created.
-- @unless column refresh_tokens.last_used_at
-- @unless column refresh_tokens.family_id
-- @unless column refresh_tokens.issued_at
CREATE TABLE new_refresh_tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    expires_at TIMESTAMP NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    ip_address TEXT,
    user_agent TEXT,
    last_used_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO new_refresh_tokens
    (id, user_id, token_hash, expires_at, created_at, ip_address, user_agent, last_used_at)
SELECT id, user_id, token_hash, expires_at, created_at, ip_address, user_agent,
    COALESCE(created_at, CURRENT_TIMESTAMP)
FROM refresh_tokens
ORDER BY rowid;
DROP TABLE refresh_tokens;
ALTER TABLE new_refresh_tokens RENAME TO refresh_tokens;

-- The same where a column of migration 6 is already there: what it holds must come along.

-- @unless column refresh_tokens.last_used_at
-- @unless column refresh_tokens.family_id
ALTER TABLE refresh_tokens ADD COLUMN family_id TEXT;

-- @unless column refresh_tokens.last_used_at
-- @unless column refresh_tokens.issued_at
ALTER TABLE refresh_tokens ADD COLUMN issued_at TIMESTAMP;
UPDATE refresh_tokens SET issued_at = COALESCE(created_at, CURRENT_TIMESTAMP);

-- @unless column refresh_tokens.last_used_at
CREATE TABLE new_refresh_tokens (
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
INSERT INTO new_refresh_tokens
    (id, user_id, token_hash, expires_at, created_at, ip_address, user_agent, last_used_at, family_id, issued_at)
SELECT id, user_id, token_hash, expires_at, created_at, ip_address, user_agent,
    COALESCE(created_at, CURRENT_TIMESTAMP), family_id, issued_at
FROM refresh_tokens
ORDER BY rowid;
DROP TABLE refresh_tokens;
ALTER TABLE new_refresh_tokens RENAME TO refresh_tokens;

-- Deployments belong to groups.

-- @unless column deployments.group_id
ALTER TABLE deployments ADD COLUMN group_id TEXT REFERENCES groups (id) ON DELETE SET NULL;

-- The indexes that came by schema.sql alone. They stand last because some need a column from above.

-- @always
CREATE INDEX IF NOT EXISTS idx_deployments_server ON deployments (server_id);
CREATE INDEX IF NOT EXISTS idx_deployments_app ON deployments (app_name);
CREATE INDEX IF NOT EXISTS idx_deployments_group ON deployments (group_id);
CREATE INDEX IF NOT EXISTS idx_deployments_status ON deployments (status);
CREATE INDEX IF NOT EXISTS idx_command_log_status ON command_log (status);
CREATE INDEX IF NOT EXISTS idx_services_name ON services (service_name);
CREATE INDEX IF NOT EXISTS idx_services_deployment ON services (deployment_id);
CREATE INDEX IF NOT EXISTS idx_service_routes_service ON service_routes (service_id);
CREATE INDEX IF NOT EXISTS idx_proxy_routes_deployment ON proxy_routes (deployment_id);
CREATE INDEX IF NOT EXISTS idx_caddy_instances_deployment ON caddy_instances (deployment_id);
CREATE INDEX IF NOT EXISTS idx_caddy_instances_ha ON caddy_instances (ha_config_id);
CREATE INDEX IF NOT EXISTS idx_certificates_ca ON certificates (ca_deployment_id);
CREATE INDEX IF NOT EXISTS idx_certificates_server ON certificates (issued_to_server_id);
CREATE INDEX IF NOT EXISTS idx_certificates_expiry ON certificates (not_after);
CREATE INDEX IF NOT EXISTS idx_certificates_serial ON certificates (serial_number);
CREATE INDEX IF NOT EXISTS idx_server_mounts_server ON server_mounts (server_id);
CREATE INDEX IF NOT EXISTS idx_server_mounts_mount ON server_mounts (mount_id);
CREATE INDEX IF NOT EXISTS idx_user_groups_user ON user_groups (user_id);
CREATE INDEX IF NOT EXISTS idx_user_groups_group ON user_groups (group_id);
CREATE INDEX IF NOT EXISTS idx_refresh_tokens_user ON refresh_tokens (user_id);
CREATE INDEX IF NOT EXISTS idx_agent_tokens_server ON agent_tokens (server_id);
CREATE INDEX IF NOT EXISTS idx_agent_tokens_hash ON agent_tokens (token_hash);
CREATE INDEX IF NOT EXISTS idx_audit_log_timestamp ON audit_log (timestamp);
CREATE INDEX IF NOT EXISTS idx_audit_log_user ON audit_log (user_id);
CREATE INDEX IF NOT EXISTS idx_audit_log_action ON audit_log (action);
CREATE INDEX IF NOT EXISTS idx_audit_log_resource ON audit_log (resource_type, resource_id);

-- @expect column servers.is_core
-- @expect query SELECT count(*) = 0 FROM pragma_table_info('servers') WHERE name = 'is_foundry'
-- @expect column users.is_system_admin
-- @expect query SELECT count(*) = 0 FROM pragma_table_info('users') WHERE name = 'role'
-- @expect column users.totp_secret
-- @expect column users.totp_enabled
-- @expect column users.backup_codes
-- @expect column refresh_tokens.ip_address
-- @expect column refresh_tokens.user_agent
-- @expect column refresh_tokens.last_used_at
-- @expect column deployments.group_id
