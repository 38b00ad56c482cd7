-- Let the services of a server go when the server goes.
--
-- Foreign keys must be off: with them on, DROP TABLE deletes the rows of services first, and every row of
-- service_routes goes with them.
-- @deletes services, service_routes

-- A service whose server is gone is not copied, and its routes go first. A route that had no service before is kept:
-- it is not this migration's to judge.
-- @unless foreign key services.server_id on delete cascade
DELETE FROM service_routes
WHERE EXISTS (
    SELECT 1 FROM services
    WHERE services.id = service_routes.service_id
        AND NOT EXISTS (SELECT 1 FROM servers WHERE servers.id = services.server_id)
);
CREATE TABLE new_services (
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
INSERT INTO new_services (id, deployment_id, service_name, server_id, host, port, tor_address, status)
SELECT id, deployment_id, service_name, server_id, host, port, tor_address, status
FROM services
WHERE EXISTS (SELECT 1 FROM servers WHERE servers.id = services.server_id)
ORDER BY rowid;
DROP TABLE services;
ALTER TABLE new_services RENAME TO services;

-- @always
CREATE INDEX IF NOT EXISTS idx_services_name ON services (service_name);
CREATE INDEX IF NOT EXISTS idx_services_deployment ON services (deployment_id);

-- @expect foreign key services.server_id on delete cascade
-- @expect foreign key services.deployment_id on delete cascade
-- @expect index idx_services_name
-- @expect index idx_services_deployment
