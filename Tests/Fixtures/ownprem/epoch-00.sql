-- The first schema: no users, no tokens; the machine itself is called foundry.
-- Made for tests: every row follows from its number, and some are orphans on purpose.

PRAGMA page_size = 8192;
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
    is_foundry BOOLEAN DEFAULT FALSE,
    agent_status TEXT DEFAULT 'offline',
    auth_token TEXT,
    metrics JSON,
    last_seen TIMESTAMP,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO servers (id, name, is_foundry, created_at, updated_at)
VALUES ('foundry', 'foundry', TRUE, '2026-01-01 00:00:00', '2026-01-01 00:00:00');

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
    version TEXT NOT NULL,
    config JSON NOT NULL,
    status TEXT DEFAULT 'pending',
    status_message TEXT,
    tor_addresses JSON,
    installed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (server_id, app_name)
);

INSERT INTO deployments (id, server_id, app_name, version, config, status, status_message, installed_at,
    updated_at)
SELECT printf('deployment-%02d', i),
    CASE WHEN i % 9 = 0 THEN 'foundry' ELSE printf('server-%02d', i % 9) END,
    printf('app-%02d', 1 + (i / 9) % 12), '1.' || i || '.0', json_object('port', 8000 + i, 'note', ''),
    CASE i % 3 WHEN 0 THEN 'running' WHEN 1 THEN 'stopped' ELSE 'error' END,
    CASE WHEN i % 3 = 2 THEN 'exit ' || i END, datetime('2026-01-01', '+' || (i * 3) || ' hours'),
    datetime('2026-01-01', '+' || (i * 5) || ' hours')
FROM n WHERE i <= 36;

CREATE TABLE secrets (
    deployment_id TEXT PRIMARY KEY REFERENCES deployments (id) ON DELETE CASCADE,
    data TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO secrets (deployment_id, data, created_at, updated_at)
SELECT printf('deployment-%02d', i * 2), hex('secret ' || i),
    CASE WHEN i % 6 THEN datetime('2026-01-01', '+' || i || ' hours') END, '2026-01-01 00:00:00'
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
    CASE WHEN i % 10 = 5 THEN 'server-gone' WHEN i % 7 = 0 THEN 'foundry'
        ELSE printf('server-%02d', 1 + i % 8) END,
    '10.0.0.' || i, 9000 + i, CASE WHEN i % 4 = 0 THEN 'v3-' || i || '.onion' END,
    CASE WHEN i % 11 THEN 'available' END
FROM n WHERE i <= 40;

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
    CASE WHEN i % 23 = 0 THEN 'server-gone' WHEN i % 7 = 0 THEN 'foundry'
        ELSE printf('server-%02d', 1 + i % 8) END,
    CASE WHEN i % 19 = 0 THEN 'deployment-gone' WHEN i % 6 THEN printf('deployment-%02d',
    1 + (i * 7) % 36) END,
    CASE i % 3 WHEN 0 THEN 'install' WHEN 1 THEN 'restart' ELSE 'backup' END, json_object('n', i),
    CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN 'error' ELSE 'success' END,
    CASE i % 4 WHEN 1 THEN 'échec ' || i WHEN 2 THEN '' END,
    datetime('2026-01-01', '+' || i || ' hours'),
    CASE WHEN i % 4 THEN datetime('2026-01-01', '+' || (i + 1) || ' hours') END
FROM n WHERE i <= 300;

CREATE INDEX idx_services_name ON services (service_name);

DROP TABLE temp.n;
COMMIT;
