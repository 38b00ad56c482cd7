-- The schema of a fresh Ownprem installation: what baseline.sql and all migrations lead to.
--
-- It may be run on a database that already has all of this: nothing is created twice and no row is replaced.
-- The tables store_registries and store_app_cache are not here; the application creates them when it first needs them.

-- Machines and the applications on them

CREATE TABLE IF NOT EXISTS servers (
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

CREATE TABLE IF NOT EXISTS app_registry (
    name TEXT PRIMARY KEY,
    manifest JSON NOT NULL,
    system BOOLEAN DEFAULT FALSE,
    mandatory BOOLEAN DEFAULT FALSE,
    singleton BOOLEAN DEFAULT FALSE,
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
CREATE INDEX IF NOT EXISTS idx_deployments_server ON deployments (server_id);
CREATE INDEX IF NOT EXISTS idx_deployments_app ON deployments (app_name);
CREATE INDEX IF NOT EXISTS idx_deployments_group ON deployments (group_id);
CREATE INDEX IF NOT EXISTS idx_deployments_status ON deployments (status);

CREATE TABLE IF NOT EXISTS secrets (
    deployment_id TEXT PRIMARY KEY REFERENCES deployments (id) ON DELETE CASCADE,
    data TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    rotated_at TIMESTAMP
);

CREATE TABLE IF NOT EXISTS command_log (
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
CREATE INDEX IF NOT EXISTS idx_command_log_server ON command_log (server_id);
CREATE INDEX IF NOT EXISTS idx_command_log_deployment ON command_log (deployment_id);
CREATE INDEX IF NOT EXISTS idx_command_log_status ON command_log (status);

-- How a deployment is reached

CREATE TABLE IF NOT EXISTS services (
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
CREATE INDEX IF NOT EXISTS idx_services_name ON services (service_name);
CREATE INDEX IF NOT EXISTS idx_services_deployment ON services (deployment_id);

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
CREATE INDEX IF NOT EXISTS idx_service_routes_service ON service_routes (service_id);

CREATE TABLE IF NOT EXISTS proxy_routes (
    id TEXT PRIMARY KEY,
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    path TEXT NOT NULL UNIQUE,
    upstream TEXT NOT NULL,
    active BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX IF NOT EXISTS idx_proxy_routes_deployment ON proxy_routes (deployment_id);

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
CREATE INDEX IF NOT EXISTS idx_caddy_instances_deployment ON caddy_instances (deployment_id);
CREATE INDEX IF NOT EXISTS idx_caddy_instances_ha ON caddy_instances (ha_config_id);

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
CREATE INDEX IF NOT EXISTS idx_certificates_ca ON certificates (ca_deployment_id);
CREATE INDEX IF NOT EXISTS idx_certificates_server ON certificates (issued_to_server_id);
CREATE INDEX IF NOT EXISTS idx_certificates_expiry ON certificates (not_after);
CREATE INDEX IF NOT EXISTS idx_certificates_serial ON certificates (serial_number);

-- Network storage

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
CREATE INDEX IF NOT EXISTS idx_server_mounts_server ON server_mounts (server_id);
CREATE INDEX IF NOT EXISTS idx_server_mounts_mount ON server_mounts (mount_id);

CREATE TABLE IF NOT EXISTS mount_credentials (
    id TEXT PRIMARY KEY,
    mount_id TEXT NOT NULL REFERENCES mounts (id) ON DELETE CASCADE,
    data TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- People, and what lets them and the agents in

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
CREATE INDEX IF NOT EXISTS idx_user_groups_user ON user_groups (user_id);
CREATE INDEX IF NOT EXISTS idx_user_groups_group ON user_groups (group_id);

CREATE TABLE IF NOT EXISTS refresh_tokens (
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
CREATE INDEX IF NOT EXISTS idx_refresh_tokens_user ON refresh_tokens (user_id);
CREATE INDEX IF NOT EXISTS idx_refresh_tokens_family ON refresh_tokens (family_id);

CREATE TABLE IF NOT EXISTS used_backup_codes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    used_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (user_id, code_hash)
);
CREATE INDEX IF NOT EXISTS idx_used_backup_codes_user ON used_backup_codes (user_id);

CREATE TABLE IF NOT EXISTS agent_tokens (
    id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    name TEXT,
    expires_at TIMESTAMP,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    last_used_at TIMESTAMP
);
CREATE INDEX IF NOT EXISTS idx_agent_tokens_server ON agent_tokens (server_id);
CREATE INDEX IF NOT EXISTS idx_agent_tokens_hash ON agent_tokens (token_hash);
CREATE INDEX IF NOT EXISTS idx_agent_tokens_expires ON agent_tokens (expires_at);

-- Bookkeeping

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
CREATE INDEX IF NOT EXISTS idx_audit_log_timestamp ON audit_log (timestamp);
CREATE INDEX IF NOT EXISTS idx_audit_log_user ON audit_log (user_id);
CREATE INDEX IF NOT EXISTS idx_audit_log_action ON audit_log (action);
CREATE INDEX IF NOT EXISTS idx_audit_log_resource ON audit_log (resource_type, resource_id);

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

-- Every installation has the machine that it runs on, and a group for whoever has no other.
INSERT OR IGNORE INTO servers (id, name, is_core) VALUES ('core', 'core', TRUE);
INSERT OR IGNORE INTO groups (id, name, description)
VALUES ('default', 'Default', 'Default group for all users and apps');
