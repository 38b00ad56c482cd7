-- Tie each logged command to its server and its deployment, and let it go when either of them goes.
-- @deletes command_log

-- SQLite can't add a foreign key to a table, so the table is rebuilt unless it has both. A command whose server or
-- deployment is gone is not copied.
-- @unless query SELECT count(*) = 2 FROM pragma_foreign_key_list('command_log') WHERE on_delete = 'CASCADE'
CREATE TABLE new_command_log (
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
INSERT INTO new_command_log
    (id, server_id, deployment_id, action, payload, status, result_message, created_at, completed_at)
SELECT id, server_id, deployment_id, action, payload, status, result_message, created_at, completed_at
FROM command_log
WHERE EXISTS (SELECT 1 FROM servers WHERE servers.id = command_log.server_id)
    AND (deployment_id IS NULL
        OR EXISTS (SELECT 1 FROM deployments WHERE deployments.id = command_log.deployment_id))
ORDER BY rowid;
DROP TABLE command_log;
ALTER TABLE new_command_log RENAME TO command_log;

-- @always
CREATE INDEX IF NOT EXISTS idx_command_log_server ON command_log (server_id);
CREATE INDEX IF NOT EXISTS idx_command_log_deployment ON command_log (deployment_id);
CREATE INDEX IF NOT EXISTS idx_command_log_status ON command_log (status);

-- @expect foreign key command_log.server_id on delete cascade
-- @expect foreign key command_log.deployment_id on delete cascade
-- @expect index idx_command_log_server
-- @expect index idx_command_log_deployment
-- @expect index idx_command_log_status
