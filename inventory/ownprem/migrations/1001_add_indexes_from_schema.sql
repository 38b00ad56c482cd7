-- Add the indexes that only schema.sql brought, to installations that were migrated without them.
--
-- The number is 1001 and not 10 on purpose. The application looks up its migrations by number, so if a 10 were
-- recorded here, it would take its own future migration 10 for done and skip it in silence. Ours start at 1001.
--
-- baseline.sql gives these indexes to installations that have no migrations recorded; one that the application began
-- to migrate by itself never sees it. On a fresh installation nothing changes.

-- @always
CREATE INDEX IF NOT EXISTS idx_deployments_server ON deployments (server_id);
CREATE INDEX IF NOT EXISTS idx_deployments_app ON deployments (app_name);
CREATE INDEX IF NOT EXISTS idx_deployments_group ON deployments (group_id);
CREATE INDEX IF NOT EXISTS idx_deployments_status ON deployments (status);
CREATE INDEX IF NOT EXISTS idx_command_log_server ON command_log (server_id);
CREATE INDEX IF NOT EXISTS idx_command_log_deployment ON command_log (deployment_id);
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
CREATE INDEX IF NOT EXISTS idx_used_backup_codes_user ON used_backup_codes (user_id);
CREATE INDEX IF NOT EXISTS idx_agent_tokens_server ON agent_tokens (server_id);
CREATE INDEX IF NOT EXISTS idx_agent_tokens_hash ON agent_tokens (token_hash);
CREATE INDEX IF NOT EXISTS idx_audit_log_timestamp ON audit_log (timestamp);
CREATE INDEX IF NOT EXISTS idx_audit_log_user ON audit_log (user_id);
CREATE INDEX IF NOT EXISTS idx_audit_log_action ON audit_log (action);
CREATE INDEX IF NOT EXISTS idx_audit_log_resource ON audit_log (resource_type, resource_id);

-- Two indexes are on columns that migrations add. Where the application recorded such a migration without its
-- column, that is drift, to be reported and not to fail here.
-- @when column agent_tokens.expires_at
CREATE INDEX IF NOT EXISTS idx_agent_tokens_expires ON agent_tokens (expires_at);

-- @when column refresh_tokens.family_id
CREATE INDEX IF NOT EXISTS idx_refresh_tokens_family ON refresh_tokens (family_id);

-- @expect index idx_deployments_server
-- @expect index idx_deployments_app
-- @expect index idx_deployments_group
-- @expect index idx_deployments_status
-- @expect index idx_command_log_server
-- @expect index idx_command_log_deployment
-- @expect index idx_command_log_status
-- @expect index idx_services_name
-- @expect index idx_services_deployment
-- @expect index idx_service_routes_service
-- @expect index idx_proxy_routes_deployment
-- @expect index idx_caddy_instances_deployment
-- @expect index idx_caddy_instances_ha
-- @expect index idx_certificates_ca
-- @expect index idx_certificates_server
-- @expect index idx_certificates_expiry
-- @expect index idx_certificates_serial
-- @expect index idx_server_mounts_server
-- @expect index idx_server_mounts_mount
-- @expect index idx_user_groups_user
-- @expect index idx_user_groups_group
-- @expect index idx_refresh_tokens_user
-- @expect index idx_used_backup_codes_user
-- @expect index idx_agent_tokens_server
-- @expect index idx_agent_tokens_hash
-- @expect index idx_audit_log_timestamp
-- @expect index idx_audit_log_user
-- @expect index idx_audit_log_action
-- @expect index idx_audit_log_resource
