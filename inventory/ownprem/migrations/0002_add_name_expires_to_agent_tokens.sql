-- Let an agent's token have a name and a last day.

-- The table is younger than the oldest installations.
-- @unless table agent_tokens
CREATE TABLE agent_tokens (
    id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    name TEXT,
    expires_at TIMESTAMP,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    last_used_at TIMESTAMP
);

-- @unless column agent_tokens.name
ALTER TABLE agent_tokens ADD COLUMN name TEXT;

-- @unless column agent_tokens.expires_at
ALTER TABLE agent_tokens ADD COLUMN expires_at TIMESTAMP;

-- @always
CREATE INDEX IF NOT EXISTS idx_agent_tokens_expires ON agent_tokens (expires_at);

-- @expect column agent_tokens.name
-- @expect column agent_tokens.expires_at
-- @expect index idx_agent_tokens_expires
