-- Give every refresh token a family and a date of issue, so that a stolen one can be traced.
--
-- The application's own way stops half-way on a table that has rows: family_id is there and empty, issued_at and the
-- index are missing. Each step looks for itself, so such an installation is completed too.

-- The table is younger than the oldest installations.
-- @unless table refresh_tokens
CREATE TABLE refresh_tokens (
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

-- @unless column refresh_tokens.family_id
ALTER TABLE refresh_tokens ADD COLUMN family_id TEXT;

-- A column whose default is CURRENT_TIMESTAMP can't be added to a table that has rows, so the table is rebuilt.
-- @unless column refresh_tokens.issued_at
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
SELECT id, user_id, token_hash, expires_at, created_at, ip_address, user_agent, last_used_at, family_id,
    COALESCE(created_at, CURRENT_TIMESTAMP)
FROM refresh_tokens
ORDER BY rowid;
DROP TABLE refresh_tokens;
ALTER TABLE new_refresh_tokens RENAME TO refresh_tokens;

-- A token that has no family becomes its own.
-- @always
UPDATE refresh_tokens SET family_id = id WHERE family_id IS NULL;
CREATE INDEX IF NOT EXISTS idx_refresh_tokens_user ON refresh_tokens (user_id);
CREATE INDEX IF NOT EXISTS idx_refresh_tokens_family ON refresh_tokens (family_id);

-- @expect column refresh_tokens.family_id
-- @expect column refresh_tokens.issued_at
-- @expect foreign key refresh_tokens.user_id on delete cascade
-- @expect index idx_refresh_tokens_user
-- @expect index idx_refresh_tokens_family
-- @expect query SELECT count(*) = 0 FROM refresh_tokens WHERE family_id IS NULL AND id IS NOT NULL
