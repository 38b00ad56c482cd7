-- Makes a fixture of about 280 kB a template: no foreign key is violated but by rows that the migrations remove, and
-- most rows of the logs, which are what grows, are random. Each run gives other rows.
BEGIN;
UPDATE deployments SET group_id = NULL WHERE group_id NOT IN (SELECT id FROM groups);
DELETE FROM services WHERE deployment_id NOT IN (SELECT id FROM deployments);
DELETE FROM service_routes WHERE service_id NOT IN (SELECT id FROM services);
DELETE FROM refresh_tokens WHERE user_id NOT IN (SELECT id FROM users);

DELETE FROM command_log WHERE rowid > 100;
DELETE FROM audit_log WHERE id > 100;
CREATE TEMP TABLE n AS
WITH RECURSIVE counter (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counter WHERE i < 300) SELECT i FROM counter;

INSERT INTO command_log (id, server_id, deployment_id, action, payload, status, result_message, created_at)
SELECT lower(hex(randomblob(16))), printf('server-%02d', 1 + abs(random() % 8)),
    printf('deployment-%02d', 1 + abs(random() % 36)), 'restart', json_object('nonce', hex(randomblob(24))), 'success',
    'done in ' || abs(random() % 90000) || ' ms', datetime('2026-01-01', '+' || i || ' hours')
FROM n WHERE i <= 100;

INSERT INTO audit_log (user_id, action, resource_type, resource_id, ip_address, details)
SELECT printf('user-%02d', 1 + abs(random() % 8)), 'deploy', 'server', printf('server-%02d', 1 + abs(random() % 8)),
    '192.168.1.' || abs(random() % 254), json_object('nonce', hex(randomblob(16)))
FROM n WHERE i <= 100;
DROP TABLE temp.n;
COMMIT;
