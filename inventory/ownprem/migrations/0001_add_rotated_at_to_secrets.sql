-- Remember when the secrets of a deployment were last rotated.

-- @unless column secrets.rotated_at
ALTER TABLE secrets ADD COLUMN rotated_at TIMESTAMP;

-- @expect column secrets.rotated_at
