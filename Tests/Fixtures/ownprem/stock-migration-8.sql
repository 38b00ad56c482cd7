-- Migration 8 the stock way, for the test that shows what it costs: every route of every service.
--
-- DROP TABLE with foreign keys on deletes the rows of services first, and ON DELETE CASCADE takes their routes along.
-- Only routes that had no service to begin with are left.
-- The pragma is the application's own setting; foreign keys can't be turned off once a transaction has begun.

PRAGMA foreign_keys = ON;

CREATE TABLE services_new (
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

INSERT INTO services_new (id, deployment_id, service_name, server_id, host, port, tor_address, status)
SELECT id, deployment_id, service_name, server_id, host, port, tor_address, status
FROM services
WHERE server_id IN (SELECT id FROM servers)
    AND deployment_id IN (SELECT id FROM deployments);

DROP TABLE services;
ALTER TABLE services_new RENAME TO services;

CREATE INDEX IF NOT EXISTS idx_services_name ON services (service_name);
CREATE INDEX IF NOT EXISTS idx_services_deployment ON services (deployment_id);
